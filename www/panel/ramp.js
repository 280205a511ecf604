/**
 * The legend of numbers: a histogram in the colours of the ramp, two ends to drag or type, and how many cells have no value.
 *
 * @import { NumberColour, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { css, histogram, missing, ramp, zero } from "../view/colour.js";
import { short } from "../words.js";
import { element } from "./element.js";
import { scheme } from "./theme.js";

const BINS = 80;
const STEPS = 1000;

/**
 * @param {Store} store @param {HTMLElement} box @param {NumberColour} colour
 * @returns {() => void} takes the subscriptions back
 */
export function numberLegend(store, box, colour) {
  const { field, values, summary } = colour;
  const { low, high } = summary;
  const bins = histogram(values, summary, BINS);
  const tallest = Math.max(1, ...bins);
  const chart = element("canvas", { width: BINS * 6, height: 160, role: "img", "aria-label": `Histogram of ${field.key}` });
  const strip = element("canvas", { width: 256, height: 1, className: "strip", "aria-hidden": "true" });
  const ends = /** @type {const} */ (["Lower", "Upper"]).map((name, end) => {
    const slide = element("input", { type: "range", min: "0", max: String(STEPS), "aria-label": `${name} end of the colours` });
    slide.addEventListener("input", () => move(end, low + (Number(slide.value) / STEPS) * (high - low)));
    const type = element("input", { type: "number", step: "any", "aria-label": `${name} end of the colours, as a number` });
    type.addEventListener("change", () => {
      if (Number.isFinite(type.valueAsNumber)) move(end, type.valueAsNumber);
      else show(store.state);
    });
    return { slide, type };
  });
  const reset = element("button", { className: "quiet small" }, "Full range");
  reset.addEventListener("click", () => store.patch({ range: [low, high] }));
  const core = element("button", { className: "quiet small", title: "Leave out the outermost values" }, "Most cells");
  core.addEventListener("click", () => store.patch({ range: summary.range }));
  const narrow = summary.range[0] !== low || summary.range[1] !== high;

  /** @param {number} end @param {number} value */
  function move(end, value) {
    const [from, to] = store.state.range;
    store.patch({ range: end === 0 ? [Math.min(value, to), to] : [from, Math.max(value, from)] });
  }

  const cells = values.length;
  box.replaceChildren(
    element("h2", {}, element("span", { className: "name", title: field.key }, field.key)),
    element("p", { className: "hint" }, field.axis === "var" ? "Gene expression" : "Numbers"),
    element("div", { className: "chart" }, chart, strip, ...ends.map(({ slide }) => slide)),
    element("div", { className: "ends" }, ...ends.map(({ type }) => type)),
    element("div", { className: "actions" }, reset, narrow && core),
    element(
      "dl",
      {},
      ...fact("Least", short(low)),
      ...fact("Greatest", short(high)),
      ...(summary.sparse ? fact("Exactly zero", share(summary.zeros, cells), css(zero(scheme()))) : []),
      ...(summary.missing ? fact("No value", share(summary.missing, cells), css(missing(scheme()))) : []),
    ),
  );

  /** @param {State} state */
  function show({ range: [from, to] }) {
    [from, to].forEach((value, end) => {
      const { slide, type } = ends[end] ?? {};
      if (!slide || !type) return;
      slide.value = String(high > low ? (STEPS * (value - low)) / (high - low) : end * STEPS);
      slide.setAttribute("aria-valuetext", short(value));
      if (document.activeElement !== type || Number(type.value) !== value) type.value = String(Number(value.toPrecision(6)));
    });
    /** @param {number} part of the whole width */
    const tone = (part) => {
      const value = low + part * (high - low);
      return css(ramp(to > from ? (value - from) / (to - from) : 0, scheme()));
    };
    const pen = chart.getContext("2d");
    pen?.clearRect(0, 0, chart.width, chart.height);
    bins.forEach((count, bin) => {
      if (!pen || !count) return;
      // Square roots, so that small bins are seen beside a tall one.
      const tall = Math.max(2, Math.sqrt(count / tallest) * chart.height);
      pen.fillStyle = tone((bin + 0.5) / BINS);
      pen.fillRect(bin * 6, chart.height - tall, 5, tall);
    });
    const brush = strip.getContext("2d");
    for (let x = 0; x < strip.width && brush; x++) {
      brush.fillStyle = tone((x + 0.5) / strip.width);
      brush.fillRect(x, 0, 1, 1);
    }
  }

  show(store.state);
  return store.subscribe(["range", "theme"], show);
}

/** @param {string} name @param {string} text @param {string} [tone] */
function fact(name, text, tone) {
  const swatch = tone ? element("span", { className: "swatch" }) : null;
  if (swatch && tone) swatch.style.backgroundColor = tone;
  return [element("dt", {}, swatch, name), element("dd", {}, text)];
}

/** @param {number} count @param {number} all */
function share(count, all) {
  const percent = (100 * count) / Math.max(1, all);
  return `${count.toLocaleString()} cells (${percent < 1 && count ? "< 1" : Math.round(percent)} %)`;
}
