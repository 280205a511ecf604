/** What the worker does before anybody asks: as much as a plot does, of nothing that is fetched, and no more than until somebody asks. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { warm } from "../../www/engine/warm.js";

const PKG = join(import.meta.dirname, "../../pkg");
const CELLS = 100_000;
/** @type {any} */
let module;
before(async () => {
  module = await import(join(PKG, "cellucid.js"));
  const [first, second] = ["cellucid_bg.wasm", "cellucid_later.wasm"].map((name) => readFileSync(join(PKG, name)));
  await module.default({ module_or_path: first, later: second });
  Object.assign(globalThis, { self: globalThis });
});

/** The module, and what is asked of it. */
function heard() {
  /** @type {Array<[string, number]>} */
  const done = [];
  /** @param {any} from @param {any} options */
  const open = async (from, options) => {
    const dataset = await module.Dataset.open(from, options);
    const read = dataset.read.bind(dataset);
    dataset.read = async (/** @type {string} */ path, /** @type {any} */ how) => {
      done.push([path, (await read(path, how)).length]);
    };
    done.push([typeof from, dataset.describe().n_obs]);
    return dataset;
  };
  const decodeChunks = (/** @type {any[]} */ ...job) => {
    const chunks = module.decodeChunks(...job);
    done.push(["noise", chunks.length]);
    return chunks;
  };
  return { done, like: /** @type {any} */ ({ decodeChunks, later: module.later, Dataset: { open } }) };
}

test("noise is inflated, then cells are opened as of a host and as of a file, and shown", async () => {
  const { fetch } = globalThis;
  const { done, like } = heard();
  await warm(like, new AbortController().signal);
  assert.equal(done.filter(([what]) => what === "noise").length, 12);
  const plot = [
    ["obs/a.codes.u8", CELLS],
    ["points_2d.bin", 8 * CELLS],
    ["points_3d.bin", 12 * CELLS],
  ];
  const rest = done.filter(([what]) => what !== "noise");
  assert.deepEqual([rest[0], rest.slice(1, 4).sort()], [["string", CELLS], plot]);
  assert.deepEqual([rest[4], rest.slice(5).sort()], [["object", CELLS], plot]);
  assert.equal(globalThis.fetch, fetch);
});

test("nothing more is begun once somebody asks", async () => {
  const { done, like } = heard();
  const asked = new AbortController();
  const { decodeChunks } = like;
  like.decodeChunks = (/** @type {any[]} */ ...job) => {
    asked.abort();
    return decodeChunks(...job);
  };
  await warm(like, asked.signal);
  assert.deepEqual(done, [["noise", 8]]);
});
