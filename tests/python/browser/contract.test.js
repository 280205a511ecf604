/** Hosts that cannot be run here: the page under VS Code's policy and under harder ones, and Colab's functions. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { host, Kernel, source, viewer } from "./contract.js";
import { launch, ROOT, select, state, until, wait } from "./notebook.js";

const SAMPLE = `${ROOT}/www/sample/sample.h5ad`;
const CDN = "'self' https://*.vscode-cdn.net";
/** What VS Code's notebooks may be told to keep to (setting notebook.experimental.enableCsp). */
const VSCODE = [
  "default-src 'none'",
  `script-src ${CDN} 'unsafe-inline' 'unsafe-eval'`,
  `style-src ${CDN} 'unsafe-inline'`,
  `img-src ${CDN} https: http: data:`,
  `font-src ${CDN} https:`,
  "connect-src https:",
  "child-src https: data:",
].join("; ");

describe("hosts by their contract", { timeout: 240_000 }, () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Kernel} */
  let kernel;
  before(async () => {
    kernel = new Kernel(SAMPLE);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    kernel?.stop();
  });

  test("VS Code's policy: the worker comes as data, everything works", async () => {
    const context = await browser.newContext();
    const { page, errors } = await host(context, kernel, VSCODE);
    const frame = await viewer(page);
    assert.equal(await state(frame, ({ dataset }) => dataset.cells), 5000);
    assert.equal(await kernel.run("viewer.set_color_by('leiden'); print(viewer.wait_for_ready(5)['n_cells'])"), "5000");
    assert.equal(await state(frame, ({ colour }) => colour.field.key), "leiden");
    await select(frame, [4, 2], "lasso");
    await until(async () => (await kernel.run("print(viewer.state.selection)")) === "{'cells': [4, 2], 'source': 'lasso'}");
    // The first form of a worker is refused, which the browser says; nothing else is.
    assert.ok(
      errors.every((text) => /blob:.*(violates|Refused)|(violates|Refused).*blob:/.test(text)),
      errors.join("\n"),
    );
    await page.evaluate(() => /** @type {any} */ (window).leave());
    await until(async () => (await kernel.run("print(len(viewer._channel.views))")) === "0");
    await context.close();
  });

  test("a policy that forbids workers: the page says which", async () => {
    const context = await browser.newContext();
    const policy = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; worker-src 'none'";
    const { page } = await host(context, kernel, policy);
    const element = await page.waitForSelector('iframe[title="Cellucid"]', { state: "attached" });
    const frame = await element.contentFrame();
    await frame?.getByText("worker-src").first().waitFor({ timeout: 30_000 });
    await page.evaluate(() => /** @type {any} */ (window).leave());
    await until(async () => (await kernel.run("print(len(viewer._channel.views))")) === "0");
    await context.close();
  });

  test("a kernel that is busy finds the newest place of the pointer, not all of them", async () => {
    const context = await browser.newContext();
    const { page } = await host(context, kernel, "default-src * blob: data: 'unsafe-inline' 'unsafe-eval'");
    const frame = await viewer(page);
    await until(async () => (await kernel.run("print(viewer.state.ready is not None)")) === "True");
    /** @type {any[]} */
    const kept = [];
    kernel.hold(kept);
    await frame.evaluate(async () => {
      const { store } = /** @type {any} */ (window).cellucid;
      for (let cell = 0; cell < 60; cell++) {
        store.patch({ hover: { cell, x: 1, y: 1 } });
        await new Promise((done) => setTimeout(done, 60));
      }
    });
    assert.equal(kept.filter(({ content }) => content.message?.type === "hover").length, 1);
    kernel.hold(null);
    await until(async () => (await kernel.run("print((viewer.state.hover or {}).get('cell'))")) === "59");
    await page.evaluate(() => /** @type {any} */ (window).leave());
    await until(async () => (await kernel.run("print(len(viewer._channel.views))")) === "0");
    await context.close();
  });

  test("Colab: an output calls functions of the kernel when no widget appears", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    /** @type {string[]} */
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error.stack)));
    const html = JSON.parse(
      await kernel.run(`
import json, sys, types
calls = {}
output = types.SimpleNamespace(register_callback=calls.__setitem__)
sys.modules["google"] = types.ModuleType("google")
sys.modules["google.colab"] = types.SimpleNamespace(output=output)
from cellucid_relay.colab import Callbacks
callbacks = Callbacks(viewer._channel, {"height": 500, "build": "colab", "viewer": viewer.viewer_id, "page": ""})
callbacks.register()
assert list(calls) == [callbacks.name]
print(json.dumps(callbacks.html()))`),
    );
    // As google.colab.output._js has it: JSON in, the callback's result as the notebook would display it.
    await page.exposeFunction("invoke", async (/** @type {string} */ name, /** @type {unknown[]} */ args) => {
      const given = JSON.stringify(JSON.stringify([name, args]));
      return JSON.parse(await kernel.run(`name, args = json.loads(${given})\nprint(json.dumps(calls[name](*args).data))`));
    });
    await page.route("https://output.test/", (route) =>
      route.fulfill({
        contentType: "text/html; charset=utf-8",
        body: `<!doctype html><body><script>
          let busy = 0;
          globalThis.google = { colab: { kernel: { accessAllowed: true, async invokeFunction(name, args, kwargs) {
            if (busy++) throw new Error("one call at a time");
            try { return { data: { "application/json": await invoke(name, args) } }; } finally { busy--; }
          } } } };
        </script>${html}</body>`,
      }),
    );
    await page.goto("https://output.test/");
    const frame = await viewer(page);
    assert.equal(await state(frame, ({ dataset }) => dataset.cells), 5000);
    // A command comes with the next call.
    await kernel.run("viewer._channel.command({'type': 'setColorBy', 'field': 'phase'})");
    await wait(frame, () => /** @type {any} */ (window).cellucid.store.state.colour?.field.key === "phase", null);
    await select(frame, [1, 3], "lasso");
    await until(async () => (await kernel.run("print(viewer.state.selection['cells'])")) === "[1, 3]");
    assert.deepEqual(errors, []);
    // Another output asks whether it is needed, now that there is a view.
    assert.deepEqual(JSON.parse(await kernel.run("print(json.dumps(callbacks.call(None).data))")), { needed: false });
    await context.close();
  });

  test("the front end keeps to what anywidget allows it", () => {
    const text = source("widget.js");
    // Two seconds from loading to ready: no modules, nothing waited for.
    assert.ok(!/^\s*import\s/m.test(text) && !/\bimport\(/.test(text) && !/^await\s/m.test(text));
    assert.ok(text.length < 24_000, `${text.length} characters`);
    // ipykernel 7.4 keeps a record of every message whose content has an "id".
    assert.ok(!/\bid:/.test(text));
  });
});
