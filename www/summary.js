/**
 * What a set of cells is made of, in the colours shown.
 *
 * @import { CategoryColour, NumberColour } from "./state.js"
 */

/**
 * @param {Uint32Array} cells @param {CategoryColour} colour
 * @returns {Array<{ code: number, count: number }>} the largest first; -1 for cells without a value
 */
export function composition(cells, { codes, field }) {
  const counts = new Uint32Array(field.labels.length + 1);
  const none = field.labels.length;
  for (const cell of cells) {
    const code = Math.min(codes[cell] ?? none, none);
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return [...counts.entries()]
    .filter(([, count]) => count > 0)
    .map(([code, count]) => ({ code: code === none ? -1 : code, count }))
    .sort((a, b) => b.count - a.count || a.code - b.code);
}

/**
 * Of the values that are numbers; NaN where there are none.
 *
 * @param {Iterable<number>} cells @param {Pick<NumberColour, "values">} colour
 */
export function statistics(cells, { values }) {
  const found = Float32Array.from([...cells].map((cell) => values[cell] ?? Number.NaN).filter(Number.isFinite)).sort();
  const count = found.length;
  let [sum, positive] = [0, 0];
  for (const value of found) {
    sum += value;
    if (value !== 0) positive++;
  }
  const at = (/** @type {number} */ share) => {
    const place = share * (count - 1);
    const [low, high] = [found[Math.floor(place)] ?? Number.NaN, found[Math.ceil(place)] ?? Number.NaN];
    return low + (high - low) * (place - Math.floor(place));
  };
  return {
    count,
    mean: count ? sum / count : Number.NaN,
    median: at(0.5),
    low: at(0.25),
    high: at(0.75),
    nonzero: positive,
    sorted: found,
  };
}

/**
 * A gene in each category.
 *
 * @typedef {{ count: number, mean: number, share: number, below: boolean }} Dot cells, their mean, the share of them with more than zero, and whether any has less
 *
 * @param {Float32Array} values @param {Uint8Array | Uint16Array} codes @param {number} labels
 * @param {(cell: number) => boolean} seen cells that count
 * @returns {Dot[]} by code
 */
export function gathered(values, codes, labels, seen) {
  const found = Array.from({ length: labels }, () => ({ count: 0, mean: 0, share: 0, below: false }));
  for (let cell = 0; cell < codes.length; cell++) {
    const own = found[codes[cell] ?? -1];
    const value = values[cell] ?? Number.NaN;
    if (!own || !Number.isFinite(value) || !seen(cell)) continue;
    own.count++;
    own.mean += value;
    if (value > 0) own.share++;
    else if (value < 0) own.below = true;
  }
  return found.map(({ count, mean, share, below }) => ({ count, mean: mean / (count || 1), share: share / (count || 1), below }));
}
