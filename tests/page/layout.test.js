/** Cells placed by other entries of obsm than the export's own: their places against Python's, the way back, links, odd numbers. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { coloured, drop, python, ROOT, rested, shoot, until, visit } from "./browser.js";
import { patch, SAMPLE, sample, stage, state } from "./shown.js";

const here = stage();
/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} label of the option */
async function place(page, label) {
  const box = page.getByLabel("Cells are placed by");
  if (!(await box.isVisible())) await page.getByRole("button", { name: "How it is drawn" }).click();
  await box.selectOption({ label });
}

/** @param {Page} page @param {string} key as the points say, empty for their own */
async function placed(page, key) {
  const ask = async (/** @type {string} */ wanted) => {
    const { points, busy, camera } = (await import(new URL("main.js", document.baseURI).href)).store.state;
    return points && (points.key ?? "") === wanted && busy.length === 0 && camera !== null;
  };
  await until(page, ask, key, `cells are placed by ${key || "their own embedding"}`);
  await rested(page);
}

/** Centred and scaled, as an export does it. @param {number[][]} rows @param {number[]} turned */
function fitted(rows, turned) {
  const columns = turned.map((factor, at) => rows.map((row) => factor * Number(row[at])));
  const ends = columns.map((column) => {
    const good = column.filter(Number.isFinite);
    return [Math.min(...good), Math.max(...good)];
  });
  const longest = Math.max(...ends.map(([low = 0, high = 0]) => high - low));
  return rows.flatMap((_, cell) =>
    columns.map((column, at) => {
      const [low = 0, high = 0] = ends[at] ?? [];
      return ((column[cell] ?? 0) - (low + high) / 2) * (2 / longest);
    }),
  );
}

/** @param {number[]} found @param {number[]} wanted */
function same(found, wanted) {
  assert.equal(found.length, wanted.length);
  const worst = Math.max(...found.map((value, at) => Math.abs(value - (wanted[at] ?? Number.NaN))));
  assert.ok(worst < 1e-6, `off by ${worst}`);
}

test("the first components of a PCA: where Python has them; back; kept in a link; the own third dimension", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const own = (await state(page, "points")).coordinates;
  await patch(page, { flow: { field: "velocity_umap", style: "streams" } });
  await place(page, "X_pca, first 2 of 20 columns");
  await placed(page, "X_pca");
  const wanted = fitted(python(SAMPLE, "obsm", JSON.stringify({ key: "X_pca", columns: 2 })), [1, 1]);
  same((await state(page, "points")).coordinates, wanted);
  // Motions belong to the embedding they were made for.
  assert.equal(await state(page, "flow"), null);
  assert.equal(await page.getByLabel("Vector field", { exact: true }).isVisible(), false);
  assert.match(
    (await page.locator("#plot").getAttribute("aria-label")) ?? "",
    /^5,000 cells in 2D by X_pca, coloured by cell_type/,
  );
  await shoot(page, "layout");

  const address = await page.evaluate(async () => {
    const { capture } = await import(new URL("capture.js", document.baseURI).href);
    const { link } = await import(new URL("restore.js", document.baseURI).href);
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return link(capture(store.state), store.state.source.from);
  });
  const other = await visit(here.browser, address);
  await placed(other.page, "X_pca");
  const [there, mine] = [await state(other.page, "camera"), await state(page, "camera")];
  assert.deepEqual([there.mode, there.target, there.reach.toFixed(5)], [mine.mode, mine.target, mine.reach.toFixed(5)]);
  assert.deepEqual(other.errors, []);
  await other.page.context().close();

  await place(page, "X_umap");
  await placed(page, "");
  assert.deepEqual((await state(page, "points")).coordinates, own);
  await place(page, "X_pca, first 2 of 20 columns");
  await placed(page, "X_pca");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "3D" }).click();
  await placed(page, "");
  assert.equal((await state(page, "points")).dimension, 3);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("whole numbers of a tissue, upside down as its picture is; three columns; cells without a place; what holds no numbers", async () => {
  const folder = resolve(ROOT, "build/page-layout");
  mkdirSync(folder, { recursive: true });
  const file = resolve(folder, "places.h5ad");
  const make = `
import sys, anndata, numpy as np, pandas as pd
dice = np.random.default_rng(5)
a = anndata.AnnData(np.ones((40, 3), "float32"), obs=pd.DataFrame({"kind": pd.Categorical(["a", "b"] * 20)}, index=[f"c{i}" for i in range(40)]))
a.obsm["X_umap"] = dice.normal(size=(40, 2)).astype("float32")
a.obsm["spatial"] = dice.integers(0, 5000, size=(40, 2)).astype("int64")
lost = dice.normal(size=(40, 3))
lost[3, 1] = np.nan
a.obsm["X_tsne"] = lost
a.obsm["table"] = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0)}, index=a.obs_names)
a.obsm["one"] = np.ones((40, 1))
a.write_h5ad(sys.argv[1])
`;
  execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-W", "ignore", "-c", make, file]);
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, file);
  await coloured(page, "kind");
  await place(page, "spatial");
  await placed(page, "spatial");
  same(
    (await state(page, "points")).coordinates,
    fitted(python(file, "obsm", JSON.stringify({ key: "spatial", columns: 2 })), [1, -1]),
  );
  await place(page, "X_tsne");
  await placed(page, "X_tsne");
  const { coordinates, dimension, unplaced } = await state(page, "points");
  assert.deepEqual([dimension, unplaced, coordinates.slice(9, 12)], [3, 1, [0, 0, 0]]);
  await page.locator("#count").getByText("1 without coordinates").waitFor();
  const options = await page.getByLabel("Cells are placed by").locator("option").allTextContents();
  assert.ok(!options.includes("one"), options.join());
  await shoot(page, "layout-spatial");
  // A table is no array: it is told, and what was shown stays.
  await place(page, "table");
  await page.locator("#trouble").getByText("obsm/table").first().waitFor();
  await until(
    page,
    async () => /** @type {HTMLSelectElement | null} */ (document.querySelector("#look select"))?.value === "X_tsne",
    null,
    "the choice goes back",
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a file with nothing but a PCA of 50 columns: its first two components, and its first three", async () => {
  const folder = resolve(ROOT, "build/page-layout");
  mkdirSync(folder, { recursive: true });
  const file = resolve(folder, "pca.h5ad");
  const make = `
import sys, anndata, numpy as np, pandas as pd
dice = np.random.default_rng(6)
a = anndata.AnnData(np.ones((300, 3), "float32"), obs=pd.DataFrame({"kind": pd.Categorical(["a", "b"] * 150)}, index=[f"c{i}" for i in range(300)]))
a.obsm["X_scVI"] = dice.normal(size=(300, 10)).astype("float32")
a.obsm["X_pca"] = dice.normal(size=(300, 50)) * np.linspace(9, 1, 50)
a.write_h5ad(sys.argv[1])
`;
  execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-W", "ignore", "-c", make, file]);
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, file);
  await coloured(page, "kind");
  for (const columns of [2, 3]) {
    await page.getByRole("button", { name: `${columns}D` }).click();
    await placed(page, "");
    const { coordinates, dimension } = await state(page, "points");
    assert.equal(dimension, columns);
    const rows = python(file, "obsm", JSON.stringify({ key: "X_pca", columns }));
    same(coordinates, fitted(rows, Array(columns).fill(1)));
    await shoot(page, `pca-${columns}d`);
  }
  assert.deepEqual(errors, []);
  await page.context().close();
});
