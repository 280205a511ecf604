/**
 * Lines drawn by the processor, one pixel wide, as a graphics card draws them (see lines.js).
 *
 * @import { Scene } from "./points.js"
 * @import { Cells } from "./project.js"
 * @typedef {{ width: number, height: number, pixels: Int32Array }} Ground solid colours, rows from above
 */
import { faint } from "./lines.js";
import { mixed, packed } from "./project.js";

/** Lines between two looks at the clock. */
const SLICE = 4096;
const MUTED = 63;

/**
 * Lines between cells, from one of them on, for a while.
 *
 * @param {Ground} ground @param {Cells} cells @param {Scene} scene
 * @param {{ pairs: Uint32Array, done: number, end: number, patience: number }} how two cells per line; lines that are drawn, and that are to be
 * @returns {number} lines that are drawn now
 */
export function between(ground, { places, axes, flags }, scene, { pairs, done, end, patience }) {
  const project = projector(scene.view, ground);
  const ink = packed(scene.marker, 0);
  const part = Math.round(256 * faint(pairs.length));
  const until = performance.now() + patience;
  const ends = new Float64Array(4);
  const gone = (/** @type {number} */ cell) => flags !== null && (n(flags[cell]) & 1 || n(flags[cell]) >> 2 === MUTED);
  while (done < end) {
    for (const stop = Math.min(end, done + SLICE); done < stop; done++) {
      const [a, b] = [n(pairs[2 * done]), n(pairs[2 * done + 1])];
      if (gone(a) || gone(b)) continue;
      const [from, to] = [a * axes, b * axes];
      const seen =
        project(ends, 0, n(places[from]), n(places[from + 1]), axes === 3 ? n(places[from + 2]) : 0) &&
        project(ends, 2, n(places[to]), n(places[to + 1]), axes === 3 ? n(places[to + 2]) : 0);
      if (seen) line(ground, ends, ink, part);
    }
    if (performance.now() > until) break;
  }
  return done;
}

/** Lines of a vector field: two pixels wide. @param {Ground} ground @param {Float32Array} flow four numbers per end @param {Scene} scene */
export function along(ground, flow, scene) {
  const project = projector(scene.view, ground);
  const ink = packed(scene.marker, 0);
  const ends = new Float64Array(4);
  for (const [right, up] of /** @type {const} */ ([
    [0, 0],
    [1, 0],
    [0, 1],
  ])) {
    for (let at = 0; at + 8 <= flow.length; at += 8) {
      const seen =
        project(ends, 0, n(flow[at]), n(flow[at + 1]), n(flow[at + 2])) &&
        project(ends, 2, n(flow[at + 4]), n(flow[at + 5]), n(flow[at + 6]));
      if (!seen) continue;
      for (const end of [0, 2]) {
        ends[end] = n(ends[end]) + right;
        ends[end + 1] = n(ends[end + 1]) - up;
      }
      line(ground, ends, ink, Math.round(128 * (n(flow[at + 3]) + n(flow[at + 7]))));
    }
  }
}

/**
 * From data to pixels.
 *
 * @param {Float32Array} m @param {Ground} ground
 * @returns {(out: Float64Array, at: number, x: number, y: number, z: number) => boolean} whether it lies before the eye; a line that goes
 * behind it is not drawn
 */
function projector(m, { width, height }) {
  const [ax, ay, aw, bx, by, bw] = [n(m[0]), n(m[1]), n(m[3]), n(m[4]), n(m[5]), n(m[7])];
  const [cx, cy, cw, dx, dy, dw] = [n(m[8]), n(m[9]), n(m[11]), n(m[12]), n(m[13]), n(m[15])];
  return (out, at, x, y, z) => {
    const w = aw * x + bw * y + cw * z + dw;
    out[at] = (((ax * x + bx * y + cx * z + dx) / w + 1) * width) / 2;
    out[at + 1] = ((1 - (ay * x + by * y + cy * z + dy) / w) * height) / 2;
    return w > 0 && Number.isFinite(n(out[at]) + n(out[at + 1]));
  };
}

/** One pixel per step along the longer side. @param {Ground} ground @param {Float64Array} ends @param {number} ink @param {number} part 0 to 256 */
function line({ width, height, pixels }, ends, ink, part) {
  const flat = Math.abs(n(ends[2]) - n(ends[0])) >= Math.abs(n(ends[3]) - n(ends[1]));
  // Along the way `a`, across it `b`.
  const way = flat ? 0 : 1;
  let [a, b, c, d] = [n(ends[way]), n(ends[1 - way]), n(ends[2 + way]), n(ends[3 - way])];
  if (a > c) [a, b, c, d] = [c, d, a, b];
  const [long, wide, forth, aside] = flat ? [width, height, 1, width] : [height, width, width, 1];
  const slope = c > a ? (d - b) / (c - a) : 0;
  const from = Math.max(0, Math.ceil(a - 0.5));
  const to = Math.min(long, Math.ceil(c - 0.5));
  for (let step = from; step < to; step++) {
    const across = Math.floor(b + (step + 0.5 - a) * slope);
    if (across < 0 || across >= wide) continue;
    const pixel = step * forth + across * aside;
    pixels[pixel] = mixed(n(pixels[pixel]), ink, part);
  }
}

/** What the type checker thinks may be missing. @param {number | undefined} value @returns {number} */
const n = (value) => /** @type {number} */ (value);
