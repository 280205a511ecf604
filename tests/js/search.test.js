import assert from "node:assert/strict";
import { test } from "node:test";
import { index } from "../../www/panel/search.js";
import { short, size } from "../../www/words.js";

const names = ["CD300A", "CD3E", "CD3", "ACD3", "anti-CD3 (x)", "MS4A1", "cd3d"];
const find = index(names);
/** @param {string} text */
const found = (text) => find(text).map((at) => names[at]);

test("exact, then beginnings by length, then words, then the rest", () => {
  assert.deepEqual(found(" cd3 "), ["CD3", "CD3E", "cd3d", "CD300A", "anti-CD3 (x)", "ACD3"]);
});

test("no text finds all in their order, unknown text nothing", () => {
  assert.deepEqual(found(""), names);
  assert.deepEqual(found("zzz"), []);
});

test("sixty thousand names keep their places", () => {
  const many = Array.from({ length: 60_000 }, (_, at) => `ENSG${String(at).padStart(11, "0")}`);
  assert.deepEqual(index(many)("ensg00000059999"), [59_999]);
  assert.equal(index(many)("9").length, 60_000 - 6 * 9 ** 4);
});

test("bytes and values in few digits", () => {
  assert.deepEqual([0, 999, 1000, 999_600, 12_345_678, 5e12].map(size), [
    "0 bytes",
    "999 bytes",
    "1.0 kB",
    "1.0 MB",
    "12 MB",
    "5000 GB",
  ]);
  assert.deepEqual([0, 1234, 0.12345, 1e-9, Number.NaN, 2.5e8].map(short), [
    "0",
    "1,234",
    "0.1235",
    "1.00e-9",
    "no value",
    "2.50e+8",
  ]);
});
