/** A gene that goes through a large matrix on a host: the person is asked first, may go on, and may stop. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { before, test } from "node:test";
import { coloured, ROOT, shoot, visit } from "./browser.js";
import { stage, state } from "./shown.js";

const FOLDER = resolve(ROOT, "build/hdf5/far");

const here = stage(FOLDER);
before(() => {
  assert.ok(existsSync(resolve(FOLDER, "rows.h5ad")), "./check hdf5 makes it");
});

test("what a gene costs is said before hundreds of megabytes are read", { timeout: 120_000 }, async () => {
  const { page, errors } = await visit(here.browser, `${here.server.url}?url=${encodeURIComponent("data/rows.h5ad")}`);
  await coloured(page, "cluster");
  const before = (await state(page, "read")).bytes_read;
  await page.getByText("gene 3", { exact: true }).click();
  const box = page.locator("#trouble");
  await box.getByRole("heading", { name: "This takes a while" }).waitFor();
  assert.match(await box.innerText(), /goes through all of the matrix, 480 MB/);
  await shoot(page, "gene-price");
  assert.equal((await state(page, "wanted")).key, "cluster", "the plot stays as it is");
  await box.getByRole("button", { name: "Close" }).click();
  assert.ok((await state(page, "read")).bytes_read - before < 4e6, "next to nothing was read");

  await page.getByText("gene 4", { exact: true }).click();
  await box.getByRole("button", { name: "Read 480 MB" }).click();
  await page.waitForFunction(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.busy.some((/** @type {any} */ { bytes }) => bytes > 20e6);
  });
  await page.getByRole("button", { name: /^Cancel/ }).click();
  await page.waitForFunction(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.busy.length === 0 && /cancelled/.test(store.state.notice);
  });
  assert.equal((await state(page, "colour")).field.key, "cluster");
  assert.equal(await state(page, "trouble"), null);
  assert.deepEqual(errors, []);
});
