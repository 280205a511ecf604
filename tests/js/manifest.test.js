import assert from "node:assert/strict";
import { test } from "node:test";
import { Columns, unpack } from "../../www/columns.js";
import { Fault } from "../../www/engine/fault.js";
import { columns, described, embeddings, genes, parse, safe } from "../../www/engine/manifest.js";
import { preferred } from "../../www/preference.js";

test("names become paths as the exporter makes them", () => {
  const names = {
    "CD4+": "CD4",
    _scvi: "scvi",
    "pct mito": "pct_mito",
    β: "field",
    "α-actin": "-actin",
    "a/b": "a_b",
    "../up": "up",
  };
  for (const [name, path] of Object.entries(names)) assert.equal(safe(name), path);
  assert.equal(safe("🧬x🧬🧬y"), "x_y");
});

const schemas = {
  continuous: { pathPattern: "obs/{key}.values.f32", ext: "f32", dtype: "float32", quantized: false },
  categorical: { codesPathPattern: "obs/{key}.codes.{ext}", outlierPathPattern: "obs/{key}.outliers.f32" },
};

test("columns come in the order of obs, in both profiles' rows", () => {
  const strict = {
    _obsSchemas: schemas,
    _continuousFields: [["n counts"], ["age"]],
    _categoricalFields: [["leiden", ["0", "1"], "uint8", 255, {}]],
  };
  const reference = {
    _obsSchemas: schemas,
    _continuousFields: [
      ["n counts", 0, 9],
      ["age", 1, 2],
    ],
    _categoricalFields: [["leiden", ["0", "1"], "uint8", 255, {}, 0, 1]],
  };
  for (const manifest of [strict, reference]) {
    assert.deepEqual(columns(manifest, ["n counts", "leiden", "age"]), {
      fields: [
        { axis: "obs", key: "n counts", kind: "continuous", path: "obs/n_counts.values.f32" },
        {
          axis: "obs",
          key: "leiden",
          kind: "category",
          path: "obs/leiden.codes.u8",
          labels: ["0", "1"],
          count: 2,
          outliers: "obs/leiden.outliers.f32",
        },
        { axis: "obs", key: "age", kind: "continuous", path: "obs/age.values.f32" },
      ],
      hidden: [],
    });
  }
});

test("wide codes have their own path", () => {
  const rows = [["clone", [...Array(300).keys()].map(String), "uint16", 65535, {}]];
  const { fields } = columns({ _obsSchemas: schemas, _categoricalFields: rows }, ["clone"]);
  assert.equal(fields[0]?.path, "obs/clone.codes.u16");
});

test("columns as the description tells them: labels are asked for later", () => {
  const obs = [
    { key: "n counts", kind: "continuous" },
    { key: "leiden", kind: "category", n_categories: 254 },
    { key: "clone", kind: "category", n_categories: 255 },
    { key: "cell label", kind: "category", n_categories: null },
  ];
  const fields = described({ obs });
  assert.deepEqual(
    fields.map(({ path }) => path),
    ["obs/n_counts.values.f32", "obs/leiden.codes.u8", "obs/clone.codes.u16", "obs/cell_label.codes.u8"],
  );
  assert.deepEqual(fields[1], {
    axis: "obs",
    key: "leiden",
    kind: "category",
    path: "obs/leiden.codes.u8",
    labels: [],
    count: 254,
    outliers: "obs/leiden.outliers.f32",
    palette: "obs/leiden.colors.json",
    names: "obs/leiden.labels.json",
  });
  // Of columns whose labels nobody has counted, only the name speaks.
  assert.equal(preferred(fields)?.key, "cell label");
  const [counts, , clone] = fields;
  const [unnamed] = described({ obs: [{ key: "text", kind: "category" }] });
  assert.equal(preferred([counts, clone, unnamed].flatMap((field) => field ?? []))?.key, "n counts");
});

test("labels come with the codes: one read of each, however often the column is shown", async () => {
  const [field] = described({ obs: [{ key: "kind", kind: "category", n_categories: null }] });
  /** @type {string[]} */
  const asked = [];
  const files = /** @type {Record<string, BlobPart>} */ ({
    "obs/kind.labels.json": '["B","T","NK"]',
    "obs/kind.codes.u8": new Uint8Array([2, 0, 0, 255]),
  });
  const read = (/** @type {string} */ path) => {
    asked.push(path);
    const found = files[path];
    return found === undefined ? Promise.reject(new Error("missing")) : new Blob([found]).arrayBuffer();
  };
  const held = new Columns();
  assert.ok(field);
  const colour = await held.colour(field, 4, read);
  assert.ok(colour.kind === "category");
  assert.deepEqual([...colour.codes], [2, 0, 0, 255]);
  assert.deepEqual([[...colour.counts], colour.missing, field.kind === "category" && field.count], [[2, 0, 1], 1, 3]);
  await held.colour(field, 4, read);
  assert.deepEqual(asked, ["obs/kind.colors.json", "obs/kind.labels.json", "obs/kind.codes.u8"]);
});

test("a name with a dollar sign is taken as it is", () => {
  assert.equal(genes({ fields: [["$&"]] }).fields[0]?.path, "var/field.values.f32");
});

test("what shares a file name is not shown under the wrong name", () => {
  const { fields, hidden } = genes({ fields: [["a b"], ["a_b"], ["c"], ["c"], ["a/b"]] });
  assert.deepEqual(
    fields.map(({ key }) => key),
    ["a b", "c"],
  );
  assert.deepEqual(hidden, ["a_b", "a/b"]);
});

test("embeddings are listed from one to three dimensions", () => {
  const shown = [
    { dim: 3, file: "points_3d.bin.gz" },
    { dim: 2, file: "points_2d.bin" },
    { dim: 4, file: "points_4d.bin" },
  ];
  assert.deepEqual(embeddings({ embeddings: shown }), [
    { dimension: 2, path: "points_2d.bin" },
    { dimension: 3, path: "points_3d.bin.gz" },
  ]);
  assert.deepEqual(embeddings({ embeddings: [] }), []);
});

test("quantised columns and genes say what their numbers stand for", () => {
  const packed = { pathPattern: "var/{key}.values.u8.gz", quantized: true, quantizationBits: 8 };
  const [gene] = genes({ _varSchema: packed, fields: [["IL2", -1, 3]] }).fields;
  assert.deepEqual(gene?.steps, { low: -1, high: 3, bits: 8 });
  const values = unpack(new Uint8Array([0, 127, 254, 255]).buffer, { low: -1, high: 3, bits: 8 });
  assert.deepEqual([...values], [-1, 1, 3, NaN]);
});

test("broken JSON is a fault that names its file", () => {
  const bytes = new TextEncoder().encode('{"a": [1,').buffer;
  assert.throws(
    () => parse(bytes, "obs_manifest.json"),
    (error) => error instanceof Fault && error.code === "malformed" && error.file === "obs_manifest.json",
  );
});

test("the first colour is the one that says what a cell is", () => {
  /** @param {string} key @param {number} labels @returns {import("../../www/engine/manifest.js").CategoryField} */
  const field = (key, labels) => {
    const names = [...Array(labels).keys()].map(String);
    return { axis: "obs", key, kind: "category", path: key, labels: names, count: labels };
  };
  const [donor, louvain, type, barcode, one] = [
    field("donor", 4),
    field("louvain", 9),
    field("Cell Type", 12),
    field("celltype_id", 5000),
    field("x", 1),
  ];
  assert.equal(preferred([one, barcode, donor, louvain, type]), type);
  assert.equal(preferred([one, donor, louvain]), louvain);
  assert.equal(preferred([one, donor]), donor);
  assert.equal(preferred([one]), one);
  assert.equal(preferred([]), null);
});
