/**
 * From a field and what was chosen about its colours to what the plot draws.
 *
 * @import { Colour, Ramp, State } from "../state.js"
 * @import { Rgb, Scheme } from "../view/colour.js"
 */
import {
  bent,
  categories,
  category,
  categoryPalette,
  missing,
  numberPalette,
  quantise,
  ramp,
  rgb,
  zero,
} from "../view/colour.js";

/**
 * The colour of a category: the person's choice, else the file's, else the page's own.
 *
 * @param {Colour | null} colour @param {State["tones"]} tones
 * @returns {(code: number) => Rgb}
 */
export function toner(colour, tones) {
  if (colour?.kind !== "category") return category;
  const own = tones[colour.field.path];
  const { colours } = colour;
  return (code) => {
    const given = own?.[code] ?? colours?.[code];
    return given ? rgb(given) : category(code);
  };
}

/** One number per cell. @param {Colour | null} colour @param {[number, number]} range @param {Ramp} choice @param {number} cells */
export function indices(colour, range, choice, cells) {
  if (!colour) return new Uint16Array(cells);
  if (colour.kind === "category") return categories(colour.codes, colour.field.labels.length).indices;
  return quantise(colour.values, range, colour.summary.sparse, choice.log);
}

/**
 * @param {Colour | null} colour @param {ReadonlySet<number>} hidden @param {Pick<State, "ramp" | "tones">} chosen @param {Scheme} scheme
 */
export function palette(colour, hidden, { ramp: choice, tones }, scheme) {
  if (colour?.kind === "continuous") return numberPalette(scheme, choice);
  return categoryPalette(colour?.field.labels.length ?? 0, hidden, scheme, toner(colour, tones));
}

/**
 * The colour of one cell, as the plot draws it.
 *
 * @param {Colour | null} colour @param {[number, number]} range @param {Pick<State, "ramp" | "tones">} chosen @param {Scheme} scheme
 * @returns {(cell: number) => Rgb}
 */
export function shade(colour, range, { ramp: choice, tones }, scheme) {
  if (!colour) return () => missing(scheme);
  if (colour.kind === "category") {
    const tone = toner(colour, tones);
    const { labels } = colour.field;
    return (cell) => {
      const code = colour.codes[cell] ?? labels.length;
      return code < labels.length ? tone(code) : missing(scheme);
    };
  }
  const { values, summary } = colour;
  return (cell) => {
    const value = values[cell] ?? Number.NaN;
    if (Number.isNaN(value)) return missing(scheme);
    if (summary.sparse && value === 0) return zero(scheme);
    return ramp(part(value, range, choice.log), scheme, choice);
  };
}

/** Where a value lies between the ends of the ramp. @param {number} value @param {[number, number]} range @param {boolean} log */
export function part(value, [low, high], log) {
  if (!(high > low)) return 0;
  return log ? (bent(value) - bent(low)) / (bent(high) - bent(low)) : (value - low) / (high - low);
}

/** @param {string} colour as computed styles give it: rgb(…) or color(srgb …) @returns {[number, number, number]} 0 to 1 */
export function parts(colour) {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  return colour.startsWith("rgb") ? [r / 255, g / 255, b / 255] : [r, g, b];
}
