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
  return {
    count,
    mean: count ? sum / count : Number.NaN,
    ...quarters(found),
    nonzero: positive,
    sorted: found,
  };
}

/** The median, and the values that a quarter and three quarters lie below. @param {Float32Array} sorted */
function quarters(sorted) {
  const at = (/** @type {number} */ share) => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/**
 * A smooth shape of sorted numbers, in steps from low to high.
 *
 * @param {Float32Array} sorted @param {number} low @param {number} high @param {number} steps
 */
export function density(sorted, low, high, steps) {
  const bins = new Float64Array(steps + 1);
  const scale = steps / (high - low || 1);
  for (const value of sorted) {
    const bin = Math.round((value - low) * scale);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const smooth = [0.06, 0.24, 0.4, 0.24, 0.06];
  return Array.from(bins, (_, at) => smooth.reduce((sum, share, by) => sum + share * (bins[at + by - 2] ?? 0), 0));
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

/** Steps along a shape: enough for one that is drawn small. */
const STEPS = 32;

/**
 * A gene in each category, and how its values lie there. Where most are zero they would leave no room for the others: the shape, and what
 * is drawn in it, is that of the rest.
 *
 * @typedef {Dot & { median: number, shape: number[], inner: { median: number, low: number, high: number } }} Shape
 *
 * @param {Float32Array} values @param {Uint8Array | Uint16Array} codes @param {number} labels
 * @param {(cell: number) => boolean} seen cells that count
 * @returns {{ by: Shape[], low: number, high: number }} by code; the least and the greatest value
 */
export function shapes(values, codes, labels, seen) {
  const dots = gathered(values, codes, labels, seen);
  const groups = dots.map(({ count }) => new Float32Array(count));
  const filled = new Uint32Array(labels);
  let [low, high, zeros] = [Infinity, -Infinity, 0];
  for (let cell = 0; cell < codes.length; cell++) {
    const code = codes[cell] ?? -1;
    const [own, value] = [groups[code], values[cell] ?? Number.NaN];
    if (!own || !Number.isFinite(value) || !seen(cell)) continue;
    own[filled[code] ?? 0] = value;
    filled[code] = (filled[code] ?? 0) + 1;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value === 0) zeros++;
  }
  if (low > high) [low, high] = [0, 0];
  const sparse = low === 0 && high > 0 && zeros > 0.1 * groups.reduce((sum, { length }) => sum + length, 0);
  const by = dots.map((dot, code) => {
    const sorted = groups[code]?.sort() ?? new Float32Array();
    const inside = sparse ? sorted.filter((value) => value !== 0) : sorted;
    const { median } = quarters(sorted);
    return { ...dot, median, shape: inside.length ? density(inside, low, high, STEPS) : [], inner: quarters(inside) };
  });
  return { by, low, high };
}
