/** Groups and arrays as the file has them, as h5py reads them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const SAMPLE = join(ROOT, "www/sample/sample.h5ad");
/** What h5py reads: every group's members, every array's shape, type and values. */
const READ = `
import json, sys, h5py, numpy
seen = {}
def value(array):
    read = array[()]
    if h5py.check_string_dtype(array.dtype): return numpy.atleast_1d(array.asstr()[()]).ravel().tolist()
    return numpy.atleast_1d(read).ravel().tolist()
def see(name, item):
    if isinstance(item, h5py.Group): seen[name] = sorted(item)
    elif item.size < 20000 or name == "obsm/X_umap": seen[name] = [list(item.shape), value(item)]
    else: seen[name] = [list(item.shape), None]
with h5py.File(sys.argv[1]) as file:
    see("", file)
    file.visititems(see)
print(json.dumps(seen))
`;

/** @type {any} */
let Dataset;
before(async () => {
  const module = await import(join(ROOT, "pkg/cellucid.js"));
  await module.default({ module_or_path: readFileSync(join(ROOT, "pkg/cellucid_bg.wasm")) });
  Dataset = module.Dataset;
});

/** @param {string} path */
const python = (path) => {
  const [venv, argument] = [join(ROOT, "build/venv/bin/python"), ["-c", READ, path]];
  assert.ok(existsSync(venv), "build/venv: ./check makes it");
  return JSON.parse(execFileSync(venv, argument, { encoding: "utf8", maxBuffer: 1 << 28 }));
};

/** Whatever type of number it is, as JSON has it. @param {any} values */
const plain = (values) => Array.from(values, (item) => (typeof item === "string" ? item : Number(item)));

test("every group and array of a file, as h5py reads it", async () => {
  const dataset = await Dataset.open(new Uint8Array(readFileSync(SAMPLE)));
  const found = python(SAMPLE);
  let arrays = 0;
  for (const [path, wanted] of Object.entries(found)) {
    const seen = await dataset.look(path);
    assert.equal(seen.path, path);
    if (typeof wanted[0] === "string" || wanted.length === 0) {
      assert.equal(seen.kind, "group", path);
      assert.deepEqual(seen.children.toSorted(), wanted, path);
      continue;
    }
    const [shape, values] = wanted;
    assert.deepEqual([seen.kind, seen.shape], ["array", shape], path);
    if (values === null) continue;
    arrays++;
    const read = await dataset.array(path);
    assert.deepEqual([read.path, read.shape], [path, shape]);
    assert.deepEqual(
      plain(read.values),
      values.map((/** @type {any} */ item) => (typeof item === "string" ? item : Number(item))),
      path,
    );
  }
  assert.ok(arrays > 10, `${arrays} arrays`);
  dataset.close();
});

test("a part is read by its bytes only", async () => {
  const bytes = readFileSync(SAMPLE);
  const source = {
    name: "mine.h5ad",
    size: bytes.length,
    read: (/** @type {number} */ start, /** @type {number} */ end) => bytes.slice(start, end),
  };
  const dataset = await Dataset.open(source, { prefetch: false });
  const [whole, part] = [
    await dataset.array("obsm/X_umap"),
    await dataset.array("obsm/X_umap", {
      select: [
        [100, 110],
        [1, 2],
      ],
    }),
  ];
  assert.deepEqual(part.shape, [10, 1]);
  assert.ok(part.values instanceof Float32Array);
  for (let row = 0; row < 10; row++) assert.equal(part.values[row], whole.values[2 * (100 + row) + 1]);
  const rows = await dataset.array("obsm/X_umap", { select: [[100, 110]] });
  assert.deepEqual([rows.shape, rows.values.length], [[10, 2], 20]);
  const column = await dataset.array("obsm/X_umap", { select: [null, [0, 1]] });
  assert.equal(column.values.length, whole.shape[0]);
  const fresh = await Dataset.open(source, { prefetch: false });
  const before = fresh.stats().bytes_read;
  await fresh.array("X/indices", { select: [[0, 10]] });
  assert.ok(fresh.stats().bytes_read - before < 300_000, `${fresh.stats().bytes_read - before} bytes`);
  dataset.close();
  fresh.close();
});

test("what is asked for wrongly is said", async () => {
  const dataset = await Dataset.open(new Uint8Array(readFileSync(SAMPLE)), { name: "mine.h5ad" });
  for (const [path, options, code, words] of /** @type {Array<[string, any, string, RegExp]>} */ ([
    ["obsm/none", {}, "missing", /is not in the file/],
    ["obs", {}, "request", /is a group; in it: .*cell_type/],
    [
      "obsm/X_umap",
      {
        select: [
          [0, 1],
          [0, 1],
          [0, 1],
        ],
      },
      "request",
      /2 axes, and 3/,
    ],
    ["obsm/X_umap", { select: [[0, 1e9]] }, "request", /outside shape/],
    ["obsm/X_umap", { select: [[5, 1]] }, "request", /outside shape/],
    ["obsm/X_umap", { select: [[-1, 1]] }, "request", /"select".*whole numbers/],
    ["obsm/X_umap", { select: [[0, 0.5]] }, "request", /"select".*whole numbers/],
    ["obsm/X_umap", { select: [0, 1] }, "request", /"select".*whole numbers/],
    ["obsm/X_umap", { select: "all" }, "request", /"select".*whole numbers/],
    ["obsm/X_umap", { slice: [] }, "request", /there is no option "slice"/],
  ])) {
    const error = await dataset.array(path, options).catch((/** @type {any} */ error) => error);
    assert.equal(error.code, code, `${path} ${JSON.stringify(options)}: ${error}`);
    assert.match(error.message, words);
  }
  const missing = await dataset.look("uns/none").catch((/** @type {any} */ error) => error);
  assert.deepEqual([missing.code, missing.file, missing.object], ["missing", "mine.h5ad", "uns/none"]);
  dataset.close();
});
