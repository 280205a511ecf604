import assert from "node:assert/strict";
import { test } from "node:test";
import {
  categories,
  category,
  categoryPalette,
  histogram,
  missing,
  numberPalette,
  quantise,
  ramp,
  summarise,
} from "../../www/view/colour.js";

test("categories take code + 1, missing ones nothing", () => {
  const { indices, counts, missing: absent } = categories(new Uint8Array([0, 2, 255, 2, 1]), 3);
  assert.deepEqual([...indices], [1, 3, 0, 3, 2]);
  assert.deepEqual([...counts], [1, 1, 2]);
  assert.equal(absent, 1);
});

test("the last label of a full file is not taken for a missing one", () => {
  const codes = new Uint16Array([65534, 65535, 0]);
  const { indices, counts, missing: absent } = categories(codes, 65535);
  assert.deepEqual([...indices], [65535, 0, 1]);
  assert.equal(counts[65534], 1);
  assert.equal(absent, 1);
});

test("hidden categories are transparent, and only they", () => {
  const palette = categoryPalette(300, new Set([1, 299, -1]), "dark");
  assert.equal(palette.length, 2 * 256 * 4);
  const alpha = (/** @type {number} */ code) => palette[(code + 1) * 4 + 3];
  assert.deepEqual([-1, 0, 1, 2, 298, 299].map(alpha), [0, 255, 0, 255, 255, 0]);
  assert.deepEqual([...palette.subarray(4, 7)], category(0));
});

test("fifty categories have fifty colours, none of them the grey of missing values", () => {
  const colours = Array.from({ length: 50 }, (_, code) => category(code).join());
  assert.equal(new Set([...colours, missing("light").join(), missing("dark").join()]).size, 52);
});

test("numbers spread over the ramp; what is not a number has no value", () => {
  const values = new Float32Array([0, 5, 10, Number.NaN, -3, 12, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  assert.deepEqual([...quantise(values, [0, 10], false)], [2, 129, 255, 0, 2, 255, 255, 2]);
  assert.deepEqual([...quantise(values, [0, 10], true)], [1, 129, 255, 0, 2, 255, 255, 2]);
});

test("a single value is drawn, at the low end", () => {
  const { range, sparse } = summarise(new Float32Array([7, 7, 7]));
  assert.deepEqual([...quantise(new Float32Array([7, 7, 7]), range, sparse)], [2, 2, 2]);
});

test("the summary counts zeros and missing values", () => {
  const summary = summarise(new Float32Array([0, 0, 1, 4, Number.NaN]));
  assert.deepEqual(summary, { low: 0, high: 4, range: [0, 4], missing: 1, zeros: 2, sparse: true });
  assert.equal(summarise(new Float32Array([-1, 0, 0, 2])).sparse, false);
  const nothing = summarise(new Float32Array([Number.NaN]));
  assert.deepEqual([nothing.low, nothing.high, nothing.missing], [0, 1, 1]);
});

test("a few far values do not squeeze the rest", () => {
  const values = Float32Array.from({ length: 1000 }, (_, at) => (at < 997 ? at / 997 : 500));
  const { range, high } = summarise(values);
  assert.equal(high, 500);
  assert.ok(range[1] <= 1, `${range}`);
  const even = summarise(Float32Array.from({ length: 1000 }, (_, at) => at));
  assert.deepEqual(even.range, [0, 999]);
});

test("histograms count every value that is shown", () => {
  const values = new Float32Array([0, 0, 0.1, 0.5, 0.99, 1, Number.NaN]);
  const summary = summarise(values);
  assert.equal(summary.sparse, true);
  assert.deepEqual([...histogram(values, summary, 2)], [1, 3]);
  assert.deepEqual([...histogram(values, { ...summary, sparse: false }, 2)], [3, 3]);
});

test("ramps go from faint to strong against their ground", () => {
  const light = (/** @type {number[]} */ [r = 0, g = 0, b = 0]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  for (let step = 0; step < 20; step++) {
    assert.ok(light(ramp((step + 1) / 20, "light")) < light(ramp(step / 20, "light")), `light ${step}`);
    assert.ok(light(ramp((step + 1) / 20, "dark")) > light(ramp(step / 20, "dark")), `dark ${step}`);
  }
  assert.deepEqual([...numberPalette("dark").subarray(255 * 4, 255 * 4 + 3)], ramp(1, "dark"));
});
