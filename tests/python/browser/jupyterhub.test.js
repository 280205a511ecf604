/** JupyterHub: a person signs in, and their viewer works through the hub's proxy, over HTTPS, below their own path. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jupyterhub } from "./jupyterhub.js";
import { drawn, launch, open, ROOT, select, state, until } from "./notebook.js";

const SAMPLE = `${ROOT}/www/sample/sample.h5ad`;
const SHOW = `from cellucid_relay import show_anndata
viewer = show_anndata(${JSON.stringify(SAMPLE)})`;

describe("JupyterHub", { timeout: 300_000 }, () => {
  /** @type {Awaited<ReturnType<typeof jupyterhub>>} */
  let hub;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [hub, browser] = await Promise.all([jupyterhub("ann"), launch()]);
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ignoreHTTPSErrors: true });
    await hub.enter(context);
  });
  after(async () => {
    await browser?.close();
    await hub?.stop();
  });

  test("drawn, told, heard, saved", async () => {
    const opened = await open(browser, hub, [SHOW], "hub.ipynb");
    assert.match(opened.page.url(), /^https:\/\/127\.0\.0\.1:\d+\/user\/ann\//);
    await opened.runAll();
    const frame = await opened.viewer();
    assert.ok((await drawn(frame)) > 2000);
    await opened.run("viewer.set_color_by('leiden')");
    assert.equal(await state(frame, ({ colour }) => colour.field.key), "leiden");
    await opened.run("heard = []\nviewer.register_hook('selection', heard.append)");
    await select(frame, [5, 9], "lasso");
    await until(async () => (await opened.run("print(heard)")) === "[{'cells': [5, 9], 'source': 'lasso'}]");
    const code = "bundle = viewer.get_session_bundle()\nprint(bundle.dataset_fingerprint['cellCount'])";
    assert.equal(await opened.run(code), "5000");
    await opened.shoot("jupyterhub");
    await opened.close();
    assert.deepEqual(opened.errors, []);
  });

  test("a cell that runs is told of events while it waits", async () => {
    const cell = `${SHOW}\nviewer.wait_for_ready(60)\nprint("waiting", flush=True)\nprint(viewer.wait_for_event("selection", 60)["cells"])`;
    const opened = await open(browser, hub, [cell], "waits.ipynb");
    await opened.runAll();
    const said = opened.page.locator(".jp-OutputArea-output pre");
    await said.getByText("waiting").waitFor({ timeout: 60_000 });
    await select(await opened.viewer(), [7, 8], "knn");
    await said.getByText("[7, 8]").waitFor({ timeout: 20_000 });
    await opened.close();
    assert.deepEqual(opened.errors, []);
  });
});
