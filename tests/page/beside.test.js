/** Files that lead to others beside them: from a folder, from several files given together, from a host; and alone, where they are missed. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { before, test } from "node:test";
import { chooseFolder, coloured, drop, onlyChromium, python, ROOT, text, values, visit } from "./browser.js";
import { choose, stage } from "./shown.js";

const FOLDER = resolve(ROOT, "build/beside");
const FILE = resolve(FOLDER, "linked.h5ad");
const WHOLE = resolve(FOLDER, "whole.h5ad");

before(() => {
  assert.ok(existsSync(FILE), "build/beside is not there: ./check makes it");
});
const here = stage(FOLDER);
/** @typedef {import("playwright-core").Page} Page */

/** Everything that lies elsewhere reads as if it were in the file. @param {Page} page */
async function whole(page) {
  await coloured(page, "kind");
  await choose(page, "gene3");
  const truth = python(WHOLE, "var", "gene3");
  assert.deepEqual(await values(page), Array.isArray(truth) ? truth : truth.cells);
}

/** @param {Page} page */
const which = (page) => page.getByRole("button", { name: /linked\.h5ad$/ }).click();

test("a dropped folder", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, FOLDER);
  await which(page);
  await whole(page);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a folder chosen by the input", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  await chooseFolder(page, FOLDER);
  await which(page);
  await whole(page);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("an address", async () => {
  const { page, errors } = await visit(here.browser, `${here.server.url}?url=${encodeURIComponent("data/linked.h5ad")}`);
  await whole(page);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a file by itself: the one that is missed is named, and what to do", async () => {
  const { page } = await visit(here.browser, here.server.url);
  const trouble = page.locator("#trouble");
  // A page that has only just been loaded may not take what falls on it yet.
  for (let tries = 0; tries < 5 && !(await trouble.isVisible()); tries++) {
    await drop(page, FILE);
    await trouble.waitFor({ timeout: 5000 }).catch(() => {});
  }
  assert.match(await text(trouble), /parts\/points 0\.h5" is wanted.*drop the folder/);
  assert.match(await text(trouble), /dropping the whole folder/);
  await page.context().close();
});

/** @param {Page} page @param {any} given */
const api = (page, given) =>
  page.evaluate(async ({ mine, kind }) => {
    const { default: start, Dataset } = await import(new URL("/pkg/cellucid.js", location.href).href);
    await start();
    const paths = ["linked.h5ad", "matrix.h5", "parts/second.h5", "parts/points 0.h5", "parts/points 1.h5", "parts/counts.raw"];
    const bytes = async (/** @type {string} */ path) => new Uint8Array(await (await fetch(new URL(path, mine))).arrayBuffer());
    const all = await Promise.all(paths.map(bytes));
    const files = paths.map(
      (path, i) => /** @type {[string, File]} */ ([path, new File([all[i] ?? ""], path.split("/").pop() ?? "")]),
    );
    const file = files[0]?.[1];
    const open = {
      list: () => Dataset.open(file, { beside: files, layer: "counts" }),
      handle: async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle("beside", { create: true });
        for (const [path, one] of files) {
          const [name = "", below] = path.split("/").reverse();
          const here = below ? await folder.getDirectoryHandle(below, { create: true }) : folder;
          const written = await (await here.getFileHandle(name, { create: true })).createWritable();
          await written.write(one);
          await written.close();
        }
        return Dataset.open(await folder.getFileHandle("linked.h5ad"), { beside: folder, layer: "counts" });
      },
      caller: () => {
        const source = (/** @type {number} */ at) => ({
          name: paths[at],
          size: all[at]?.length,
          read: (/** @type {number} */ from, /** @type {number} */ to) => all[at]?.slice(from, to),
          sibling: (/** @type {string} */ path) => {
            const found = paths.indexOf(at > 1 ? `parts/${path}` : path);
            return found < 0 ? undefined : source(found);
          },
        });
        return Dataset.open(source(0), { layer: "counts" });
      },
      missed: () => Dataset.open(file, { beside: files.filter(([path]) => path !== "parts/points 1.h5") }),
      wrong: () => Dataset.open(file, { beside: "here" }),
    };
    try {
      const dataset = await open[/** @type {keyof typeof open} */ (kind)]();
      const gene = await dataset.read("var/gene3.values.f32");
      const points = await dataset.read("points_2d.bin");
      return { gene: Array.from(new Float32Array(gene.slice().buffer)), points: points.length };
    } catch (error) {
      return { message: String(error) };
    }
  }, given);

test(
  "the module's own interface: lists, handles, sources of the caller's",
  onlyChromium("handles that can be written"),
  async () => {
    const { page } = await visit(here.browser, here.server.url);
    const mine = new URL("data/", here.server.url).href;
    const truth = python(WHOLE, "layer", JSON.stringify({ layer: "counts", gene: "gene3" }));
    for (const kind of ["list", "handle", "caller"]) {
      assert.deepEqual(await api(page, { mine, kind }), { gene: truth, points: 60 * 2 * 4 }, kind);
    }
    const missed = await api(page, { mine, kind: "missed" });
    assert.match(missed.message ?? "", /parts\/points 1\.h5" is wanted/);
    const wrong = await api(page, { mine, kind: "wrong" });
    assert.match(wrong.message ?? "", /the option "beside" has to be/);
    await page.context().close();
  },
);
