/**
 * Genes by categories as a drawing of its own, with names, and the key to its colours and sizes: what is saved as a picture.
 *
 * @import { Plan } from "./marks.js"
 */
import { css, ramp } from "../view/colour.js";
import { short } from "../words.js";
import { drawing } from "./element.js";
import { dot, mark, SIZES } from "./marks.js";
import { clip, FONT, text } from "./picture.js";

/** Letters of a name at most. */
const LETTERS = 40;
const [PAD, KEY, STEPS] = [16, 150, 48];

/** @param {Plan} plan @param {{ ink: string, ground: string }} colours */
export function figure(plan, { ink, ground }) {
  const { width: across, height: down } = SIZES[plan.kind];
  const [genes, labels] = [plan.columns.map(({ key }) => clip(key, LETTERS)), plan.rows.map(({ label }) => clip(label, LETTERS))];
  const ends = plan.kind === "violins";
  const left = PAD + Math.max(0, ...labels.map(wide)) + (ends && !plan.even ? 36 : 8);
  const top = PAD + Math.max(0, ...genes.map(wide)) + 8;
  const [right, bottom] = [left + across * genes.length, top + down * labels.length];
  const width = right + 24 + KEY + PAD;
  const height = Math.max(bottom + (ends && plan.even ? 34 : PAD), top + 150);
  const svg = drawing("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    color: ink,
    "font-family": FONT,
    "font-size": 12,
  });
  svg.append(drawing("rect", { width, height, fill: ground }));
  for (const [at, label] of labels.entries()) {
    const y = top + (at + 0.5) * down + 4;
    svg.append(text(PAD + Math.max(...labels.map(wide)), y, label, { "text-anchor": "end", fill: ink }));
    if (!ends) continue;
    svg.append(drawing("path", { d: `M${left} ${top + (at + 1) * down}H${right}`, stroke: ink, "stroke-opacity": 0.2 }));
  }
  for (const [at, column] of plan.columns.entries()) {
    const x = left + (at + 0.5) * across;
    svg.append(text(0, 0, genes[at] ?? "", { transform: `translate(${x + 4} ${top - 8}) rotate(-90)`, fill: ink }));
    for (const [row, { code }] of plan.rows.entries()) {
      const place = `translate(${left + at * across} ${top + row * down})`;
      svg.append(drawing("g", { transform: place }, ...mark(plan, column, code)));
    }
    // Axes differ: each gene tells its own.
    if (ends && plan.even) {
      const range = column.values.map(short).join("–");
      svg.append(text(x, bottom + 14, range, { "text-anchor": "middle", "font-size": 8, fill: ink }));
    }
  }
  const [first] = plan.columns;
  if (ends && !plan.even && first && labels.length) {
    const [from, to] = first.values.map(short);
    const small = { "text-anchor": "end", "font-size": 9, fill: ink };
    svg.append(text(left - 4, top + 9, to ?? "", small), text(left - 4, top + down - 1, from ?? "", small));
  }
  svg.append(drawing("g", { transform: `translate(${right + 24} ${top})` }, ...key(plan, ink)));
  return svg;
}

/** What colours and sizes mean. @param {Plan} plan @param {string} ink */
function key(plan, ink) {
  const drawn = [text(0, 10, plan.even ? "Mean, by gene" : "Mean", { "font-weight": 600, fill: ink })];
  /** @type {SVGElement[]} */
  const bar = [];
  for (let step = 0; step < STEPS; step++) {
    const fill = css(ramp((step + 0.5) / STEPS, plan.scheme, plan.ramp));
    bar.push(drawing("rect", { x: (step * 120) / STEPS, y: 18, width: 120 / STEPS + 0.4, height: 11, fill }));
  }
  const [low, high] = plan.even ? ["least", "greatest"] : (plan.columns[0]?.means ?? [0, 0]).map(short);
  const ends = [text(0, 42, low ?? "", { fill: ink }), text(120, 42, high ?? "", { "text-anchor": "end", fill: ink })];
  if (plan.kind !== "dots" || !plan.counted) return [...drawn, ...bar, ...ends];
  const sizes = [0.25, 0.5, 0.75, 1].flatMap((share, at) => [
    dot(12 + at * 32, 86, share, ink),
    text(12 + at * 32, 110, `${100 * share}`, { "text-anchor": "middle", fill: ink }),
  ]);
  return [...drawn, ...bar, ...ends, text(0, 68, "% of cells above 0", { "font-weight": 600, fill: ink }), ...sizes];
}

/** How wide a name is, in pixels. @param {string} name */
function wide(name) {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return 7 * name.length;
  pen.font = `12px ${FONT}`;
  return Math.ceil(pen.measureText(name).width);
}
