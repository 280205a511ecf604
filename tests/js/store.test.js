import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, Store } from "../../www/store.js";

test("subscribers hear of their keys, once per patch", () => {
  const store = new Store(initial());
  /** @type {string[]} */
  const heard = [];
  store.subscribe(["size", "opacity"], ({ size, opacity }) => heard.push(`${size} ${opacity}`));
  store.patch({ size: 2, opacity: 0.5 });
  store.patch({ notice: "other" });
  store.patch({ size: 2 });
  assert.deepEqual(heard, ["2 0.5"]);
});

test("a patch made while patching waits its turn", () => {
  const store = new Store(initial());
  /** @type {string[]} */
  const heard = [];
  store.subscribe(["size"], ({ size }) => {
    if (size === 2) store.patch({ size: 3 });
    heard.push(`first ${size}`);
  });
  store.subscribe(["size"], ({ size }) => heard.push(`second ${size}`));
  store.patch({ size: 2 });
  assert.deepEqual(heard, ["first 2", "second 2", "first 3", "second 3"]);
  assert.equal(store.state.size, 3);
});

test("a subscription ends", () => {
  const store = new Store(initial());
  let count = 0;
  const stop = store.subscribe(["size"], () => count++);
  store.patch({ size: 2 });
  stop();
  store.patch({ size: 3 });
  assert.equal(count, 1);
});

test("a subscriber that fails does not leave the store stuck", () => {
  const store = new Store(initial());
  const stop = store.subscribe(["size"], () => {
    throw new Error("broken");
  });
  assert.throws(() => store.patch({ size: 2 }), /broken/);
  stop();
  store.patch({ size: 4 });
  assert.equal(store.state.size, 4);
});
