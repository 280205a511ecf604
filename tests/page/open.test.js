/** Every way into the page, on real files; every value drawn is compared with what Python reads. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { before, test } from "node:test";
import {
  chooseFolder,
  coloured,
  drop,
  onlyChromium,
  pixels,
  python,
  ROOT,
  rested,
  shoot,
  text,
  values,
  visit,
} from "./browser.js";
import { choose, stage } from "./shown.js";

const SAMPLE = resolve(ROOT, "www/sample/sample");
const PBMC = resolve(ROOT, "build/real/10x_pbmc68k_reduced.h5ad");
const ARCHIVE = resolve(ROOT, "build/real/archives/v0.11.4/adata.zarr.zip");

before(() => {
  assert.ok(existsSync(PBMC), "build/real is not there: ./check makes it");
});
const here = stage(resolve(ROOT, "build/real"));
/** @typedef {import("playwright-core").Page} Page */

/** Compares each cell. @param {Page} page @param {string} store @param {"obs" | "var"} axis @param {string} key */
async function agree(page, store, axis, key) {
  const truth = python(store, axis, key);
  const drawn = await values(page);
  assert.deepEqual(drawn, Array.isArray(truth) ? truth : truth.cells);
  assert.ok(new Set(drawn).size > 1, `${key} has more than one value`);
}

/** @param {Page} page @param {number} colours */
async function seen(page, colours) {
  const found = await pixels(page);
  assert.ok(found.drawn > 3000, `${found.drawn} pixels drawn`);
  assert.ok(found.colours >= colours, `${found.colours} colours where at least ${colours} should be`);
}

for (const kind of ["h5ad", "zarr"]) {
  test(`try the sample as .${kind}: a category, numbers, a gene, in two and three dimensions`, async () => {
    const { page, errors, strangers } = await visit(here.browser, here.server.url, {
      colorScheme: kind === "zarr" ? "dark" : "light",
    });
    const store = `${SAMPLE}.${kind}`;
    await page.getByRole("button", { name: `Try the sample as .${kind}` }).click();
    await coloured(page, "cell_type");
    await agree(page, store, "obs", "cell_type");
    await seen(page, 8);
    await shoot(page, `sample-${kind}-category`);
    await page.getByRole("button", { name: "3D", exact: true }).click();
    await page.locator('#plot[aria-label*="in 3D"]').waitFor();
    await rested(page);
    await seen(page, 8);
    await shoot(page, `sample-${kind}-3d`);
    const { genes, columns } = python(store, "shape");
    for (const gene of [genes[0], genes[genes.length >> 1], genes.at(-1)]) {
      await choose(page, gene);
      await agree(page, store, "var", gene);
    }
    await page.getByRole("button", { name: "2D", exact: true }).click();
    await rested(page);
    await seen(page, 3);
    await shoot(page, `sample-${kind}-gene`);
    for (const column of columns) {
      await choose(page, column);
      await agree(page, store, "obs", column);
    }
    assert.deepEqual(errors, []);
    assert.deepEqual(strangers, []);
    await page.context().close();
  });
}

test("the first plot waits for points and one column; other columns come when they are shown", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  /** @type {string[]} */
  const requests = [];
  page.on("request", (request) => request.url().endsWith("sample.h5ad") && requests.push(request.headers().range ?? ""));
  await page.evaluate(async () => {
    const { Engine } = await import(new URL("engine/client.js", document.baseURI).href);
    const { read } = Engine.prototype;
    /** @type {string[]} */
    const asked = [];
    Object.assign(globalThis, { asked });
    Engine.prototype.read = function (/** @type {string} */ path, /** @type {any} */ hooks) {
      asked.push(path);
      return read.call(this, path, hooks);
    };
  });
  const asked = () => page.evaluate(() => Reflect.get(globalThis, "asked").splice(0));
  await page.getByRole("button", { name: "Try the sample as .h5ad" }).click();
  await coloured(page, "cell_type");
  assert.deepEqual((await asked()).sort(), [
    "obs/cell_type.codes.u8",
    "obs/cell_type.colors.json",
    "obs/cell_type.labels.json",
    "points_2d.bin",
    "var_manifest.json",
  ]);
  // All columns, and both embeddings for the centroids, took 44 requests and 730 kB. What is read ahead comes to what is shown.
  assert.ok(requests.length <= 30, `${requests.length} requests`);
  const bytes = await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return Number(store.state.read?.bytes_read);
  });
  assert.ok(bytes > 100_000 && bytes < 600_000, `${bytes} bytes`);
  await choose(page, "leiden");
  assert.deepEqual(await asked(), ["obs/leiden.colors.json", "obs/leiden.labels.json", "obs/leiden.codes.u8"]);
  await agree(page, `${SAMPLE}.h5ad`, "obs", "leiden");
  // Again: nothing is asked for twice.
  await choose(page, "cell_type");
  assert.deepEqual(await asked(), []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("drop a real .h5ad from disk", async () => {
  const { page, errors, strangers } = await visit(here.browser, here.server.url);
  await drop(page, PBMC);
  await coloured(page, "bulk_labels");
  await agree(page, PBMC, "obs", "bulk_labels");
  await seen(page, 6);
  await page.getByLabel("Names on the plot").check();
  await shoot(page, "pbmc-category");
  await choose(page, "percent_mito");
  await agree(page, PBMC, "obs", "percent_mito");
  for (const gene of ["CD3D", "LYZ", "HES4"]) {
    await choose(page, gene);
    await agree(page, PBMC, "var", gene);
  }
  await choose(page, "LYZ");
  await seen(page, 4);
  await shoot(page, "pbmc-gene");
  assert.deepEqual(errors, []);
  assert.deepEqual(strangers, []);
  await page.context().close();
});

test(
  "a drop counts where the page moved under it since the pointer did",
  onlyChromium("its driver drops in one step"),
  async () => {
    const { page, errors } = await visit(here.browser, here.server.url);
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [PBMC], dragOperationsMask: 1 };
    const drag = (/** @type {"dragEnter" | "dragOver" | "drop"} */ type) =>
      session.send("Input.dispatchDragEvent", { type, x: 500, y: 300, data });
    await drag("dragEnter");
    await drag("dragOver");
    await page.evaluate(() => {
      const cover = document.createElement("div");
      Object.assign(cover.style, { position: "fixed", inset: "0", zIndex: "9" });
      document.querySelector("dialog")?.append(cover);
    });
    await drag("drop");
    await coloured(page, "bulk_labels");
    assert.deepEqual(errors, []);
    await page.context().close();
  },
);

test("drop a .zarr folder from disk", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, `${SAMPLE}.zarr`);
  await coloured(page, "cell_type");
  await agree(page, `${SAMPLE}.zarr`, "obs", "cell_type");
  await seen(page, 8);
  const [gene] = python(`${SAMPLE}.zarr`, "shape").genes;
  await choose(page, gene);
  await agree(page, `${SAMPLE}.zarr`, "var", gene);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("choose a file and a folder with the inputs", { timeout: 120_000 }, async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await page.locator("#file").setInputFiles(PBMC);
  await coloured(page, "bulk_labels");
  await page.getByRole("button", { name: "Open…" }).click();
  await chooseFolder(page, `${SAMPLE}.zarr`);
  await coloured(page, "cell_type");
  await choose(page, "leiden");
  await agree(page, `${SAMPLE}.zarr`, "obs", "leiden");
  const gene = python(`${SAMPLE}.zarr`, "shape").genes[11];
  await choose(page, gene);
  await agree(page, `${SAMPLE}.zarr`, "var", gene);
  await seen(page, 3);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("open by address: in the box and in the page's own address", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await page.getByLabel("Address of an .h5ad file or a .zarr store").fill("sample/sample.zarr");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await coloured(page, "cell_type");
  await page.goto(`${here.server.url}?url=${encodeURIComponent("sample/sample.h5ad")}`);
  await coloured(page, "cell_type");
  await agree(page, `${SAMPLE}.h5ad`, "obs", "cell_type");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("drop a .zarr.zip", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  const zip = resolve(ROOT, "build/page-zip/sample.zarr.zip");
  python(`${SAMPLE}.zarr`, "zip", zip);
  await drop(page, zip);
  await coloured(page, "cell_type");
  await agree(page, `${SAMPLE}.zarr`, "obs", "cell_type");
  await choose(page, python(`${SAMPLE}.zarr`, "shape").genes[7]);
  await seen(page, 3);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a store without an embedding says so", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, ARCHIVE);
  await page.locator('#trouble article[data-code="unsupported"]').waitFor();
  assert.match(await text(page.locator("#trouble .message")), /embedding/);
  assert.match(await text(page.locator("#trouble .advice")), /umap/i);
  await shoot(page, "trouble-no-embedding");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("one click on a name colours by it", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, PBMC);
  await coloured(page, "bulk_labels");
  await page.getByRole("searchbox", { name: "Find a field or gene" }).fill("CST3");
  await page.getByRole("option", { name: "CST3" }).click();
  await coloured(page, "CST3");
  await agree(page, PBMC, "var", "CST3");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a second dataset replaces the first", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, PBMC);
  await coloured(page, "bulk_labels");
  await drop(page, `${SAMPLE}.h5ad`);
  await coloured(page, "cell_type");
  await assert.doesNotReject(page.getByText("5,000 cells × 340 genes").waitFor());
  await drop(page, PBMC);
  await coloured(page, "bulk_labels");
  await agree(page, PBMC, "obs", "bulk_labels");
  assert.deepEqual(errors, []);
  await page.context().close();
});
