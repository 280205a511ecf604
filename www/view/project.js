/**
 * Where points lie, how large, in which colour and how far in front: what the vertex shader says (see shaders.js), said by the
 * processor, a block of points at a time. In blocks, because waiting for one cell's place while asking for the next one's is most of it.
 *
 * @import { Scene } from "./points.js"
 *
 * @typedef {object} Cells
 * @property {Float32Array} places `axes` numbers per cell
 * @property {number} axes
 * @property {Uint32Array} order
 * @property {Uint8Array | null} flags
 * @property {Float32Array} marks
 * @property {Uint16Array} indices
 * @property {Uint8Array} palette
 *
 * @typedef {[number, number, number, number]} Four
 * @typedef {[...Four, ...Four, ...Four, ...Four]} Sixteen
 * @typedef {{ left: number, top: number, width: number, height: number }} Window pixels of the plot, from its upper left corner
 */

/** Points of a block. */
export const BLOCK = 2048;
const MUTED = 63;

/** Which points are asked for, as the shader numbers them. */
export const [ALL, PLAIN, RAISED, DULL] = [0, 1, 2, 3];

/** Points that may be seen in a window, in their order. */
export class Block {
  /** How many there are. */
  count = 0;
  cell = new Uint32Array(BLOCK);
  /** Pixels from the window's upper left corner. */
  x = new Float32Array(BLOCK);
  y = new Float32Array(BLOCK);
  radius = new Float32Array(BLOCK);
  /** Less is nearer, -1 to 1. */
  depth = new Float32Array(BLOCK);
  /** Red, green, blue, 255 as bytes. */
  ink = new Int32Array(BLOCK);
  /** Colour of the ring; 0 for none. */
  mark = new Int32Array(BLOCK);
  /** 1 where a point can be picked. */
  live = new Uint8Array(BLOCK);
  #gathered = {
    cell: new Uint32Array(BLOCK),
    x: new Float32Array(BLOCK),
    y: new Float32Array(BLOCK),
    z: new Float32Array(BLOCK),
    paint: new Uint16Array(BLOCK),
    flag: new Uint8Array(BLOCK),
  };

  /**
   * @param {Cells} cells @param {Scene} scene @param {{ layer: number, part: number, least: number }} how
   * @param {Window} window @param {number} begin @param {number} end of the order
   */
  fill({ places, axes, order, flags, marks, indices, palette }, scene, { layer, part, least }, window, begin, end) {
    const box = scene.boxes[layer] ?? window;
    const [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = sixteen(scene.view);
    const [halfWidth, halfHeight] = [box.width / 2, box.height / 2];
    const { reach, hovered, size } = scene;
    const ranked = scene.ranked[layer] === true;
    const tones = new Int32Array(palette.buffer, palette.byteOffset, palette.length >> 2);
    const [ground, marker, muted] = [packed(scene.ground, 0), packed(scene.marker, 0), packed(scene.muted, 0)];
    const { left, top, width, height } = window;
    const { cell: ids, x: xs, y: ys, radius: radii, depth, ink: inks, mark, live } = this;
    const near = this.#gathered;
    // First only brought together: the shorter this loop, the more cells the processor waits for at once.
    for (let at = begin, to = 0; at < end; at++, to++) {
      const cell = n(order[at]);
      const from = cell * axes;
      near.cell[to] = cell;
      near.x[to] = n(places[from]);
      near.y[to] = n(places[from + 1]);
      if (axes === 3) near.z[to] = n(places[from + 2]);
      near.paint[to] = n(indices[cell]);
      if (flags) near.flag[to] = n(flags[cell]);
    }
    let count = 0;
    for (let at = 0; at < end - begin; at++) {
      const cell = n(near.cell[at]);
      const paint = n(near.paint[at]);
      let ink = n(tones[paint]);
      const flag = flags === null ? 0 : n(near.flag[at]);
      if (ink >>> 24 === 0 || flag & 1) continue;
      const dull = flag >> 2 === MUTED;
      const lit = cell === hovered;
      const raised = flag > 1 && !dull;
      if (part !== ALL && part !== (lit || raised ? RAISED : dull ? DULL : PLAIN)) continue;
      const px = n(near.x[at]);
      const py = n(near.y[at]);
      const pz = axes === 3 ? n(near.z[at]) : 0;
      let x = a0 * px + b0 * py + c0 * pz + d0;
      let y = a1 * px + b1 * py + c1 * pz + d1;
      let z = 0;
      let w = 1;
      let pixels = size;
      if (dull) ink = muted;
      if (reach > 0) {
        z = a2 * px + b2 * py + c2 * pz + d2;
        w = a3 * px + b3 * py + c3 * pz + d3;
        pixels *= Math.min(6, Math.max(0.2, reach / Math.max(w, 1e-6)));
        ink = mixed(ink, ground, (256 * Math.min(0.5, Math.max(0, (w / reach - 0.85) * 0.8)) + 0.5) | 0);
      } else z = paint === 0 ? 0.98 : ranked ? 0.9 - (1.8 * (paint & 255)) / 255 : 0;
      if (dull) {
        z = 0.99 * w + 0.01 * z;
        pixels *= 0.8;
      } else if (raised) {
        z = reach > 0 ? 0.02 * z - 0.98 * w : -0.95;
        pixels = pixels * 1.25 + 2;
      }
      if (lit) {
        z = -w;
        pixels = pixels * 1.5 + 5;
      }
      if (!(z <= w && z >= -w)) continue;
      const radius = Math.min(62, Math.max(least, pixels)) / 2;
      x = (x / w + 1) * halfWidth - left;
      y = (1 - y / w) * halfHeight - top;
      const far = radius + 0.5;
      if (!(x + far > 0 && y + far > 0 && x - far < width && y - far < height)) continue;
      ids[count] = cell;
      xs[count] = x;
      ys[count] = y;
      radii[count] = radius;
      depth[count] = z / w;
      inks[count] = ink;
      mark[count] = lit || raised ? (flag > 3 && !lit && !dull ? packed(marks, 3 * (flag >> 2)) : marker) : 0;
      live[count] = dull ? 0 : 1;
      count++;
    }
    this.count = count;
  }
}

/** @param {ArrayLike<number>} tone 0 to 1 @param {number} from the number of the first @returns {number} red, green, blue, 255 as bytes */
export function packed(tone, from) {
  const [r, g, b] = [0, 1, 2].map((band) => Math.round(255 * n(tone[from + band])));
  return n(r) | (n(g) << 8) | (n(b) << 16) | (255 << 24);
}

/**
 * @param {number} a as bytes @param {number} b as bytes
 * @param {number} to share of the second, 0 to 256, a whole number
 */
export function mixed(a, b, to) {
  const from = 256 - to;
  const outer = ((Math.imul(a & 0xff00ff, from) + Math.imul(b & 0xff00ff, to) + 0x800080) >>> 8) & 0xff00ff;
  const inner = (Math.imul((a >>> 8) & 0xff00ff, from) + Math.imul((b >>> 8) & 0xff00ff, to) + 0x800080) & 0xff00ff00;
  return outer | inner;
}

/** What the type checker thinks may be missing. @param {number | undefined} value @returns {number} */
const n = (value) => /** @type {number} */ (value);
/** @param {Float32Array} matrix */
const sixteen = (matrix) => /** @type {Sixteen} */ (/** @type {unknown} */ (matrix));
