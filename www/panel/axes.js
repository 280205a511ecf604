/**
 * Two axes around a plot, drawn: with marks, numbers and names. The page and the figure that is saved have the same.
 *
 * @import { Axis } from "../view/against.js"
 */
import { along, ticks } from "../view/against.js";
import { short } from "../words.js";
import { drawing } from "./element.js";
import { clip, text } from "./picture.js";

/** Room that they take around the plot, CSS pixels. */
export const ROOM = { left: 62, right: 12, top: 8, bottom: 42 };
/** Numbers lie at least this far apart, across and up. */
const APART = [40, 16];
/** Letters of a name at most. */
const LETTERS = 36;

/**
 * @param {[Axis, Axis]} axes @param {[string, string]} names @param {{ width: number, height: number }} frame of the plot, at whose upper
 * left corner all begins
 * @returns {SVGElement[]}
 */
export function axes([first, second], [across, up], { width, height }) {
  const small = { "font-size": 11, fill: "currentColor" };
  const strong = { "font-size": 12, "font-weight": 600, fill: "currentColor", "text-anchor": "middle" };
  /** @type {SVGElement[]} */
  const drawn = [line(`M0 0V${height}H${width}`, 0.5)];
  let last = -Infinity;
  for (const value of ticks(first)) {
    const x = ((along(first)(value) + 1) / 2) * width;
    drawn.push(line(`M${x.toFixed(1)} ${height}v4`, 0.5));
    if (x - last < (APART[0] ?? 0)) continue;
    last = x;
    drawn.push(text(round(x), height + 17, short(value), { ...small, "text-anchor": "middle" }));
  }
  last = Infinity;
  for (const value of ticks(second)) {
    const y = ((1 - along(second)(value)) / 2) * height;
    drawn.push(line(`M0 ${y.toFixed(1)}h-4`, 0.5));
    if (last - y < (APART[1] ?? 0)) continue;
    last = y;
    drawn.push(text(-8, round(y + 4), short(value), { ...small, "text-anchor": "end" }));
  }
  drawn.push(text(width / 2, height + 36, named(across, first), strong));
  const turned = `translate(${14 - ROOM.left} ${height / 2}) rotate(-90)`;
  drawn.push(text(0, 0, named(up, second), { ...strong, transform: turned }));
  return drawn;
}

/** @param {string} name @param {Axis} axis */
const named = (name, { log }) => `${clip(name, LETTERS)}${log ? ", by log(1 + value)" : ""}`;
/** @param {string} d @param {number} strength */
const line = (d, strength) => drawing("path", { d, fill: "none", stroke: "currentColor", "stroke-opacity": strength });
/** @param {number} value */
const round = (value) => Number(value.toFixed(1));
