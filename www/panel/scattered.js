/**
 * Two fields against each other, saved: as a picture with its axes and the key to its colours, or as a table of the cells that are shown.
 *
 * @import { Data } from "../load.js"
 * @import { AnyField } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { chart, Shown } from "./chart.js"
 */
import { choosable } from "../select.js";
import { csv, saveFile, saveText } from "../table.js";
import { project } from "../view/camera.js";
import { css } from "../view/colour.js";
import { axes, ROOM } from "./axes.js";
import { drawing, known } from "./element.js";
import { shade } from "./paint.js";
import { FONT, legend, png, SHAPES, source, text } from "./picture.js";
import { scheme } from "./theme.js";

const SIDE = 220;

/**
 * @param {Store} store @param {Data} data @param {ReturnType<typeof chart>} plot
 * @param {Shown & { fields: AnyField[], words: string }} shown @param {string} kind
 */
export async function save(store, data, plot, shown, kind) {
  const name = shown.names.join(" against ");
  if (kind === "CSV") return table(store, data, shown, name);
  const svg = figure(store, plot, shown);
  if (kind === "SVG") return saveText(source(svg), `${name}.svg`, "image/svg+xml");
  return saveFile(await png(svg, 2), `${name}.png`);
}

/** @param {Store} store @param {ReturnType<typeof chart>} plot @param {Shown & { words: string }} shown */
function figure({ state }, plot, shown) {
  const style = getComputedStyle(known("plot", HTMLCanvasElement));
  const frame = plot.frame();
  const key = state.colour && legend(state, state.colour, state.hidden, state.range, style.color);
  const width = ROOM.left + frame.width + ROOM.right + SIDE;
  const height = Math.max(28 + ROOM.top + frame.height + ROOM.bottom, 56 + (key?.height ?? 0));
  const svg = drawing("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    color: style.color,
    "font-family": FONT,
    "font-size": 12,
  });
  svg.append(drawing("rect", { width: "100%", height: "100%", fill: style.backgroundColor }));
  svg.append(text(ROOM.left, 20, shown.words, { "font-size": 11, fill: style.color }));
  const inner = drawing("g", { transform: `translate(${ROOM.left} ${28 + ROOM.top})` });
  const { width: wide, height: tall } = frame;
  if (shown.drawn.length / 2 <= SHAPES) inner.append(shapes(state, shown.drawn, plot));
  else inner.append(drawing("image", { width: wide, height: tall, href: plot.snap(2) }));
  inner.append(...axes(plot.axes() ?? shown.axes, shown.names, frame));
  svg.append(inner);
  if (key) {
    key.drawn.setAttribute("transform", `translate(${width - SIDE + 16} 28)`);
    svg.append(key.drawn);
  }
  return svg;
}

/** @param {Store["state"]} state @param {Float32Array} places @param {ReturnType<typeof chart>} plot */
function shapes(state, places, plot) {
  const { width, height } = plot.frame();
  const view = plot.view();
  const { colour, range, selection, opacity } = state;
  const tone = shade(colour, range, state, scheme());
  const can = choosable(state);
  const chosen = new Set(selection?.cells);
  const radius = Math.min(6, Math.max(2.4, 0.6 * Math.sqrt((2 * width * height) / places.length))) * state.size * 0.5;
  const found = [];
  for (let cell = 0; cell < places.length / 2; cell++) {
    const [cx = -1, cy = -1] = project(view, { width, height }, places[2 * cell] ?? 0, places[2 * cell + 1] ?? 0, 0) ?? [];
    if (!can(cell) || !(cx >= 0 && cx <= width && cy >= 0 && cy <= height)) continue;
    const rank = colour?.kind === "continuous" ? (colour.values[cell] ?? 0) : 0;
    found.push({ cell, cx, cy, rank: chosen.has(cell) ? Infinity : rank });
  }
  found.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  const group = drawing("g", { "fill-opacity": opacity });
  for (const { cell, cx, cy } of found) {
    /** @type {Record<string, string | number>} */
    const ring = chosen.has(cell) ? { stroke: "currentColor", "stroke-width": 1 } : {};
    const r = (chosen.has(cell) ? radius * 1.25 + 0.7 : radius).toFixed(2);
    group.append(drawing("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r, fill: css(tone(cell)), ...ring }));
  }
  return group;
}

/** @param {Store} store @param {Data} data @param {Shown} shown @param {string} name */
async function table(store, data, { axes: [first, second], names, exact }, name) {
  const cells = await data.names();
  if (!cells) return;
  const { state } = store;
  const { colour, selection } = state;
  const can = choosable(state);
  const chosen = new Uint8Array(exact.length / 2);
  for (const cell of selection?.cells ?? []) chosen[cell] = 1;
  // Where they are coloured by one of the two, it is there already.
  const more = colour && !names.includes(colour.field.key) ? colour : null;
  const rows = [[cells.own ? "cell" : "row", ...names, ...(more ? [more.field.key] : []), "selected"]];
  for (let cell = 0; cell < chosen.length; cell++) {
    if (Number.isNaN(exact[2 * cell]) || !can(cell)) continue;
    const own = more?.kind === "category" ? (more.field.labels[more.codes[cell] ?? -1] ?? "") : (more?.values[cell] ?? "");
    const values = [first.values[cell] ?? "", second.values[cell] ?? "", ...(more ? [own] : []), chosen[cell] ?? 0];
    rows.push([cells.list[cell] ?? "", ...values.map(String)]);
  }
  saveText(csv(rows), `${name}.csv`, "text/csv");
}
