/**
 * One gene in one category, drawn small: as a dot, a field of a heat map, or a violin. The table on the page and the picture that is saved
 * are made of the same marks.
 *
 * @import { Ramp } from "../state.js"
 * @import { Dot, Shape } from "../summary.js"
 * @import { Scheme } from "../view/colour.js"
 * @typedef {"dots" | "heat" | "violins"} Kind
 *
 * @typedef {object} Column a gene: what is known of it in each category, the ends of its colours, and of its values
 * @property {string} key
 * @property {Array<Dot | Shape>} by code
 * @property {[number, number]} means at the ends of the colours
 * @property {[number, number]} values at the ends of its violins' axis
 * @property {[number, number]} own least and greatest value, between which shapes are told
 *
 * @typedef {object} Plan
 * @property {Kind} kind
 * @property {string} by the field
 * @property {Column[]} columns
 * @property {Array<{ label: string, code: number, count: number }>} rows
 * @property {boolean} counted whether the share of cells with more than zero tells anything
 * @property {boolean} even whether each gene has ends of its own
 * @property {Ramp} ramp
 * @property {Scheme} scheme
 */
import { css, ramp } from "../view/colour.js";
import { short } from "../words.js";
import { drawing } from "./element.js";

/** Sizes of a mark, in CSS pixels. @type {Record<Kind, { width: number, height: number }>} */
export const SIZES = {
  dots: { width: 24, height: 20 },
  heat: { width: 26, height: 22 },
  violins: { width: 40, height: 36 },
};
/** Across, of a dot that all cells have. */
const FULL = 18;

/** @param {Plan} plan @param {Column} column @param {number} code @returns {SVGElement[]} in a box of the mark's size */
export function mark({ kind, counted, ramp: choice, scheme }, column, code) {
  const one = column.by[code];
  if (!one?.count) return [];
  const { width, height } = SIZES[kind];
  const [low, high] = column.means;
  const fill = css(ramp(high > low ? (one.mean - low) / (high - low) : 0, scheme, choice));
  if (kind === "heat") return [drawing("rect", { width, height, fill })];
  if (kind === "violins" && "shape" in one) return violin(one, column, counted, fill);
  return [dot(width / 2, height / 2, counted ? one.share : 1, fill)];
}

/** @param {number} x @param {number} y @param {number} share @param {string} fill */
export const dot = (x, y, share, fill) => drawing("circle", { cx: x, cy: y, r: radius(share).toFixed(2), fill });
/** @param {number} share */
const radius = (share) => Math.max(1, (FULL / 2) * Math.sqrt(share));

/** @param {Shape} one @param {Column} column @param {boolean} counted @param {string} fill */
function violin({ shape, share, inner }, { values: [from, to], own: [low, high] }, counted, fill) {
  const { width, height } = SIZES.violins;
  const y = (/** @type {number} */ value) =>
    (height - 3 - (to > from ? (value - from) / (to - from) : 0.5) * (height - 6)).toFixed(1);
  const most = Math.max(...shape);
  if (!shape.length) return [drawing("path", { d: `M${width / 2 - 4} ${y(0)}h8`, stroke: fill, "stroke-width": 1.5 })];
  // As a dot: the fewer cells have more than zero, the slimmer, and no broad shape for a few.
  const half = (width / 2 - 2) * Math.max(0.1, counted ? Math.sqrt(share) : 1);
  const steps = shape.length - 1;
  const points = shape.map((value, step) => ({ away: (value / most) * half, at: y(low + (step / steps) * (high - low)) }));
  // Nothing beyond where there are values.
  const some = (/** @type {typeof points[0]} */ { away }) => away > 0.05;
  const seen = points.slice(points.findIndex(some), points.length - [...points].reverse().findIndex(some));
  const right = seen.map(({ away, at }) => `${(width / 2 + away).toFixed(1)} ${at}`);
  const left = seen.map(({ away, at }) => `${(width / 2 - away).toFixed(1)} ${at}`).reverse();
  return [
    drawing("path", { d: `M${right.join("L")}L${left.join("L")}Z`, fill, stroke: "currentColor", "stroke-width": 0.5 }),
    drawing("path", { d: `M${width / 2} ${y(inner.low)}V${y(inner.high)}`, stroke: "currentColor" }),
    drawing("circle", { cx: width / 2, cy: y(inner.median), r: 1.7, fill: "#fff", stroke: "#000", "stroke-width": 0.8 }),
  ];
}

/** The same in words. @param {Dot | Shape | undefined} one @param {boolean} counted */
export function words(one, counted) {
  if (!one?.count) return "no value";
  const middle = "median" in one ? `median ${short(one.median)}, ` : "";
  return `${middle}mean ${short(one.mean)}${counted ? `, in ${Math.round(100 * one.share)} %` : ""}`;
}
