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

/**
 * @param {Float32Array} coordinates @param {2 | 3} axes numbers per point
 * @param {Float32Array} m matrix from data to clip space
 * @param {Frame} frame
 * @param {Array<[number, number]>} outline corners in CSS pixels; two of them span a rectangle
 * @param {(cell: number) => boolean} [counts] cells that can be chosen; all when left out
 * @returns {Uint32Array} ascending
 */
export function inside(coordinates, axes, m, frame, outline, counts = () => true) {
  const corners = outline.length === 2 ? rectangle(outline) : outline;
  const cells = coordinates.length / axes;
  const found = new Uint32Array(cells);
  if (corners.length < 3) return found.subarray(0, 0);
  const width = Math.max(1, Math.ceil(frame.width));
  const height = Math.max(1, Math.ceil(frame.height));
  const mask = fill(corners, width, height);
  const [ax, ay, aw, bx, by, bw] = [num(m[0]), num(m[1]), num(m[3]), num(m[4]), num(m[5]), num(m[7])];
  const [cx, cy, cw, dx, dy, dw] = [num(m[8]), num(m[9]), num(m[11]), num(m[12]), num(m[13]), num(m[15])];
  let count = 0;
  for (let cell = 0; cell < cells; cell++) {
    const at = cell * axes;
    const [x, y, z] = [num(coordinates[at]), num(coordinates[at + 1]), axes === 3 ? num(coordinates[at + 2]) : 0];
    const w = aw * x + bw * y + cw * z + dw;
    if (!(w > 0)) continue;
    const left = (((ax * x + bx * y + cx * z + dx) / w + 1) * frame.width) / 2;
    const top = ((1 - (ay * x + by * y + cy * z + dy) / w) * frame.height) / 2;
    // What is not on the screen was not chosen, nor what has no place.
    if (!(left >= 0 && top >= 0 && left < width && top < height)) continue;
    const byte = mask[Math.floor(top) * width + Math.floor(left)];
    if (byte === OUT || (byte === EDGE && !within(corners, left, top))) continue;
    if (counts(cell)) found[count++] = cell;
  }
  return found.slice(0, count);
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
 * @param {Array<[number, number]>} corners @param {number} width @param {number} height
 */
function fill(corners, width, height) {
  const mask = new Uint8Array(width * height);
  const edges = corners.map((from, at) => /** @type {const} */ ([from, corners[(at + 1) % corners.length] ?? from]));
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const crossings = [];
    for (const [[x1, y1], [x2, y2]] of edges) {
      if (y1 > y !== y2 > y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
    }
    crossings.sort((a, b) => a - b);
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      const from = Math.max(0, Math.ceil(num(crossings[at]) - 0.5));
      const to = Math.min(width, Math.ceil(num(crossings[at + 1]) - 0.5));
      if (from < to) mask.fill(IN, row * width + from, row * width + to);
    }
  }
  // A pixel around every step along the edges: wider than needed, so that no pixel is taken for whole that is not.
  for (const [[x1, y1], [x2, y2]] of edges) {
    const steps = Math.min(100_000, Math.ceil(2 * Math.hypot(x2 - x1, y2 - y1)) + 1);
    for (let step = 0; step <= steps; step++) {
      const column = Math.floor(x1 + ((x2 - x1) * step) / steps);
      const row = Math.floor(y1 + ((y2 - y1) * step) / steps);
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) mask[y * width + x] = EDGE;
      }
    }
  }
  return mask;
}

/** @param {Array<[number, number]>} corners @param {number} x @param {number} y */
function within(corners, x, y) {
  let odd = false;
  let [x1, y1] = corners.at(-1) ?? [0, 0];
  for (const [x2, y2] of corners) {
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) odd = !odd;
    [x1, y1] = [x2, y2];
  }
  return odd;
}

/** An element that is known to be there. @param {number | undefined} value */
const num = (value) => /** @type {number} */ (value);
