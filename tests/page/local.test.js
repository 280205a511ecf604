/** Files and folders of this machine: folders around stores, several things at once, the private file system, what was opened before, what changes meanwhile. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { before, test } from "node:test";
import { chooseFolder, coloured, drop, FIREFOX, python, ROOT, shoot, text, until, values, visit } from "./browser.js";
import { stage } from "./shown.js";

const SAMPLE = resolve(ROOT, "www/sample/sample");
const PBMC = resolve(ROOT, "build/real/10x_pbmc68k_reduced.h5ad");
const PLACE = resolve(ROOT, `build/page-local${FIREFOX ? "-firefox" : ""}`);

before(() => {
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(PLACE, { recursive: true });
});
const here = stage(PLACE);
/** @typedef {import("playwright-core").Page} Page */

/** A folder of that name, filled. @param {string} name @param {Record<string, string>} content names with what is copied there */
function folder(name, content) {
  const path = resolve(PLACE, name);
  mkdirSync(path, { recursive: true });
  for (const [inside, from] of Object.entries(content)) cpSync(from, resolve(path, inside), { recursive: true });
  return path;
}

/** @param {Page} page @param {string} key */
async function agree(page, key) {
  assert.deepEqual(await values(page), python(`${SAMPLE}.h5ad`, "obs", key).cells);
}

/** @param {Page} page @param {string} name */
async function choose(page, name) {
  await page.getByRole("searchbox", { name: "Find a field or gene" }).fill(name);
  await page.keyboard.press("Enter");
}

/** @param {Page} page @param {RegExp} message @param {RegExp} advice */
async function told(page, message, advice) {
  const card = page.locator('#trouble article[data-code="source"]');
  await card.waitFor({ timeout: 30_000 });
  assert.match(await text(card.locator(".message")), message);
  assert.match(await text(card.locator(".advice")), advice);
}

test("a folder around one store, dropped", { timeout: 180_000 }, async () => {
  const parent = folder("around", { "data/cells.zarr": `${SAMPLE}.zarr` });
  writeFileSync(resolve(parent, "notes.txt"), "nothing to open");
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, parent);
  await coloured(page, "cell_type");
  await agree(page, "cell_type");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a folder with several datasets, dropped: a choice", { timeout: 180_000 }, async () => {
  const parent = folder("several", { "b.zarr": `${SAMPLE}.zarr`, "deep/a.h5ad": PBMC, "c.h5ad": `${SAMPLE}.h5ad` });
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, parent);
  await page.getByText("3 datasets were found. Which one?").waitFor();
  assert.deepEqual(await page.locator("#open .which li").allTextContents(), [
    "several/b.zarr",
    "several/c.h5ad",
    "several/deep/a.h5ad",
  ]);
  await shoot(page, "local-which");
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByRole("button", { name: "Choose a file" }).waitFor();
  await drop(page, parent);
  await page.getByRole("button", { name: "several/deep/a.h5ad" }).click();
  await coloured(page, "bulk_labels");
  // The dialogue is as it was, for the next one.
  await page.getByRole("button", { name: "Open…" }).click();
  await page.getByRole("button", { name: "Choose a file" }).waitFor();
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("several things at once, dropped and chosen", { timeout: 180_000 }, async () => {
  const other = resolve(PLACE, "table.csv");
  writeFileSync(other, "a,b\n");
  const { page, errors } = await visit(here.browser, here.server.url);
  if (!FIREFOX) {
    await drop(page, `${SAMPLE}.h5ad`, PBMC);
    await page.getByText("2 datasets were found. Which one?").waitFor();
    await page.getByRole("button", { name: "sample.h5ad" }).click();
    await coloured(page, "cell_type");
  }
  await page.locator("#file").setInputFiles([`${SAMPLE}.h5ad`, PBMC]);
  await page.getByRole("button", { name: "10x_pbmc68k_reduced.h5ad" }).click();
  await coloured(page, "bulk_labels");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a folder around a store, by input", { timeout: 180_000 }, async () => {
  const parent = folder("chosen", { "cells.zarr": `${SAMPLE}.zarr`, "notes/readme.md": resolve(ROOT, "README.md") });
  const { page, errors } = await visit(here.browser, here.server.url);
  await chooseFolder(page, parent);
  await coloured(page, "cell_type");
  await agree(page, "cell_type");
  assert.deepEqual(errors, []);
  await page.context().close();
});

/** Copies the sample into the page's private file system. @param {Page} page */
const keep = (page) =>
  page.evaluate(async (address) => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("mine.h5ad", { create: true });
    const writer = await handle.createWritable();
    await writer.write(await (await fetch(address)).blob());
    await writer.close();
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ source: { from: handle, label: handle.name } });
  }, "sample/sample.h5ad");

test("the private file system; what was opened before is offered again, and forgotten", { timeout: 120_000 }, async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await keep(page);
  await coloured(page, "cell_type");
  await agree(page, "cell_type");
  await page.goto(`${here.server.url}?url=${encodeURIComponent("sample/sample.zarr")}`);
  await coloured(page, "cell_type");
  await page.goto(here.server.url);
  const rows = page.locator(".recent li");
  await rows.first().waitFor();
  assert.deepEqual(
    (await rows.allTextContents()).map((row) => row.replace("×", "")),
    ["sample.zarr", "mine.h5ad"],
  );
  await shoot(page, "local-recent");
  await rows.nth(1).getByRole("button").first().click();
  await coloured(page, "cell_type");
  await agree(page, "cell_type");
  // Opened again, it is there once, and first.
  await page.getByRole("button", { name: "Open…" }).click();
  assert.deepEqual(
    (await rows.allTextContents()).map((row) => row.replace("×", "")),
    ["mine.h5ad", "sample.zarr"],
  );
  await page.getByRole("button", { name: "Forget sample.zarr" }).click();
  await until(page, async (count) => document.querySelectorAll(".recent li").length === count, 1, "one is forgotten");
  await page.getByRole("button", { name: "Forget mine.h5ad" }).click();
  await page.locator(".recent").waitFor({ state: "hidden" });
  await page.goto(here.server.url);
  await page.getByRole("button", { name: "Choose a file" }).waitFor();
  assert.ok(!(await page.locator(".recent").isVisible()));
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("what was opened before and is gone, or may not be read any more", { timeout: 120_000 }, async () => {
  const { page } = await visit(here.browser, here.server.url);
  await keep(page);
  await coloured(page, "cell_type");
  await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("mine.h5ad"));
  await page.goto(here.server.url);
  await page.locator(".recent li button").first().click();
  const card = page.locator("#trouble article");
  await card.waitFor();
  assert.match(await text(card.locator(".message")), /no longer there/);
  assert.match(await text(card.locator(".advice")), /choose it again/i);
  // Permissions are asked for by the browser's own window: here the answer is given for it.
  await page.goto(here.server.url);
  await page.evaluate(() => {
    /** @type {any} */ (FileSystemHandle.prototype).queryPermission = async () => "prompt";
    /** @type {any} */ (FileSystemHandle.prototype).requestPermission = async () => "denied";
  });
  await page.locator(".recent li button").first().click();
  await told(page, /was not allowed to read "mine\.h5ad" again/, /allow reading/);
  await page.context().close();
});

test("a file that changes while it is open", { timeout: 120_000 }, async () => {
  const file = resolve(PLACE, "changing.h5ad");
  cpSync(`${SAMPLE}.h5ad`, file);
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, file);
  await coloured(page, "cell_type");
  await page.waitForTimeout(600);
  // Written over, as h5py and anndata do.
  writeFileSync(file, readFileSync(PBMC));
  utimesSync(file, new Date(), new Date(Date.now() + 10_000));
  await choose(page, "CD3E");
  await told(page, /changed/, /again/);
  await shoot(page, "local-changed");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  // Chosen again, it is read again.
  cpSync(`${SAMPLE}.h5ad`, file);
  await drop(page, file);
  await coloured(page, "cell_type");
  await choose(page, "CD3E");
  await coloured(page, "CD3E");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a file that is moved away while it is open", { timeout: 120_000 }, async () => {
  const file = resolve(PLACE, "moving.h5ad");
  cpSync(`${SAMPLE}.h5ad`, file);
  const { page } = await visit(here.browser, here.server.url);
  await drop(page, file);
  await coloured(page, "cell_type");
  rmSync(file);
  await choose(page, "CD3E");
  const card = page.locator("#trouble article");
  await card.waitFor({ timeout: 30_000 });
  assert.match(await text(card.locator(".message")), /no longer there|can no longer be read/i);
  assert.match(await text(card.locator(".advice")), /choose it again/i);
  await page.context().close();
});

test("a store that is written anew while it is open", { timeout: 120_000 }, async () => {
  const store = folder("rewritten", { "cells.zarr": `${SAMPLE}.zarr` });
  const { page } = await visit(here.browser, here.server.url);
  await drop(page, resolve(store, "cells.zarr"));
  await coloured(page, "cell_type");
  await page.waitForTimeout(600);
  const document = resolve(store, "cells.zarr/zarr.json");
  writeFileSync(document, readFileSync(document, "utf8").replace("0.1.0", "0.1.9"));
  utimesSync(document, new Date(), new Date(Date.now() + 10_000));
  await choose(page, "CD3E");
  await told(page, /changed/, /again/);
  await page.context().close();
});
