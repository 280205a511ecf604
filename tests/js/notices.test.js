/** What a dataset says of being slow reaches the page's foot, once. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Dataset, initSync } from "../../pkg/cellucid.js";
import { load } from "../../www/load.js";
import { initial, Store } from "../../www/store.js";

const at = (/** @type {string} */ path) => new URL(path, import.meta.url);
initSync({ module: readFileSync(at("../../pkg/cellucid_bg.wasm")) });

test("what makes genes slow is said once, and again when it changes", async () => {
  const dataset = await Dataset.open(new Uint8Array(readFileSync(at("../../www/sample/sample.h5ad"))), {
    name: "sample.h5ad",
    profile: "strict",
  });
  assert.deepEqual(dataset.stats().notices, [], "nothing is slow about the sample");
  let notices = ["each further gene goes through all of X again"];
  const engine = {
    open: async () => dataset.describe(),
    read: async (/** @type {string} */ path) => (await dataset.read(path)).slice().buffer,
    // All but this is the dataset's own: an index of a gigabyte is no test's.
    stats: async () => ({ ...dataset.stats(), notices }),
    close() {},
  };
  const store = new Store(initial());
  load(store, () => /** @type {any} */ (engine));
  const told = async (/** @type {number} */ dimension) => {
    while (store.state.busy.length || !store.state.read || store.state.points?.dimension !== dimension) await sleep(5);
    // The counts come a moment after the work.
    await sleep(20);
  };
  store.patch({ source: /** @type {any} */ ({ from: new Blob([]), label: "sample.h5ad", options: {} }) });
  await told(2);
  // (Colours are the document's, and there is none here.)
  assert.equal(store.state.notice, notices[0]);
  store.patch({ notice: "something else", dimension: 3 });
  await told(3);
  assert.equal(store.state.notice, "something else", "once is enough");
  notices = [...notices, "and another"];
  store.patch({ dimension: 2 });
  await told(2);
  assert.equal(store.state.notice, "and another");
});
