/**
 * How the numbers shown lie in each category of another field: violins, with the figures in a table beneath.
 *
 * @import { Data } from "../load.js"
 * @import { CategoryColour, NumberColour } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Shape } from "../summary.js"
 */
import { preferred } from "../preference.js";
import { choosable } from "../select.js";
import { shapes } from "../summary.js";
import { css } from "../view/colour.js";
import { short } from "../words.js";
import { element } from "./element.js";
import { lazy } from "./lazy.js";
import { toner } from "./paint.js";

/** Violins drawn; the table has as many. */
const MOST = 40;
const ROW = 22;
/** Steps along a violin. */
const STEPS = 64;

/** @param {Store} store @param {HTMLElement} box @param {NumberColour} colour @param {Data} data */
export async function distribution(store, box, colour, data) {
  const fields = (store.state.dataset?.fields ?? []).filter((field) => field.kind === "category");
  if (!fields.length) {
    box.replaceChildren(element("p", { className: "hint" }, "There is no category to compare by."));
    return;
  }
  const choice = element("select", { "aria-label": "Categories to compare" });
  for (const { key } of fields) choice.append(element("option", { value: key }, key));
  choice.value = preferred(fields)?.key ?? fields[0]?.key ?? "";
  const chart = element("canvas", { role: "img" });
  const table = element("table", {});
  const hint = element("p", { className: "hint" });
  const { field } = colour;
  const larger = element("button", { className: "quiet small" }, "As a figure…");
  larger.addEventListener("click", async () => {
    const found = await lazy(store, () => import("./dots.js"));
    if (field.axis !== "score") found?.dots(store, data, [field], "violins", choice.value);
  });
  // A score is no file that could be read again.
  box.replaceChildren(choice, chart, hint, table, ...(field.axis === "score" ? [] : [larger]));
  /** @type {CategoryColour | null} */
  let by = null;

  async function load() {
    const field = fields.find(({ key }) => key === choice.value);
    const found = field && (await data.colour(field));
    if (found?.kind !== "category" || !box.isConnected) return;
    by = found;
    draw();
  }
  function draw() {
    if (!by || !box.isConnected) return;
    const { labels } = by.field;
    const found = shapes(colour.values, by.codes, labels.length, choosable(store.state), STEPS);
    const rows = found.by
      .map((own, code) => ({ ...own, code, label: labels[code] ?? "" }))
      .filter(({ count }) => count > 0)
      .slice(0, MOST);
    chart.hidden = !rows.length;
    paint(chart, rows, by, store, found);
    chart.setAttribute(
      "aria-label",
      `${colour.field.key} in each of ${rows.length} categories of ${by.field.key}; the figures are in the table below`,
    );
    const left = labels.length - rows.length;
    const zeros = found.sparse ? "Shapes are those of the values that are not zero. " : "";
    hint.textContent =
      zeros + (left > 0 ? `${left} further categories are empty, filtered out or beyond the first ${MOST}.` : "");
    // Where there are values below zero, zero is one like the others.
    const counted = colour.summary.low >= 0;
    const names = ["category", "cells", "mean", "median", ...(counted ? ["not 0"] : [])];
    const heads = names.map((text) => element("th", { scope: "col" }, text));
    table.replaceChildren(
      element("thead", {}, element("tr", {}, ...heads)),
      element(
        "tbody",
        {},
        ...rows.map(({ label, count, mean, median, share }) =>
          element(
            "tr",
            {},
            element("th", { scope: "row", title: label }, label || "(empty)"),
            element("td", {}, count.toLocaleString()),
            element("td", {}, short(mean)),
            element("td", {}, short(median)),
            ...(counted ? [element("td", {}, `${Math.round(100 * share)} %`)] : []),
          ),
        ),
      ),
    );
  }
  choice.addEventListener("change", load);
  const stop = store.subscribe(["filtered", "theme", "tones"], () => (box.isConnected ? draw() : stop()));
  await load();
}

/**
 * @param {HTMLCanvasElement} chart @param {Array<Shape & { code: number, label: string }>} rows @param {CategoryColour} by @param {Store} store
 * @param {{ low: number, high: number }} ends
 */
function paint(chart, rows, by, store, { low, high }) {
  const width = chart.parentElement?.clientWidth || 260;
  const height = rows.length * ROW + 16;
  const ratio = devicePixelRatio;
  Object.assign(chart, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  Object.assign(chart.style, { width: `${width}px`, height: `${height}px` });
  const pen = chart.getContext("2d");
  if (!pen) return;
  pen.scale(ratio, ratio);
  const style = getComputedStyle(chart);
  const [ink, font] = [style.color, `11px ${style.fontFamily}`];
  pen.font = font;
  const names = Math.min(0.38 * width, 8 + Math.max(...rows.map(({ label }) => pen.measureText(label).width)));
  const at = (/** @type {number} */ value) => names + ((value - low) / (high - low || 1)) * (width - names - 4);
  const tone = toner(by, store.state.tones);
  rows.forEach(({ code, label, shape, inner: { median, low: quarter, high: three } }, row) => {
    const middle = row * ROW + ROW / 2;
    pen.fillStyle = ink;
    pen.textBaseline = "middle";
    pen.fillText(fitting(pen, label, names - 8), 0, middle);
    if (!shape.length) return;
    const most = Math.max(...shape);
    pen.fillStyle = css(tone(code));
    pen.beginPath();
    for (const [step, value] of shape.entries()) {
      pen.lineTo(at(low + (step / STEPS) * (high - low)), middle - (value / most) * (ROW / 2 - 2));
    }
    for (let step = STEPS; step >= 0; step--) {
      pen.lineTo(at(low + (step / STEPS) * (high - low)), middle + ((shape[step] ?? 0) / most) * (ROW / 2 - 2));
    }
    pen.closePath();
    pen.fill();
    pen.fillStyle = ink;
    pen.fillRect(at(quarter), middle - 0.75, Math.max(1, at(three) - at(quarter)), 1.5);
    pen.beginPath();
    pen.arc(at(median), middle, 2.5, 0, 7);
    pen.fill();
  });
  pen.fillStyle = ink;
  pen.textBaseline = "bottom";
  pen.fillText(short(low), names, height);
  const text = short(high);
  pen.fillText(text, width - pen.measureText(text).width - 2, height);
}

/** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} width */
function fitting(pen, text, width) {
  let end = text.length;
  while (end > 1 && pen.measureText(end < text.length ? `${text.slice(0, end)}…` : text).width > width) end--;
  return end < text.length ? `${text.slice(0, end)}…` : text;
}
