/** Saving as an export folder: into a folder and as an archive; both are what the command line finds to be right. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { coloured, download, ROOT, visit } from "./browser.js";
import { stage } from "./shown.js";

const BINARY = process.env.CELLUCID_BINARY ?? resolve(ROOT, "target/debug/cellucid-wasm");
const SAMPLE = resolve(ROOT, "www/sample/sample.h5ad");

const scratch = mkdtempSync(join(tmpdir(), "cellucid-save-"));
const here = stage(scratch);
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** @typedef {import("playwright-core").Page} Page */

/** The sample, open, and its card with the choices. */
async function ready() {
  const { page, errors, strangers } = await visit(here.browser, here.server.url);
  // The folder that the person would choose: one of the browser's own, which no dialogue has to be asked for.
  await page.evaluate(() => {
    Object.assign(window, { showDirectoryPicker: () => navigator.storage.getDirectory() });
  });
  await page.getByRole("button", { name: "Try the sample as .h5ad" }).click();
  await coloured(page, "cell_type");
  await page.locator("#card-button").click();
  await page.locator("#card").getByText("Save as export folder").click();
  return { page, errors, strangers };
}

/** Waits until the page says so. @param {Page} page @param {RegExp} what */
const told = (page, what) => page.locator("#status", { hasText: what }).waitFor();

/** Every file below the browser's own folder, but for what the reader keeps for later visits. @param {Page} page @returns {Promise<Array<[string, string]>>} */
const kept = (page) =>
  page.evaluate(async () => {
    /** @type {Array<[string, string]>} */
    const found = [];
    /** @param {any} folder @param {string} path */
    const walk = async (folder, path) => {
      for await (const [name, handle] of folder.entries()) {
        if (`${path}${name}` === "cellucid-wasm") continue;
        if (handle.kind === "directory") await walk(handle, `${path}${name}/`);
        else {
          const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
          let text = "";
          for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
          found.push([`${path}${name}`, btoa(text)]);
        }
      }
    };
    await walk(await navigator.storage.getDirectory(), "");
    return found;
  });

/** @param {string} folder */
function verify(folder) {
  const said = execFileSync(BINARY, ["verify", SAMPLE, folder], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  assert.equal(said, "");
}

test("into a folder, quantised and compressed; not into one that is there", async () => {
  const { page, errors, strangers } = await ready();
  await page.locator("#card").getByLabel("Values").selectOption({ label: "in 8 bits" });
  await page.locator("#card").getByLabel("Compressed with gzip").check();
  await page.locator("#card").getByRole("button", { name: "Save into a folder…" }).click();
  await told(page, /saved as an export folder/);
  const files = await kept(page);
  assert.ok(files.length > 360, `${files.length} files`);
  const out = join(scratch, "folder");
  for (const [path, text] of files) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), Buffer.from(text, "base64"));
  }
  assert.deepEqual(readdirSync(out), ["sample"]);
  assert.ok(existsSync(join(out, "sample/var/CD3E.values.u8.gz")));
  verify(join(out, "sample"));
  assert.deepEqual(errors, []);
  assert.deepEqual(strangers, []);
  // Once more: nothing of what is there is touched.
  await page.locator("#card-button").click();
  await page.locator("#card").getByRole("button", { name: "Save into a folder…" }).click();
  await page.getByRole("alert").getByText("is there already and not empty").first().waitFor();
  assert.equal((await kept(page)).length, files.length);
  await page.context().close();
});

test("as an archive among the downloads", async () => {
  const { page, errors, strangers } = await ready();
  const archive = await download(page, scratch, () =>
    page.locator("#card").getByRole("button", { name: "Download as zip" }).click(),
  );
  assert.equal(archive, join(scratch, "sample.zip"));
  assert.equal(readFileSync(archive).subarray(0, 4).toString("latin1"), "PK\x03\x04");
  verify(archive);
  assert.deepEqual(errors, []);
  assert.deepEqual(strangers, []);
  await page.context().close();
});

test("a saving that is cancelled leaves nothing", async () => {
  const { page, errors } = await ready();
  await page.locator("#card").getByLabel("Compressed with gzip").check();
  await page.locator("#card").getByRole("button", { name: "Save into a folder…" }).click();
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const saving = () => store.state.busy.find((/** @type {any} */ { id }) => id === "save");
    // Some files are there, not all.
    while (!/^[1-9]/.test(saving()?.stage ?? "")) await new Promise((done) => setTimeout(done, 5));
    saving().cancel();
  });
  await told(page, /Saving sample: cancelled/);
  const wait = Date.now() + 20_000;
  while ((await kept(page)).length) assert.ok(Date.now() < wait, "what was begun is still there");
  assert.deepEqual(errors, []);
  await page.context().close();
});
