/** marimo: the same front end, another notebook around it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { drawn, launch, ROOT, select, state, until } from "./notebook.js";

const SAMPLE = `${ROOT}/www/sample/sample.h5ad`;
const home = mkdtempSync(join(tmpdir(), "cellucid-marimo-"));
const told = join(home, "told.json");
const NOTEBOOK = `import marimo

app = marimo.App()


@app.cell
def _():
    import json
    from pathlib import Path
    from cellucid_relay import show_anndata

    viewer = show_anndata(${JSON.stringify(SAMPLE)})
    heard = []

    def write(event):
        heard.append(event)
        Path(${JSON.stringify(told)}).write_text(json.dumps(heard))

    viewer.register_hook("ready", write)
    viewer.register_hook("selection", write)
    return json, viewer


@app.cell
def _(viewer):
    viewer.set_color_by("leiden")
    try:
        viewer.wait_for_event("selection", 1)
    except RuntimeError as error:
        print(error)
    return


if __name__ == "__main__":
    app.run()
`;

/** @type {import("node:child_process").ChildProcess} */
let server;
/** @type {import("playwright-core").Browser} */
let browser;
let url = "";
let said = "";

before(async () => {
  writeFileSync(join(home, "notebook.py"), NOTEBOOK);
  const flags = ["run", "--headless", "--no-token", "--host", "127.0.0.1", "--port", "0", join(home, "notebook.py")];
  server = spawn(resolve(ROOT, "build/jupyter/bin/marimo"), flags, {
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, MARIMO_SKIP_UPDATE_CHECK: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text) => (said += text));
  browser = await launch();
  url = await until(() => said.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0], 60_000);
});
after(async () => {
  await browser?.close();
  server?.kill();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

test("marimo: drawn, told, heard; a call that would wait in vain says so", { timeout: 180_000 }, async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error.stack)));
  await page.goto(url);
  const element = await page.waitForSelector('iframe[title="Cellucid"]', { state: "attached", timeout: 90_000 });
  const frame = await element.contentFrame();
  assert.ok(frame);
  await frame.waitForFunction(() => /** @type {any} */ (window).cellucid?.store.state.colour?.field.key === "leiden", null, {
    timeout: 60_000,
  });
  assert.equal(await state(frame, ({ dataset }) => dataset.cells), 5000);
  assert.ok((await drawn(frame)) > 2000);
  await select(frame, [3, 1], "lasso");
  const heard = await until(() => {
    const found = existsSync(told) ? JSON.parse(readFileSync(told, "utf8")) : [];
    return found.length > 1 && found;
  }, 30_000);
  assert.deepEqual(heard, [
    { n_cells: 5000, dimensions: 2 },
    { cells: [3, 1], source: "lasso" },
  ]);
  await page.getByText("cannot be waited for here").first().waitFor({ timeout: 20_000 });
  assert.equal(await page.locator('iframe[title="Cellucid"]').count(), 1);
  assert.deepEqual(errors, []);
});
