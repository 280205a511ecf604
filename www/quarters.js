/** The middle of numbers, and of either half, without sorting all of them: a million take a few milliseconds. */

/** Rounds after which what is left is sorted after all: only numbers laid out to be bad need so many. */
const ROUNDS = 80;

/**
 * The median, and the values that a quarter and three quarters lie below; between two values in proportion, NaN where there is none.
 *
 * @param {Float32Array} values put into another order by it
 * @returns {{ low: number, median: number, high: number }}
 */
export function quarters(values) {
  const last = values.length - 1;
  // What lies before the middle is no larger than what lies behind: either half by itself then.
  const median = at(values, 0.5 * last, 0, last);
  const middle = Math.max(0, Math.floor(0.5 * last));
  return { low: at(values, 0.25 * last, 0, middle), median, high: at(values, 0.75 * last, middle, last) };
}

/**
 * The value that sorting would put at a place, or between two; NaN where there is none.
 *
 * @param {Float32Array} values @param {number} place @param {number} from @param {number} to the part that it is in, both ends included
 */
function at(values, place, from, to) {
  if (to < 0) return Number.NaN;
  const whole = Math.floor(place);
  settle(values, whole, from, to);
  const own = Number(values[whole]);
  if (place === whole) return own;
  let next = Infinity;
  for (let other = whole + 1; other < values.length; other++) next = Math.min(next, Number(values[other]));
  return own + (next - own) * (place - whole);
}

/**
 * Puts the value there that sorting would, no larger ones before it, no smaller ones behind.
 *
 * @param {Float32Array} values @param {number} wanted @param {number} left @param {number} right the part that it is in
 */
function settle(values, wanted, left, right) {
  for (let round = 0; left < right; round++) {
    if (round > ROUNDS) {
      values.subarray(left, right + 1).sort();
      return;
    }
    const pivot = Number(values[(left + right) >> 1]);
    let [low, high] = [left, right];
    while (low <= high) {
      while (Number(values[low]) < pivot) low++;
      while (Number(values[high]) > pivot) high--;
      if (low > high) break;
      const one = Number(values[low]);
      values[low++] = Number(values[high]);
      values[high--] = one;
    }
    if (wanted <= high) right = high;
    else if (wanted >= low) left = low;
    else return;
  }
}
