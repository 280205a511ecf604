/**
 * The order in which points are drawn: a random permutation, the same for every visit. No category ends up on top of the others
 * because it came last in the file, and any prefix of the order is a fair sample, drawn while the camera moves.
 */

/** @param {number} count @returns {Uint32Array} */
export function shuffle(count) {
  const order = new Uint32Array(count);
  let state = 0x9e3779b9;
  for (let at = 0; at < count; at++) {
    // xorshift32: small, and good enough to look random
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = Math.floor(((state >>> 0) / 4294967296) * (at + 1));
    order[at] = /** @type {number} */ (order[other]);
    order[other] = at;
  }
  return order;
}

/**
 * How many points to draw while the camera moves, learnt from the time between frames.
 */
export class Budget {
  #points = 100_000;
  #last = 0;

  /** @param {number} now milliseconds @param {number} count all points @returns {number} */
  next(now, count) {
    const gap = now - this.#last;
    this.#last = now;
    // A long gap is a pause between gestures, not a slow frame.
    if (gap > 28 && gap < 1000) this.#points = Math.max(20_000, this.#points * 0.7);
    else if (gap < 20) this.#points = Math.min(20_000_000, this.#points * 1.25);
    return Math.min(count, Math.round(this.#points));
  }
}
