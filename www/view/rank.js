/**
 * The rank test of two groups (Wilcoxon rank-sum, by the normal approximation with ties corrected), gene by gene. Zeros, which are most
 * of a gene's values, are counted rather than sorted. Pure numbers.
 *
 * @typedef {object} Result
 * @property {number} z above zero when the first group has the higher ranks
 * @property {number} p two-sided
 * @property {number} auc the chance that a cell of the first group has more than one of the second, ties counting half
 * @property {[number, number]} means
 * @property {[number, number]} shares of cells with more than zero
 * @property {boolean} below whether any value is less than zero, as in a scaled matrix: then zero is no less than others
 */

/**
 * @param {Float32Array} values of all cells @param {Uint32Array} first @param {Uint32Array} second
 * @returns {Result}
 */
export function compare(values, first, second) {
  const groups = [first, second];
  const size = first.length + second.length;
  const found = new Float64Array(size);
  let [count, zeros, zerosFirst] = [0, 0, 0];
  let below = false;
  /** @type {[number, number]} */
  const sums = [0, 0];
  /** @type {[number, number]} */
  const positive = [0, 0];
  for (const side of /** @type {const} */ ([0, 1])) {
    for (const cell of groups[side] ?? []) {
      const value = values[cell] ?? 0;
      // What is no number counts as none.
      if (value === 0 || Number.isNaN(value)) {
        zeros++;
        if (side === 0) zerosFirst++;
        continue;
      }
      sums[side] += value;
      if (value > 0) positive[side]++;
      else below = true;
      found[count++] = value;
    }
  }
  // Sorted apart and walked together: the side of each value is known without sorting pairs.
  const middle = first.length - zerosFirst;
  const [left, right] = [found.slice(0, middle).sort(), found.slice(middle, count).sort()];
  let [a, b, before, rankSum, ties] = [0, 0, 0, 0, 0];
  let zeroDone = zeros === 0;
  for (;;) {
    const [x, y] = [left[a] ?? Infinity, right[b] ?? Infinity];
    let value = Math.min(x, y);
    let [here, own] = [0, 0];
    if (!zeroDone && value > 0) {
      [value, here, own, zeroDone] = [0, zeros, zerosFirst, true];
    } else if (value === Infinity && a >= left.length && b >= right.length) break;
    else {
      while (left[a] === value) [a, here, own] = [a + 1, here + 1, own + 1];
      while (right[b] === value) [b, here] = [b + 1, here + 1];
    }
    rankSum += own * (before + (here + 1) / 2);
    ties += here ** 3 - here;
    before += here;
  }
  const [n, m] = [first.length, second.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const spread = ((n * m) / 12) * (size + 1 - ties / (size * (size - 1)));
  const z = spread > 0 ? (u - (n * m) / 2) / Math.sqrt(spread) : 0;
  return {
    z,
    p: twoSided(z),
    auc: u / (n * m),
    means: [sums[0] / n, sums[1] / m],
    shares: [positive[0] / n, positive[1] / m],
    below,
  };
}

/** The chance of a normal number as far from zero. @param {number} z */
export function twoSided(z) {
  const x = Math.abs(z) / Math.SQRT2;
  // The complementary error function: a series near zero, a continued fraction beyond.
  if (x < 2) {
    let [term, sum] = [x, x];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return Math.max(0, 1 - (2 / Math.sqrt(Math.PI)) * sum);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** Chances corrected for asking many times (Benjamini and Hochberg). @param {number[]} chances @returns {number[]} */
export function corrected(chances) {
  const order = [...chances.keys()].sort((a, b) => (chances[b] ?? 0) - (chances[a] ?? 0));
  const out = new Array(chances.length).fill(1);
  let least = 1;
  order.forEach((at, place) => {
    least = Math.min(least, ((chances[at] ?? 1) * chances.length) / (chances.length - place));
    out[at] = least;
  });
  return out;
}
