/**
 * Which points lie in an outline on the screen. The outline is filled into a mask of one byte per pixel; every point is projected and
 * looks up its byte. Only pixels that an edge touches are decided by geometry, so the answer is exact and a million points take little
 * longer than projecting them. The same in two and three dimensions.
 *
 * @import { Frame } from "./camera.js"
 */

const OUT = 0;
const IN = 1;
const EDGE = 2;

/** Points that are looked at without a pause: some ten milliseconds. */
export const SLICE = 1 << 18;

/**
 * @typedef {object} Enclosing
 * @property {Float32Array} coordinates
 * @property {2 | 3} axes numbers per point
 * @property {Float32Array} matrix from data to clip space
 * @property {Frame} frame
 * @property {Array<[number, number]>} outline corners in CSS pixels; two of them span a rectangle
 * @property {(cell: number) => boolean} [counts] cells that can be chosen; all when left out
 */

/**
 * @param {Float32Array} coordinates @param {2 | 3} axes @param {Float32Array} matrix @param {Frame} frame
 * @param {Array<[number, number]>} outline @param {(cell: number) => boolean} [counts]
 * @returns {Uint32Array} ascending
 */
export function inside(coordinates, axes, matrix, frame, outline, counts) {
  const { look, found } = looker({ coordinates, axes, matrix, frame, outline, counts });
  look(0, coordinates.length / axes);
  return found();
}

/**
 * The same a slice at a time, so that hands are not held up, however many points there are.
 *
 * @param {Enclosing} what @param {() => Promise<unknown>} [pause] between slices
 * @returns {Promise<Uint32Array>} ascending
 */
export async function enclosed(what, pause = () => new Promise((next) => setTimeout(next))) {
  const { look, found } = looker(what);
  const cells = what.coordinates.length / what.axes;
  for (let from = 0; from < cells; from += SLICE) {
    if (from) await pause();
    look(from, Math.min(cells, from + SLICE));
  }
  return found();
}

/** @param {Enclosing} what */
function looker({ coordinates, axes, matrix: m, frame, outline, counts = () => true }) {
  const corners = outline.length === 2 ? rectangle(outline) : outline;
  const found = new Uint32Array(corners.length < 3 ? 0 : coordinates.length / axes);
  const width = Math.max(1, Math.ceil(frame.width));
  const height = Math.max(1, Math.ceil(frame.height));
  const [xs, ys] = [Float64Array.from(corners, ([x]) => x), Float64Array.from(corners, ([, y]) => y)];
  const mask = fill(xs, ys, width, height);
  const [ax, ay, aw, bx, by, bw] = [num(m[0]), num(m[1]), num(m[3]), num(m[4]), num(m[5]), num(m[7])];
  const [cx, cy, cw, dx, dy, dw] = [num(m[8]), num(m[9]), num(m[11]), num(m[12]), num(m[13]), num(m[15])];
  let count = 0;
  /** @param {number} from @param {number} to */
  const look = (from, to) => {
    for (let cell = from; cell < to; cell++) {
      const at = cell * axes;
      const x = num(coordinates[at]);
      const y = num(coordinates[at + 1]);
      const z = axes === 3 ? num(coordinates[at + 2]) : 0;
      const w = aw * x + bw * y + cw * z + dw;
      if (!(w > 0)) continue;
      const left = (((ax * x + bx * y + cx * z + dx) / w + 1) * frame.width) / 2;
      const top = ((1 - (ay * x + by * y + cy * z + dy) / w) * frame.height) / 2;
      // What is not on the screen was not chosen, nor what has no place.
      if (!(left >= 0 && top >= 0 && left < width && top < height)) continue;
      const byte = mask[Math.floor(top) * width + Math.floor(left)];
      if (byte === OUT || (byte === EDGE && !within(xs, ys, left, top))) continue;
      if (counts(cell)) found[count++] = cell;
    }
  };
  return { look, found: () => found.slice(0, count) };
}

/** @param {Array<[number, number]>} corners @returns {Array<[number, number]>} */
function rectangle([[left, top] = [0, 0], [right, bottom] = [0, 0]]) {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/**
 * Even-odd: crossing the outline changes sides, so a loop within a loop is a hole.
 *
 * @param {Float64Array} xs @param {Float64Array} ys corners @param {number} width @param {number} height
 */
function fill(xs, ys, width, height) {
  const mask = new Uint8Array(width * height);
  const crossings = new Float64Array(xs.length);
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    let count = 0;
    for (let at = 0, last = xs.length - 1; at < xs.length; last = at++) {
      const [y1, y2] = [num(ys[last]), num(ys[at])];
      if (y1 > y !== y2 > y) crossings[count++] = cross(xs, ys, last, at, y);
    }
    const sorted = crossings.subarray(0, count).sort();
    for (let at = 0; at + 1 < count; at += 2) {
      const from = Math.max(0, Math.ceil(num(sorted[at]) - 0.5));
      const to = Math.min(width, Math.ceil(num(sorted[at + 1]) - 0.5));
      if (from < to) mask.fill(IN, row * width + from, row * width + to);
    }
  }
  // A pixel around every step along the edges: wider than needed, so that no pixel is taken for whole that is not.
  for (let at = 0, last = xs.length - 1; at < xs.length; last = at++) {
    const [x1, y1] = [num(xs[last]), num(ys[last])];
    const [across, down] = [num(xs[at]) - x1, num(ys[at]) - y1];
    const steps = Math.min(100_000, Math.ceil(2 * Math.hypot(across, down)) + 1);
    for (let step = 0; step <= steps; step++) {
      const column = Math.floor(x1 + (across * step) / steps);
      const row = Math.floor(y1 + (down * step) / steps);
      const [left, right] = [Math.max(0, column - 1), Math.min(width, column + 2)];
      for (let y = Math.max(0, row - 1); left < right && y <= Math.min(height - 1, row + 1); y++) {
        for (let x = left; x < right; x++) mask[y * width + x] = EDGE;
      }
    }
  }
  return mask;
}

/**
 * Plain numbers in a plain loop: what lies near the outline decides how long a selection takes.
 *
 * @param {Float64Array} xs @param {Float64Array} ys corners @param {number} x @param {number} y
 */
function within(xs, ys, x, y) {
  let odd = false;
  for (let at = 0, last = xs.length - 1; at < xs.length; last = at++) {
    if (num(ys[last]) > y !== num(ys[at]) > y && x < cross(xs, ys, last, at, y)) odd = !odd;
  }
  return odd;
}

/**
 * Where an edge is at a height.
 *
 * @param {Float64Array} xs @param {Float64Array} ys corners @param {number} from @param {number} to @param {number} y
 */
function cross(xs, ys, from, to, y) {
  const [x1, y1] = [num(xs[from]), num(ys[from])];
  return x1 + ((y - y1) / (num(ys[to]) - y1)) * (num(xs[to]) - x1);
}

/** An element that is known to be there. @param {number | undefined} value */
const num = (value) => /** @type {number} */ (value);
