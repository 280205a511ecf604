/** Session bundles: the golden bytes, what the page writes, and what has to be refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bundle, pack, read, unpack } from "../../www/bridge/bundle.js";
import { initial } from "../../www/store.js";

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/messages/bundle.json"), "utf8"));
/** @param {string} text */
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
const text = new TextDecoder();

test("the golden bundle is taken apart", async () => {
  const { manifest, ids, chunk } = read(bytes(golden.bundle.bytes));
  assert.deepEqual(manifest, golden.bundle.manifest);
  assert.deepEqual(ids, Object.keys(golden.bundle.chunks));
  for (const id of ids) {
    const content = golden.bundle.chunks[id];
    const found = await chunk(id);
    if (content.json) assert.deepEqual(JSON.parse(text.decode(found)), content.json);
    else assert.deepEqual([...unpack(found)], content.rows);
  }
  await assert.rejects(chunk("nowhere"), { code: "missing" });
});

test("lists of rows", () => {
  for (const one of golden.rows) {
    assert.deepEqual([...unpack(bytes(one.bytes))], one.rows);
    assert.deepEqual(pack(Uint32Array.from(one.rows)), bytes(one.bytes));
  }
});

for (const one of golden.broken.filter((/** @type {any} */ { kind }) => kind !== "codes")) {
  test(`broken: ${one.name}`, () => {
    assert.throws(() => (one.kind === "rows" ? unpack : read)(bytes(one.bytes)), { code: one.refused });
  });
}

test("every way to cut it off, and a chunk that unpacks to more than it declares", async () => {
  const whole = bytes(golden.bundle.bytes);
  for (let end = 0; end < whole.length; end++) assert.throws(() => read(whole.slice(0, end)));
  const lying = Buffer.from(whole)
    .toString("latin1")
    .replace(/("codec": "gzip".*?"uncompressedBytes": )\d/, (_, before) => `${before}1`);
  const { chunk } = read(Uint8Array.from(Buffer.from(lying, "latin1")));
  await assert.rejects(chunk("highlights/meta"), { code: "limit" });
});

test("what the page saves can be read again", async () => {
  const description = /** @type {any} */ ({ id: "sample", n_vars: 3 });
  const dataset = /** @type {any} */ ({ name: "Sample", cells: 100, description });
  const state = {
    ...initial(),
    dataset,
    dimension: 2,
    highlights: [
      { id: "highlight_1", label: "One", color: "#ff0000", cells: Uint32Array.of(1, 2, 3) },
      { id: "highlight_2", label: "Two", color: "#0000ff", cells: Uint32Array.of(99) },
      { id: "highlight_3", label: "Three", color: "#ff0000", cells: Uint32Array.of(0, 50) },
    ],
    selection: { cells: Uint32Array.of(7, 8), source: "lasso" },
  };
  const made = await bundle(state, "jupyter");
  const { manifest, ids, chunk } = read(new Uint8Array(await made.arrayBuffer()));
  assert.deepEqual(manifest.datasetFingerprint, { sourceType: "jupyter", datasetId: "sample", cellCount: 100, varCount: 3 });
  assert.ok(!Number.isNaN(Date.parse(String(manifest.createdAt))));
  const meta = JSON.parse(text.decode(await chunk("highlights/meta")));
  assert.deepEqual(
    meta.pages.map((/** @type {any} */ page) => [page.color, page.highlightedGroups.map((/** @type {any} */ { id }) => id)]),
    [
      ["#ff0000", ["highlight_1", "highlight_3"]],
      ["#0000ff", ["highlight_2"]],
      ["#808080", ["highlight_4_selection"]],
    ],
  );
  assert.deepEqual([...unpack(await chunk("highlights/cells/highlight_3"))], [0, 50]);
  assert.deepEqual([...unpack(await chunk("highlights/cells/highlight_4_selection"))], [7, 8]);
  assert.equal(ids.length, 6);
  assert.throws(() => bundle(initial(), "jupyter"), { code: "request" });
});
