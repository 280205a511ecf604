/** Scores and the rank test, against figures that SciPy and NumPy gave. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { score } from "../../www/columns.js";
import { composition, statistics } from "../../www/summary.js";
import { compare, corrected, twoSided } from "../../www/view/rank.js";

/** @param {number} found @param {number} wanted @param {number} [part] */
const near = (found, wanted, part = 1e-9) =>
  assert.ok(Math.abs(found - wanted) <= part * Math.max(Math.abs(wanted), 1e-300), `${found} is not ${wanted}`);

test("the chance of a normal number as far out", () => {
  // scipy.stats.norm.sf(z) * 2
  for (const [z, p] of /** @type {const} */ ([
    [0, 1],
    [0.5, 0.6170750774519738],
    [-1.96, 0.04999579029644087],
    [3, 0.0026997960632601866],
    [8, 1.244192114854348e-15],
    [-30, 9.81342785429979e-198],
  ])) {
    near(twoSided(z), p, 1e-9);
  }
});

test("ranks of two groups, ties and negative numbers among them", () => {
  const values = Float32Array.of(0, 0, 3, 1, 0, 2.5, 0, 0, -1, 4, 0, 1, 1, 0, 7, 2);
  const [first, second] = [Uint32Array.of(0, 2, 3, 5, 9, 14), Uint32Array.of(1, 4, 6, 7, 8, 10, 11, 12, 13, 15)];
  // scipy.stats.mannwhitneyu(x, y, use_continuity=False, method="asymptotic")
  const found = compare(values, first, second);
  near(found.p, 0.012453306, 1e-6);
  near(found.z, 2.4990320205688477, 1e-6);
  near(found.auc, 52 / 60);
  near(found.means[0], 17.5 / 6);
  near(found.means[1], 0.3);
  assert.deepEqual(found.shares, [5 / 6, 0.3]);
  assert.equal(found.below, true);
  const other = compare(values, second, first);
  near(other.z, -found.z);
  assert.equal(compare(new Float32Array(16), first, second).p, 1, "all the same");
});

test("chances corrected for many questions", () => {
  // scipy.stats.false_discovery_control
  const found = corrected([0.01, 0.04, 0.03, 0.005, 0.9]);
  for (const [at, wanted] of [0.025, 0.05, 0.05, 0.025, 0.9].entries()) near(found[at] ?? 0, wanted);
});

test("scores: means, and means of z-scores; a gene that is the same everywhere counts as zero", () => {
  const genes = [Float32Array.of(1, 2, 3, 4), Float32Array.of(0, 0, 0, 8), Float32Array.of(5, 5, 5, 5)];
  assert.deepEqual([...score(genes, "mean")], [...Float32Array.of(2, 7 / 3, 8 / 3, 17 / 3)]);
  const wanted = [-0.63966369, -0.34152129, -0.04337889, 1.02456386];
  for (const [at, value] of score(genes, "z").entries()) near(value, wanted[at] ?? 0, 1e-6);
});

test("what a set of cells is made of", () => {
  const colour = /** @type {any} */ ({ codes: Uint8Array.of(0, 1, 1, 255, 1, 0), field: { labels: ["a", "b", "c"] } });
  const found = composition(Uint32Array.of(0, 1, 2, 3, 4), colour);
  assert.deepEqual(
    found,
    [
      { code: 1, count: 3 },
      { code: -1, count: 1 },
      { code: 0, count: 1 },
    ].sort((a, b) => b.count - a.count || a.code - b.code),
  );
  const { count, mean, median, low, high, nonzero } = statistics([0, 1, 2, 3, 4], {
    values: Float32Array.of(0, 4, 1, Number.NaN, 3),
  });
  assert.deepEqual([count, mean, median, low, high, nonzero], [4, 2, 2, 0.75, 3.25, 3]);
});
