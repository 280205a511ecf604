/**
 * Two numbers per cell against each other: where each cell lies, what the axes are marked with, and how the two go together. Numbers in,
 * numbers out; cells are gone through in slices, so that a million of them leave the page alive.
 *
 * @typedef {object} Axis
 * @property {Float32Array} values
 * @property {number} low at one end
 * @property {number} high at the other
 * @property {boolean} log by the logarithm of value + 1
 * @property {boolean} sparse zeros are many: they are spread a little, so that those on each other can be seen
 *
 * @typedef {object} Related
 * @property {number} cells with a value on both axes
 * @property {number} pearson NaN where one of the two is the same everywhere
 * @property {number} spearman
 * @property {[number, number, number, number]} zeros cells that are zero on neither axis, on the second only, on the first only, on both
 *
 * @typedef {() => Promise<unknown> | null} Breathe to be waited for where it is time to
 */
import { bent } from "./colour.js";

/** What is left free at each end, of the half side. */
const EDGE = 0.05;
/** How far zeros are spread, of the half side. */
const SPREAD = 0.03;
/** Cells between two looks at the clock. */
const SLICE = 1 << 15;
/** Milliseconds for which the page may be held. */
const HELD = 12;

/** @param {AbortSignal} [signal] @returns {Breathe} */
export function breather(signal) {
  let last = performance.now();
  return () => {
    signal?.throwIfAborted();
    if (performance.now() - last < HELD) return null;
    return new Promise((done) => {
      setTimeout(() => {
        last = performance.now();
        done(null);
      });
    });
  };
}

/** Goes through many, a slice at a time. @param {number} count @param {Breathe} breathe @param {(from: number, to: number) => void} run */
async function through(count, breathe, run) {
  for (let from = 0; from < count; from += SLICE) {
    run(from, Math.min(count, from + SLICE));
    await breathe();
  }
}

/** Where a value lies, -1 to 1 within the plot. @param {Axis} axis @returns {(value: number) => number} */
export function along({ low, high, log }) {
  const [from, to] = log ? [bent(low), bent(high)] : [low, high];
  const scale = (2 * (1 - EDGE)) / (to - from || 1);
  return log ? (value) => EDGE - 1 + (bent(value) - from) * scale : (value) => EDGE - 1 + (value - from) * scale;
}

/** An axis as far as it is seen, with `reach` to either side of a place. @param {Axis} axis @param {number} middle @param {number} reach @returns {Axis} */
export function seen(axis, middle, reach) {
  const half = reach * (1 - EDGE);
  return { ...axis, low: back(axis, middle - half), high: back(axis, middle + half) };
}

/** The value that lies at a place. @param {Axis} axis @param {number} place */
export function back({ low, high, log }, place) {
  const [from, to] = log ? [bent(low), bent(high)] : [low, high];
  const value = from + ((place + 1 - EDGE) / (2 * (1 - EDGE))) * (to - from);
  return log ? Math.sign(value) * Math.expm1(Math.abs(value)) : value;
}

/**
 * @param {[Axis, Axis]} axes @param {boolean} without leave out cells that are zero on either
 * @param {Breathe} breathe
 * @returns {Promise<{ exact: Float32Array, drawn: Float32Array }>} two numbers per cell, NaN for those with no place; and the same with zeros
 * spread
 */
export async function placed([first, second], without, breathe) {
  const cells = first.values.length;
  const exact = new Float32Array(2 * cells);
  const spread = first.sparse || second.sparse;
  const drawn = spread ? new Float32Array(2 * cells) : exact;
  const [right, up] = [along(first), along(second)];
  await through(cells, breathe, (from, to) => {
    for (let cell = from; cell < to; cell++) {
      const [x, y] = [n(first.values[cell]), n(second.values[cell])];
      const none = !Number.isFinite(x) || !Number.isFinite(y) || (without && (x === 0 || y === 0));
      const [left, top] = none ? [Number.NaN, Number.NaN] : [right(x), up(y)];
      exact[2 * cell] = left;
      exact[2 * cell + 1] = top;
      if (!spread) continue;
      drawn[2 * cell] = first.sparse && x === 0 ? left + scattered(cell, 0x9e3779b1) : left;
      drawn[2 * cell + 1] = second.sparse && y === 0 ? top + scattered(cell, 0x85ebca6b) : top;
    }
  });
  return { exact, drawn };
}

/** The same for a cell at each visit. @param {number} cell @param {number} by */
function scattered(cell, by) {
  let mixed = Math.imul(cell + 1, by);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (((mixed ^ (mixed >>> 13)) >>> 8) / 2 ** 24 - 0.5) * 2 * SPREAD;
}

/**
 * @param {[Axis, Axis]} axes @param {(cell: number) => boolean} seen cells that count @param {boolean} without as in `placed`
 * @param {Breathe} breathe
 * @returns {Promise<Related>}
 */
export async function related([first, second], seen, without, breathe) {
  const all = first.values.length;
  const [xs, ys] = [new Float32Array(all), new Float32Array(all)];
  /** @type {Related["zeros"]} */
  const zeros = [0, 0, 0, 0];
  let cells = 0;
  await through(all, breathe, (from, to) => {
    for (let cell = from; cell < to; cell++) {
      const [x, y] = [n(first.values[cell]), n(second.values[cell])];
      if (!Number.isFinite(x) || !Number.isFinite(y) || (without && (x === 0 || y === 0)) || !seen(cell)) continue;
      const corner = (x === 0 ? 2 : 0) + (y === 0 ? 1 : 0);
      zeros[corner] = n(zeros[corner]) + 1;
      xs[cells] = x;
      ys[cells] = y;
      cells++;
    }
  });
  const [x, y] = [xs.subarray(0, cells), ys.subarray(0, cells)];
  const ranks = [await ranked(x, breathe), await ranked(y, breathe)];
  // By the values as the axes have them.
  for (const [values, { log }] of /** @type {Array<[Float32Array, Axis]>} */ ([
    [x, first],
    [y, second],
  ])) {
    if (!log) continue;
    await through(cells, breathe, (from, to) => {
      for (let at = from; at < to; at++) values[at] = bent(n(values[at]));
    });
  }
  const pearson = await correlated(x, y, breathe);
  const spearman = await correlated(ranks[0] ?? x, ranks[1] ?? y, breathe);
  return { cells, pearson, spearman, zeros };
}

/** @param {Float32Array | Float64Array} xs @param {Float32Array | Float64Array} ys @param {Breathe} breathe */
async function correlated(xs, ys, breathe) {
  let [meanX, meanY, squareX, squareY, both] = [0, 0, 0, 0, 0];
  await through(xs.length, breathe, (from, to) => {
    for (let at = from; at < to; at++) {
      const [x, y] = [n(xs[at]) - meanX, n(ys[at]) - meanY];
      meanX += x / (at + 1);
      meanY += y / (at + 1);
      squareX += x * (n(xs[at]) - meanX);
      squareY += y * (n(ys[at]) - meanY);
      both += x * (n(ys[at]) - meanY);
    }
  });
  return squareX > 0 && squareY > 0 ? both / Math.sqrt(squareX * squareY) : Number.NaN;
}

/**
 * The rank of each, equal ones sharing the mean of theirs. Sorted by the bits of the numbers, eleven at a time: as fast as it gets, and in
 * three parts.
 *
 * @param {Float32Array} values no NaN @param {Breathe} breathe
 */
export async function ranked(values, breathe) {
  const count = values.length;
  const own = new Float32Array(count);
  const keys = new Uint32Array(own.buffer);
  let [order, next] = [new Uint32Array(count), new Uint32Array(count)];
  await through(count, breathe, (from, to) => {
    for (let at = from; at < to; at++) {
      // Zero has two forms, which are equal.
      own[at] = n(values[at]) + 0;
      const bits = n(keys[at]);
      keys[at] = bits >>> 31 ? ~bits : bits | 0x80000000;
      order[at] = at;
    }
  });
  for (const shift of [0, 11, 22]) {
    const starts = new Uint32Array(2049);
    await through(count, breathe, (from, to) => {
      for (let at = from; at < to; at++) {
        const digit = ((n(keys[at]) >>> shift) & 2047) + 1;
        starts[digit] = n(starts[digit]) + 1;
      }
    });
    for (let digit = 1; digit <= 2048; digit++) starts[digit] = n(starts[digit]) + n(starts[digit - 1]);
    const [present, sorted] = [order, next];
    await through(count, breathe, (from, to) => {
      for (let at = from; at < to; at++) {
        const item = n(present[at]);
        const digit = (n(keys[item]) >>> shift) & 2047;
        const place = n(starts[digit]);
        sorted[place] = item;
        starts[digit] = place + 1;
      }
    });
    [order, next] = [sorted, present];
  }
  // Where equal ones begin, then how many they are: forwards and backwards, so that no run of them is too long for a slice.
  const ranks = new Float64Array(count);
  let first = 0;
  await through(count, breathe, (from, to) => {
    for (let at = from; at < to; at++) {
      if (at && keys[n(order[at])] !== keys[n(order[at - 1])]) first = at;
      ranks[n(order[at])] = first;
    }
  });
  let last = count - 1;
  await through(count, breathe, (from, to) => {
    for (let back = from; back < to; back++) {
      const at = count - 1 - back;
      if (back && keys[n(order[at])] !== keys[n(order[at + 1])]) last = at;
      ranks[n(order[at])] = (n(ranks[n(order[at])]) + last) / 2 + 1;
    }
  });
  return ranks;
}

/** What an axis is marked with: round numbers, a handful. @param {Axis} axis @returns {number[]} */
export function ticks({ low, high, log }) {
  if (log) {
    const far = Math.max(Math.abs(low), Math.abs(high), 1);
    for (const parts of [[1], [1, 3], [1, 2, 5]]) {
      /** @type {number[]} */
      const found = low <= 0 && high >= 0 ? [0] : [];
      for (let power = 1; power <= far; power *= 10) {
        for (const part of parts) for (const sign of [-1, 1]) found.push(sign * part * power);
      }
      const within = found.filter((value) => value >= low && value <= high).sort((a, b) => a - b);
      if (within.length >= 4) return within;
    }
  }
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** What the type checker thinks may be missing. @param {number | undefined} value @returns {number} */
const n = (value) => /** @type {number} */ (value);
