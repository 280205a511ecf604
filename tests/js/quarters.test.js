/** Medians and quarters without sorting, against sorting. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quarters } from "../../www/quarters.js";

/** As NumPy's `quantile`. @param {Float32Array} values */
function sorted(values) {
  const all = values.slice().sort();
  const at = (/** @type {number} */ share) => {
    const place = share * (all.length - 1);
    const [low, high] = [Number(all[Math.floor(place)]), Number(all[Math.ceil(place)])];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

test("the same as by sorting: of any length, with ties, in any order", () => {
  let seed = 7;
  const dice = () => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const makers = [
    () => dice(),
    () => Math.floor(dice() * 4),
    (/** @type {number} */ at) => at,
    (/** @type {number} */ at) => -1 - at,
    (/** @type {number} */ at) => Math.abs(500 - at),
    () => (dice() < 0.9 ? 0 : dice()),
    () => 3,
    (/** @type {number} */ at) => at % 2,
  ];
  for (const length of [1, 2, 3, 4, 5, 17, 100, 1001]) {
    for (const [at, make] of makers.entries()) {
      const values = Float32Array.from({ length }, (_, index) => make(index));
      const wanted = sorted(values);
      assert.deepEqual(quarters(values), wanted, `${length} numbers of maker ${at}`);
    }
  }
});

test("of nothing there is none", () => {
  assert.deepEqual(quarters(new Float32Array()), { low: NaN, median: NaN, high: NaN });
});
