/**
 * The order in which points are drawn: a random permutation, the same for every visit. No category ends up on top of the others
 * because it came last in the file, and any prefix of the order is a fair sample, drawn while the camera moves.
 */

const SEED = 0x9e3779b9;
/** Points that are put in order without a pause. */
const SLICE = 1 << 18;
/** Points that are put in order before their coordinates are there. */
const MOST = 1 << 24;
/** What was made ahead. */
let ready = new Uint32Array();

/** @param {number} count @returns {Uint32Array} */
export function shuffle(count) {
  if (ready.length === count) return ready;
  const order = new Uint32Array(count);
  mix(order, SEED, 0, count);
  return order;
}

/** Makes the order ahead, a slice at a time, so that hands are not held up. @param {number} count as a file says it: it has yet to be seen */
export async function ordered(count) {
  if (count > MOST) return;
  const order = new Uint32Array(count);
  for (let from = 0, state = SEED; from < count; from += SLICE) {
    if (from) await new Promise((next) => setTimeout(next));
    state = mix(order, state, from, Math.min(count, from + SLICE));
  }
  ready = order;
}

/** @param {Uint32Array} order @param {number} state of what is random @param {number} from @param {number} to @returns {number} the next state */
function mix(order, state, from, to) {
  for (let at = from; at < to; at++) {
    // xorshift32: small, and good enough to look random
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = Math.floor(((state >>> 0) / 4294967296) * (at + 1));
    order[at] = /** @type {number} */ (order[other]);
    order[other] = at;
  }
  return state;
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
