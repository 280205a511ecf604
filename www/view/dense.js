/**
 * Shading by density, by the processor: from sums of colours and covers to what is seen, as density.js says it to a graphics card.
 *
 * @import { Sheet } from "./stamp.js"
 */

/** Side of the blocks whose mean tells how dense it gets, in pixels. */
const BLOCK = 16;

/**
 * @param {Sheet} sheet with sums @param {number} opacity
 * @returns {Int32Array} red, green, blue, alpha as bytes, premultiplied; rows from above
 */
export function shaded({ width, height, sums }, opacity) {
  const out = new Int32Array(width * height);
  if (!sums) return out;
  // The densest block is solid; a cell alone stays to be seen.
  const scale = 0.8 / Math.log(1 + densest(sums, width, height));
  for (let at = 0; at < out.length; at++) {
    const sum = n(sums[4 * at + 3]);
    if (sum <= 0) continue;
    const solid = opacity * Math.min(1, sum) * Math.min(1, 0.2 + scale * Math.log(1 + sum));
    const share = (255 * solid) / sum;
    const [r, g, b] = [n(sums[4 * at]) * share, n(sums[4 * at + 1]) * share, n(sums[4 * at + 2]) * share];
    out[at] = (r + 0.5) | ((g + 0.5) << 8) | ((b + 0.5) << 16) | ((255 * solid + 0.5) << 24);
  }
  return out;
}

/** The largest mean of a block, at least 1. @param {Float32Array} sums @param {number} width @param {number} height */
function densest(sums, width, height) {
  const columns = Math.ceil(width / BLOCK);
  const row = new Float64Array(columns);
  let most = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) row[(x / BLOCK) | 0] = n(row[(x / BLOCK) | 0]) + n(sums[4 * (y * width + x) + 3]);
    if ((y + 1) % BLOCK && y + 1 < height) continue;
    for (const sum of row) most = Math.max(most, sum / BLOCK ** 2);
    row.fill(0);
  }
  return most;
}

/** What the type checker thinks may be missing. @param {number | undefined} value @returns {number} */
const n = (value) => /** @type {number} */ (value);
