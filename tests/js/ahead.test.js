/** What is read while nothing is asked for: what comes next, no more, not in anybody's way, and not where the caller does not want it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = join(import.meta.dirname, "../..");
const SAMPLE = readFileSync(join(ROOT, "www/sample/sample.h5ad"));
/** Longer than the module waits for another call. */
const QUIET = 700;

/** Milliseconds until an answer. */
let delay = 0;
const server = createServer((ask, answer) => {
  const [, first, last] = ask.headers.range?.match(/^bytes=(\d+)-(\d+)$/) ?? [];
  const [start, end] = [Number(first), Math.min(Number(last) + 1, SAMPLE.length)];
  const head = { "Content-Range": `bytes ${start}-${end - 1}/${SAMPLE.length}`, "Content-Length": end - start, ETag: '"1"' };
  setTimeout(() => answer.writeHead(206, head).end(SAMPLE.subarray(start, end)), delay);
});
/** @type {any} */
let Dataset;
let url = "";
before(async () => {
  const module = await import(join(ROOT, "pkg/cellucid.js"));
  await module.default({ module_or_path: readFileSync(join(ROOT, "pkg/cellucid_bg.wasm")) });
  Dataset = module.Dataset;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}/sample.h5ad`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

/** Until nothing more is read, which no call waits for. @param {any} dataset */
async function rested(dataset) {
  for (let seen = -1; seen !== dataset.stats().requests; ) {
    seen = dataset.stats().requests;
    await sleep(QUIET);
  }
}

/** What a call moves. @param {any} dataset @param {string} path */
async function moved(dataset, path) {
  const before = dataset.stats().bytes_read;
  await dataset.read(path);
  return dataset.stats().bytes_read - before;
}

test("the embedding and the first category are there before they are asked for", async () => {
  const [eager, sparing] = [await Dataset.open(url), await Dataset.open(url, { prefetch: false })];
  const opened = sparing.stats().bytes_read;
  await rested(eager);
  assert.equal(sparing.stats().bytes_read, opened, "nothing is read that nobody asked for");
  const category = eager.describe().obs.find((/** @type {any} */ field) => field.kind === "category").key;
  const shown = eager.describe().embeddings.at(-1).file;
  for (const path of [shown, `obs/${category}.codes.u8`]) {
    assert.equal(await moved(eager, path), 0, path);
    assert.deepEqual(await eager.read(path), await sparing.read(path), path);
  }
  assert.ok(sparing.stats().bytes_read > opened);
  // Only once.
  const all = eager.stats().bytes_read;
  await sleep(QUIET);
  assert.equal(eager.stats().bytes_read, all);
  assert.ok(all < SAMPLE.length, "not the file");
  eager.close();
  sparing.close();
});

test("a call ends it, and it goes on later", async () => {
  const dataset = await Dataset.open(url);
  delay = 150;
  // It has begun, and waits for the host.
  const opened = dataset.stats().requests;
  while (dataset.stats().requests === opened) await sleep(5);
  const begun = dataset.stats().requests;
  const [last] = dataset.describe().obsm.map((/** @type {any} */ { key }) => key);
  assert.ok(last);
  await dataset.read("dataset_identity.json");
  delay = 0;
  await rested(dataset);
  assert.ok(dataset.stats().requests > begun, "the rest came afterwards");
  assert.equal(await moved(dataset, dataset.describe().embeddings.at(-1).file), 0);
  dataset.close();
});

test("the option has to be a boolean", async () => {
  await assert.rejects(Dataset.open(url, { prefetch: "no" }), /prefetch.*boolean/);
});
