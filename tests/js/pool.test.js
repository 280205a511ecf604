/** Workers that only decode: shares, order, and what happens when one cannot be started. */
import assert from "node:assert/strict";
import test from "node:test";
import { crew, Pool } from "../../www/engine/pool.js";

/** A worker that adds one to every byte. @param {Set<object>} hired */
function hand(hired, broken = false) {
  const target = new EventTarget();
  const worker = Object.assign(target, {
    terminate() {},
    /** @param {any} ask @param {ArrayBuffer[]} buffers */
    postMessage(ask, buffers) {
      const { id, chunks } = structuredClone(ask, { transfer: buffers });
      queueMicrotask(() => {
        if (broken) return target.dispatchEvent(Object.assign(new Event("error", { cancelable: true }), { message: "no" }));
        const value = chunks.map((/** @type {Uint8Array} */ chunk) => chunk.map((byte) => byte + 1));
        target.dispatchEvent(new MessageEvent("message", { data: { answer: "done", id, value } }));
      });
    },
  });
  hired.add(worker);
  return /** @type {Worker} */ (/** @type {unknown} */ (worker));
}

/** @param {Pool} pool @param {number} count */
const run = (pool, count) => {
  const chunks = Array.from({ length: count }, (_, i) => new Uint8Array(10).fill(i));
  return pool.decode?.("zlib", 10, 10, chunks, new Array(count).fill(0));
};

test("chunks are shared out and come back in order", async () => {
  const hired = new Set();
  const pool = new Pool(3, () => hand(hired));
  assert.equal(hired.size, 0, "nobody is hired before there is work");
  const [first, second] = await Promise.all([run(pool, 7), run(pool, 2)]);
  assert.deepEqual(
    first?.map((chunk) => chunk?.[0]),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.deepEqual(
    second?.map((chunk) => chunk?.[9]),
    [1, 2],
  );
  assert.equal(hired.size, 3);
});

test("workers that cannot be started leave the work to whoever asked", async () => {
  const pool = new Pool(2, () => hand(new Set(), true));
  assert.deepEqual(await run(pool, 3), [null, null, null]);
  assert.deepEqual(await run(pool, 3), []);
});

test("as many as pay", () => {
  assert.deepEqual([1, 2, 4, 8, 64].map(crew), [0, 0, 3, 6, 6]);
});
