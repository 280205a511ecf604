/** marimo: the same front end, another notebook around it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { drawn, launch, ROOT, select, state, until, wait } from "./notebook.js";

const SAMPLE = `${ROOT}/www/sample/sample.h5ad`;
const home = mkdtempSync(join(tmpdir(), "cellucid-marimo-"));
const told = join(home, "told.json");
const refused = join(home, "refused.txt");
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

    for name in ("ready", "selection"):
        viewer.register_hook(name, write)
    return Path, viewer


@app.cell
def _(Path, viewer):
    viewer.set_color_by("leiden")
    try:
        viewer.wait_for_event("selection", 1)
    except RuntimeError as error:
        Path(${JSON.stringify(refused)}).write_text(str(error))
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
  // It takes no free port by itself, and names another one than it has.
  const port = await free();
  url = `http://127.0.0.1:${port}/`;
  const flags = ["run", "--headless", "--no-token", "--host", "127.0.0.1", "--port", String(port), join(home, "notebook.py")];
  server = spawn(resolve(ROOT, "build/jupyter/bin/marimo"), flags, {
    env: { ...process.env, HOME: home, TMPDIR: home, XDG_CONFIG_HOME: home, MARIMO_SKIP_UPDATE_CHECK: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text) => (said += text));
  browser = await launch();
  await until(
    () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ),
    60_000,
  ).catch((error) => {
    throw new Error(`${error.message}\n${said}`);
  });
});
after(async () => {
  await browser?.close();
  server?.kill();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

/** @returns {Promise<number>} */
function free() {
  return new Promise((done) => {
    const taken = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (taken.address());
      taken.close(() => done(port));
    });
  });
}

test("marimo: drawn, told, heard; a call that would wait in vain says so", { timeout: 180_000 }, async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error.stack)));
  await page.goto(url);
  const element = await page.waitForSelector('iframe[title="Cellucid"]', { state: "attached", timeout: 90_000 });
  const frame = await element.contentFrame();
  assert.ok(frame);
  await wait(frame, () => /** @type {any} */ (window).cellucid?.store.state.colour?.field.key === "leiden", null, 60_000);
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
  assert.match(readFileSync(refused, "utf8"), /event 'selection' cannot be waited for here.*register a hook/);
  assert.equal(await page.locator('iframe[title="Cellucid"]').count(), 1);
  assert.deepEqual(errors, []);
});
