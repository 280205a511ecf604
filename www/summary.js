/**
 * What a set of cells is made of, in the colours shown.
 *
 * @import { CategoryColour, NumberColour } from "./state.js"
 */
import { quarters } from "./quarters.js";

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
 * @param {ArrayLike<number> | null} cells all of them when null @param {Pick<NumberColour, "values">} colour
 */
export function statistics(cells, { values }) {
  const all = cells?.length ?? values.length;
  const found = new Float32Array(all);
  let [count, sum, nonzero] = [0, 0, 0];
  for (let at = 0; at < all; at++) {
    const value = values[cells ? (cells[at] ?? -1) : at] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    found[count++] = value;
    sum += value;
    if (value !== 0) nonzero++;
  }
  return { count, mean: count ? sum / count : Number.NaN, nonzero, ...quarters(found.subarray(0, count)) };
}

/**
 * A smooth shape of numbers, in steps from low to high.
 *
 * @param {Float32Array} values @param {number} low @param {number} high @param {number} steps
 */
function density(values, low, high, steps) {
  const bins = new Float64Array(steps + 1);
  const scale = steps / (high - low || 1);
  for (const value of values) {
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
 * @typedef {Dot & { median: number, shape: number[], inner: ReturnType<typeof quarters> }} Shape
 *
 * @param {Float32Array} values @param {Uint8Array | Uint16Array} codes @param {number} labels
 * @param {(cell: number) => boolean} seen cells that count
 * @param {number} [steps] along a shape
 * @returns {{ by: Shape[], low: number, high: number, sparse: boolean }} by code; the least and the greatest value; whether zeros are left out
 */
export function shapes(values, codes, labels, seen, steps = STEPS) {
  const dots = gathered(values, codes, labels, seen);
  const groups = dots.map(({ count }) => new Float32Array(count));
  const filled = new Uint32Array(labels);
  let [low, high, zeros, all] = [Infinity, -Infinity, 0, 0];
  for (let cell = 0; cell < codes.length; cell++) {
    const code = codes[cell] ?? -1;
    const [own, value] = [groups[code], values[cell] ?? Number.NaN];
    if (!own || !Number.isFinite(value) || !seen(cell)) continue;
    own[filled[code] ?? 0] = value;
    filled[code] = (filled[code] ?? 0) + 1;
    all++;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value === 0) zeros++;
  }
  if (!all) [low, high] = [0, 0];
  const sparse = low === 0 && high > 0 && zeros > 0.1 * all;
  const by = dots.map((dot, code) => {
    const own = groups[code] ?? new Float32Array();
    const inside = sparse ? own.filter((value) => value !== 0) : own;
    const shape = inside.length ? density(inside, low, high, steps) : [];
    return { ...dot, median: quarters(own).median, shape, inner: quarters(inside) };
  });
  return { by, low, high, sparse };
}
