/**
 * What part of each pixel a round point covers, for drawing without a graphics card: made once for each radius and each place within a
 * pixel, so that a point is a list of pixels and shares. The same rim as the shader's.
 *
 * @typedef {object} Cover
 * @property {number} radius in pixels
 * @property {number} side pixels across
 * @property {number} steps places within a pixel that are told apart, each way
 * @property {Int32Array} from where the list of each place begins, and the last one ends
 * @property {Int32Array} offset of each pixel from the lowest left one
 * @property {Uint16Array} solid how much of it is covered, opacity included, 0 to 256
 * @property {Uint16Array} shade how light the point is there, 0 to 256
 *
 * @typedef {object} Style
 * @property {number} stride pixels from row to row
 * @property {number} opacity
 * @property {number} cut pixels covered less are left out
 * @property {boolean} ball points are shaded as little balls
 */

/** @param {number} radius in pixels @param {Style} style @returns {Cover} */
export function cover(radius, { stride, opacity, cut, ball }) {
  // The smaller a point, the more it matters where in a pixel it lies.
  const steps = radius < 2 ? 16 : radius < 4 ? 8 : 4;
  const side = Math.ceil(2 * radius + 1);
  const from = new Int32Array(steps * steps + 1);
  const [offset, solid, shade] = /** @type {[number[], number[], number[]]} */ ([[], [], []]);
  for (let place = 0; place < steps * steps; place++) {
    // From the first pixel's middle to the point's.
    const x = radius + 0.5 - ((place % steps) + 0.5) / steps;
    const y = radius + 0.5 - (Math.floor(place / steps) + 0.5) / steps;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const away = Math.hypot(x - column, y - row);
        const share = Math.min(1, radius - away + 0.5);
        const amount = Math.round(256 * share * opacity);
        if (share <= cut || amount <= 0) continue;
        offset.push(row * stride + column);
        solid.push(amount);
        shade.push(ball ? Math.round(256 * (1 - 0.3 * Math.min(1, (away / radius) ** 2))) : 256);
      }
    }
    from[place + 1] = offset.length;
  }
  const lists = { offset: Int32Array.from(offset), solid: Uint16Array.from(solid), shade: Uint16Array.from(shade) };
  return { radius, side, steps, from, ...lists };
}
