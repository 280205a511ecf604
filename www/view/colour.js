/**
 * Colours. Every cell has a small number, its index; a palette says what colour each index is. Recolouring by a gene writes two bytes
 * per cell, hiding a category or changing to the dark scheme only the palette.
 *
 * Index 0 is "no value". Categories take code + 1. Numbers take 1 for exactly zero where zeros are many, and 2 to 255 along the ramp.
 *
 * @typedef {[number, number, number]} Rgb 0 to 255
 * @typedef {object} Summary
 * @property {number} low least finite value
 * @property {number} high greatest finite value
 * @property {[number, number]} range where most values lie: the ends of the ramp to begin with
 * @property {number} missing how many are not finite
 * @property {number} zeros how many are exactly zero
 * @property {boolean} sparse zeros are many and nothing is below them, as in a gene's counts
 */

import { RAMPS } from "./ramps.js";

export const WIDTH = 256;
const FIRST = 2;
const LAST = 255;

/**
 * The first twelve: found by search for the largest least distance between any two, in normal sight and as seen with protanopia and
 * deuteranopia, among colours that stand out from both a white and a dark ground.
 */
const TWELVE = "884bf6 d6b603 357518 34c8fd d7314b fd9cba e2781f 325cbd 69ba7c 923e81 7290fa bb76b5".split(" ");

const ZERO = { light: "dcdee3", dark: "333a46" };
const MISSING = { light: "d0d3da", dark: "434b59" };

/** @typedef {"light" | "dark"} Scheme */

/** @typedef {{ name: import("./ramps.js").RampName, reverse: boolean, log?: boolean }} Choice */
/** @type {Choice} */
const STANDARD = { name: "standard", reverse: false };

/** @param {string} hex with or without the hash @returns {Rgb} */
export function rgb(hex) {
  const value = Number.parseInt(hex.replace("#", ""), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colour of a category by its code. @param {number} code @returns {Rgb} */
export function category(code) {
  const fixed = TWELVE[code];
  if (fixed) return rgb(fixed);
  // The golden angle keeps neighbours far apart in hue; lightness and strength cycle at other periods.
  const turn = code - TWELVE.length;
  const hue = (turn * 137.508 + 20) * (Math.PI / 180);
  const lightness = [0.68, 0.56, 0.78][turn % 3] ?? 0.68;
  return oklch(lightness, turn % 2 ? 0.1 : 0.15, hue);
}

/** @param {number} step 0 to 1 @param {Scheme} scheme @param {Choice} [choice] @returns {Rgb} */
export function ramp(step, scheme, { name, reverse } = STANDARD) {
  const stops = RAMPS[name][scheme];
  const whole = Math.min(1, Math.max(0, step));
  const at = (reverse ? 1 - whole : whole) * (stops.length - 1);
  const [from, to] = [rgb(stops[Math.floor(at)] ?? "0"), rgb(stops[Math.ceil(at)] ?? "0")];
  const part = at - Math.floor(at);
  return /** @type {Rgb} */ (from.map((value, band) => Math.round(value + part * ((to[band] ?? 0) - value))));
}

/** @param {Scheme} scheme */
export const zero = (scheme) => rgb(ZERO[scheme]);
/** @param {Scheme} scheme */
export const missing = (scheme) => rgb(MISSING[scheme]);

/** @param {Rgb} colour */
export const css = (colour) => `rgb(${colour.join(" ")})`;

/** @param {Rgb} colour */
export const hex = (colour) => `#${colour.map((band) => band.toString(16).padStart(2, "0")).join("")}`;

/**
 * The palette of a category field; hidden ones are transparent. Rows of 256.
 *
 * @param {number} labels @param {ReadonlySet<number>} hidden @param {Scheme} scheme @param {(code: number) => Rgb} [tone]
 * @returns {Uint8Array}
 */
export function categoryPalette(labels, hidden, scheme, tone = category) {
  const out = new Uint8Array(Math.ceil((labels + 1) / WIDTH) * WIDTH * 4);
  out.set([...missing(scheme), hidden.has(-1) ? 0 : 255], 0);
  for (let code = 0; code < labels; code++) {
    out.set([...tone(code), hidden.has(code) ? 0 : 255], (code + 1) * 4);
  }
  return out;
}

/** @param {Scheme} scheme @param {Choice} [choice] @returns {Uint8Array} */
export function numberPalette(scheme, choice = STANDARD) {
  const out = new Uint8Array(WIDTH * 4);
  out.set([...missing(scheme), 255], 0);
  out.set([...zero(scheme), 255], 4);
  for (let index = FIRST; index <= LAST; index++) {
    out.set([...ramp((index - FIRST) / (LAST - FIRST), scheme, choice), 255], index * 4);
  }
  return out;
}

/**
 * @param {Uint8Array | Uint16Array} codes
 * @param {number} labels how many there are
 * @returns {{ indices: Uint16Array, counts: Uint32Array, missing: number }}
 */
export function categories(codes, labels) {
  const indices = new Uint16Array(codes.length);
  const counts = new Uint32Array(labels);
  let absent = 0;
  for (let cell = 0; cell < codes.length; cell++) {
    const code = /** @type {number} */ (codes[cell]);
    if (code < labels) {
      indices[cell] = code + 1;
      counts[code] = /** @type {number} */ (counts[code]) + 1;
    } else absent++;
  }
  return { indices, counts, missing: absent };
}

/**
 * @param {Float32Array} values
 * @returns {Summary}
 */
export function summarise(values) {
  let [low, high, absent, zeros] = [Infinity, -Infinity, 0, 0];
  for (let cell = 0; cell < values.length; cell++) {
    const value = /** @type {number} */ (values[cell]);
    if (!Number.isFinite(value)) absent++;
    else {
      if (value < low) low = value;
      if (value > high) high = value;
      if (value === 0) zeros++;
    }
  }
  if (low > high) [low, high] = [0, 1];
  const sparse = low === 0 && high > 0 && zeros > 0.1 * values.length;
  return { low, high, range: core(values, low, high, sparse), missing: absent, zeros, sparse };
}

/**
 * The range that shows most cells well: everything, unless a few far values would squeeze the rest into a corner of the ramp.
 *
 * @param {Float32Array} values @param {number} low @param {number} high @param {boolean} sparse
 * @returns {[number, number]}
 */
function core(values, low, high, sparse) {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const some = Float32Array.from({ length: Math.ceil(values.length / step) }, (_, at) => Number(values[at * step]));
  const sample = some.filter((value) => Number.isFinite(value) && !(sparse && value === 0)).sort();
  const from = sample[Math.floor(sample.length * 0.005)] ?? low;
  const to = sample[Math.ceil(sample.length * 0.995) - 1] ?? high;
  const squeezed = sample.length >= 200 && to > from && to - from < 0.5 * (high - low);
  return squeezed ? [sparse ? 0 : from, to] : [low, high];
}

/**
 * @param {Float32Array} values @param {[number, number]} range @param {boolean} sparse give exact zeros their own colour
 * @param {boolean} [log] by the logarithm
 * @returns {Uint16Array}
 */
export function quantise(values, [low, high], sparse, log = false) {
  const indices = new Uint16Array(values.length);
  const from = log ? bent(low) : low;
  const scale = high > low ? (LAST - FIRST) / ((log ? bent(high) : high) - from) : 0;
  for (let cell = 0; cell < values.length; cell++) {
    const value = /** @type {number} */ (values[cell]);
    if (Number.isNaN(value)) continue;
    const within = Math.min(high, Math.max(low, value));
    const step = Math.round(((log ? bent(within) : within) - from) * scale);
    indices[cell] = sparse && value === 0 ? 1 : FIRST + step;
  }
  return indices;
}

/** The logarithm of value + 1, mirrored below zero: so that zeros and negative numbers have one, too. @param {number} value */
export const bent = (value) => Math.sign(value) * Math.log1p(Math.abs(value));

/**
 * The values below which given shares of all lie.
 *
 * @param {Float32Array} values @param {number[]} shares 0 to 1 @param {boolean} sparse without exact zeros
 * @returns {number[]}
 */
export function quantiles(values, shares, sparse) {
  const sorted = values.filter((value) => Number.isFinite(value) && !(sparse && value === 0)).sort();
  return shares.map((share) => {
    const at = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
    return low + (high - low) * (at - Math.floor(at));
  });
}

/**
 * How many values fall into each of equal bins from low to high; exact zeros of a sparse field are left out.
 *
 * @param {Float32Array} values @param {Summary} summary @param {number} bins
 * @returns {Uint32Array}
 */
export function histogram(values, { low, high, sparse }, bins) {
  const out = new Uint32Array(bins);
  const scale = high > low ? bins / (high - low) : 0;
  for (let cell = 0; cell < values.length; cell++) {
    const value = /** @type {number} */ (values[cell]);
    if (!Number.isFinite(value) || (sparse && value === 0)) continue;
    const bin = Math.min(bins - 1, Math.floor((value - low) * scale));
    out[bin] = /** @type {number} */ (out[bin]) + 1;
  }
  return out;
}

/** @param {number} lightness @param {number} chroma @param {number} hue radians @returns {Rgb} */
function oklch(lightness, chroma, hue) {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return /** @type {Rgb} */ (
    linear.map((value) => {
      const clipped = Math.min(1, Math.max(0, value));
      return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
    })
  );
}
