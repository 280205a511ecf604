/** Sources that the caller wrote, misbehaving in every way they can: each ends in an error that names them, or in the right data. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = join(import.meta.dirname, "../..");
const SAMPLE = readFileSync(join(ROOT, "www/sample/sample.h5ad"));
const STORE = join(ROOT, "www/sample/sample.zarr");

/** @type {any} */
let Dataset;
before(async () => {
  const module = await import(join(ROOT, "pkg/cellucid.js"));
  await module.default({ module_or_path: readFileSync(join(ROOT, "pkg/cellucid_bg.wasm")) });
  Dataset = module.Dataset;
});

/** @param {(start: number, end: number, signal: AbortSignal) => unknown} read @param {object} [more] */
const file = (read, more = {}) => ({ name: "mine.h5ad", size: SAMPLE.length, read, ...more });
const right = (/** @type {number} */ start, /** @type {number} */ end) => new Uint8Array(SAMPLE.subarray(start, end));

/** @param {string} key @param {any} part */
function get(key, part) {
  const path = join(STORE, key);
  if (!existsSync(path) || !statSync(path).isFile()) return undefined;
  const bytes = new Uint8Array(readFileSync(path));
  return part ? ("last" in part ? bytes.slice(-part.last) : bytes.slice(part.start, part.end)) : bytes;
}
/** @param {object} more */
const store = (more) => ({ name: "mine.zarr", get, ...more });

/** @param {unknown} from @param {object} [options] */
async function outcome(from, options) {
  try {
    const dataset = await Dataset.open(from, options);
    return (await dataset.read("points_2d.bin")).length;
  } catch (/** @type {any} */ { code, message, file }) {
    return [code, message, file].join(": ");
  }
}

/** @type {Array<[string, unknown, number | RegExp]>} */
const FILES = [
  ["right, at once", file(right), 40_000],
  ["right, later", file(async (start, end) => right(start, end)), 40_000],
  ["an ArrayBuffer", file((start, end) => right(start, end).buffer), 40_000],
  ["a Node Buffer", file((start, end) => SAMPLE.subarray(start, end)), 40_000],
  ["too few bytes", file((start, end) => right(start, end - 1)), /^source: .*after \d+ of \d+ bytes: mine\.h5ad$/],
  ["too many bytes", file((start, end) => right(start, end + 1)), /^source: .*where \d+ were announced: mine\.h5ad$/],
  ["no bytes", file(() => new Uint8Array()), /^source: .*after 0 of/],
  ["nothing", file(() => undefined), /^request: .*Uint8Array: mine\.h5ad$/],
  ["a text", file(() => "bytes"), /^request: .*Uint8Array/],
  ["other numbers", file((start, end) => new Uint16Array(end - start)), /^request: .*Uint8Array/],
  ["shared memory", file((start, end) => new Uint8Array(new SharedArrayBuffer(end - start))), /^(malformed|unsupported)/],
  ["it throws", file(() => assert.fail("down")), /^source: down: mine\.h5ad$/],
  ["it rejects with a text", file(() => Promise.reject("down")), /^source: down: mine\.h5ad$/],
  ["it rejects with nothing", file(() => Promise.reject(undefined)), /^source: .*: mine\.h5ad$/],
  ["it rejects with a code", file(() => Promise.reject(Object.assign(new Error("x"), { code: "limit" }))), /^limit: x: mine/],
  ["it rejects with a foreign code", file(() => Promise.reject(Object.assign(new Error("x"), { code: "ENOENT" }))), /^source: x/],
  ["it aborts by itself", file(() => Promise.reject(new DOMException("x", "AbortError"))), /^cancelled/],
  ["no size", file(right, { size: undefined }), /^request: .*size/],
  ["a size below nothing", file(right, { size: -1 }), /^request: .*size/],
  ["half a byte", file(right, { size: 0.5 }), /^request: .*size/],
  ["no number", file(right, { size: Number.NaN }), /^request: .*size/],
  ["endless", file(right, { size: Number.POSITIVE_INFINITY }), /^(request|source|malformed)/],
  ["smaller than it is", file(right, { size: 5000 }), /^malformed/],
  ["larger than it is", file(right, { size: 2 ** 52 }), /^limit: a file of \d+ bytes: mine/],
  ["a little larger than it is", file(right, { size: SAMPLE.length + 9 }), /^(source: .*after \d+ of \d+ bytes|malformed): mine/],
];
for (const [name, from, wanted] of FILES) {
  test(`a file: ${name}`, { timeout: 20_000 }, async () => {
    const found = await outcome(from);
    if (typeof wanted === "number") assert.equal(found, wanted);
    else assert.match(String(found), wanted);
  });
}

/** @type {Array<[string, unknown, number | RegExp]>} */
const STORES = [
  ["right", store({}), 40_000],
  ["right, with a list", store({ list: () => undefined }), 40_000],
  [
    "null for what is not there",
    store({ get: (/** @type {string} */ key, /** @type {any} */ part) => get(key, part) ?? null }),
    40_000,
  ],
  ["nothing is there", store({ get: () => undefined }), /^missing: .*mine\.zarr/],
  ["every key is there", store({ get: () => new Uint8Array(3) }), /^(malformed|unsupported|missing)/],
  ["texts", store({ get: () => "{}" }), /^request: .*Uint8Array: mine\.zarr\//],
  ["it throws", store({ get: () => assert.fail("down") }), /^source: down: mine\.zarr\//],
  ["a list that is none", store({ list: () => 7 }), 40_000],
  ["a list of odd things", store({ list: () => [1, null, {}, "obs/", "../", "/etc"] }), 40_000],
];
for (const [name, from, wanted] of STORES) {
  test(`a store: ${name}`, { timeout: 20_000 }, async () => {
    const found = await outcome(from);
    if (typeof wanted === "number") assert.equal(found, wanted);
    else assert.match(String(found), wanted);
  });
}

for (const [name, make] of /** @type {Array<[string, (stuck: Function) => object]>} */ ([
  ["a file", (stuck) => file((start, end, signal) => stuck(signal) ?? right(start, end))],
  [
    "a store",
    (stuck) =>
      store({
        get: (/** @type {string} */ key, /** @type {any} */ part, /** @type {AbortSignal} */ signal) =>
          stuck(signal) ?? get(key, part),
      }),
  ],
])) {
  test(`${name} that never answers is given up, and told so`, { timeout: 20_000 }, async () => {
    let [silent, asked, aborted] = [false, 0, 0];
    const from = make((/** @type {AbortSignal} */ signal) => {
      if (!silent) return undefined;
      asked++;
      signal.addEventListener("abort", () => aborted++);
      return new Promise(() => {});
    });
    const dataset = await Dataset.open(from, {});
    silent = true;
    const abort = new AbortController();
    const reading = dataset.read("var/CD3E.values.f32", { signal: abort.signal });
    while (!asked) await sleep(5);
    abort.abort();
    await assert.rejects(reading, { code: "cancelled" });
    assert.ok(aborted > 0, "its work was called off");
    silent = false;
    assert.equal((await dataset.read("var/CD3E.values.f32")).length, 20_000);
    [silent, asked] = [true, 0];
    // Genes come from an index by now: something that has not been read.
    const other = dataset.read("obs/n_counts.values.f32");
    while (!asked) await sleep(5);
    dataset.close();
    await assert.rejects(other, { code: "cancelled" });
  });
}

test("a file that changes its size, or grows silent while it is opened", { timeout: 20_000 }, async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  const from = file(() => new Promise(() => {}));
  assert.match(String(await outcome(from, { signal: abort.signal })), /^cancelled/);
  let count = 0;
  const breaking = file((start, end) => (++count > 3 ? right(start, end - 1) : right(start, end)));
  assert.match(String(await outcome(breaking)), /^source: .*after \d+ of \d+ bytes: mine\.h5ad/);
});

test("what several columns need at the same time is read once", async () => {
  /** @param {string[]} paths */
  async function moved(paths) {
    const dataset = await Dataset.open(file(async (start, end) => right(start, end)));
    for (const path of paths) await dataset.read(path);
    const { bytes_read } = dataset.stats();
    dataset.close();
    return bytes_read;
  }
  const [alone, after] = [
    await moved(["obs_manifest.json"]),
    await moved(["points_2d.bin", "points_3d.bin", "obs_manifest.json"]),
  ];
  assert.ok(alone <= after, `${alone} bytes, ${after} when the points are there`);
});
