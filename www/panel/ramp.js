/**
 * The legend of numbers: a histogram in the colours of the ramp, two ends to drag or type, which ramp and how, what to select, and how
 * many cells have no value.
 *
 * @import { NumberColour, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { against } from "../against.js";
import { held, pick, select } from "../select.js";
import { css, histogram, missing, quantiles, ramp, zero } from "../view/colour.js";
import { RAMPS } from "../view/ramps.js";
import { many, short } from "../words.js";
import { element } from "./element.js";
import { part } from "./paint.js";
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
  const trim = element("button", { className: "quiet small", title: "From the 1st to the 99th percentile" }, "1–99 %");
  trim.addEventListener("click", () => {
    const [from = low, to = high] = quantiles(values, [0.01, 0.99], summary.sparse);
    store.patch({ range: from < to ? [from, to] : [low, high] });
  });
  const narrow = summary.range[0] !== low || summary.range[1] !== high;

  const name = element("select", { "aria-label": "Colours of the ramp" });
  for (const [value, { label }] of Object.entries(RAMPS)) name.append(element("option", { value }, label));
  name.addEventListener("change", () => {
    const chosen = /** @type {import("../view/ramps.js").RampName} */ (name.value);
    const far = Math.max(Math.abs(low), Math.abs(high));
    // A diverging ramp has its middle at zero, where there are numbers on both sides.
    const range = chosen === "diverging" && low < 0 && high > 0 && { range: /** @type {[number, number]} */ ([-far, far]) };
    store.patch({ ramp: { ...store.state.ramp, name: chosen }, ...range });
  });
  const turned = element("input", { type: "checkbox" });
  turned.addEventListener("change", () => store.patch({ ramp: { ...store.state.ramp, reverse: turned.checked } }));
  const log = element("input", { type: "checkbox" });
  log.addEventListener("change", () => store.patch({ ramp: { ...store.state.ramp, log: log.checked } }));
  const choose = element("button", { className: "small", title: "The cells between the two ends" }, "Select these cells");
  choose.addEventListener("click", (event) => {
    const { range, invisible, filtered } = store.state;
    const found = pick(values.length, (cell) => {
      const value = values[cell] ?? Number.NaN;
      return value >= range[0] && value <= range[1] && !invisible?.[cell] && !filtered?.[cell];
    });
    select(store, found, "range", held(event) ?? undefined);
  });

  const other = element(
    "button",
    { className: "small", title: "A scatter plot of this and other numbers" },
    "Against another field…",
  );
  other.addEventListener("click", () => against(store));

  /** @param {number} end @param {number} value */
  function move(end, value) {
    const [from, to] = store.state.range;
    store.patch({ range: end === 0 ? [Math.min(value, to), to] : [from, Math.max(value, from)] });
  }

  const cells = values.length;
  const none = summary.missing === cells;
  // Without numbers, or with but one, there is nothing to choose from.
  const flat = none ? "No cell has a value." : low === high ? "Every value is the same." : "";
  box.replaceChildren(
    element("h2", {}, element("span", { className: "name", title: field.key }, field.key)),
    element(
      "p",
      { className: "hint" },
      { var: "Gene expression", obs: "Numbers", score: `Score of ${"genes" in field ? field.genes.length : 0} genes` }[
        field.axis
      ],
    ),
    flat && element("p", { className: "hint" }, flat),
    element("div", { className: "chart" }, chart, strip, ...ends.map(({ slide }) => slide)),
    element("div", { className: "ends" }, ...ends.map(({ type }) => type)),
    element("div", { className: "actions" }, reset, trim, narrow && core),
    element(
      "div",
      { className: "how" },
      name,
      element("label", { className: "check" }, turned, "Reverse"),
      element("label", { className: "check", title: "Steps by the logarithm of the value + 1" }, log, "Log"),
    ),
    element("div", { className: "actions" }, choose, other),
    element(
      "dl",
      {},
      ...(none ? [] : [...fact("Least", short(low)), ...fact("Greatest", short(high))]),
      ...(summary.sparse ? fact("Exactly zero", share(summary.zeros, cells), css(zero(scheme()))) : []),
      ...(summary.missing ? fact("No value", share(summary.missing, cells), css(missing(scheme()))) : []),
    ),
  );

  /** @param {State} state */
  function show({ range: [from, to], ramp: choice }) {
    name.value = choice.name;
    turned.checked = choice.reverse;
    log.checked = choice.log;
    [from, to].forEach((value, end) => {
      const { slide, type } = ends[end] ?? {};
      if (!slide || !type) return;
      slide.value = String(high > low ? (STEPS * (value - low)) / (high - low) : end * STEPS);
      slide.setAttribute("aria-valuetext", short(value));
      if (document.activeElement !== type || Number(type.value) !== value) type.value = String(Number(value.toPrecision(6)));
    });
    /** @param {number} share of the whole width */
    const tone = (share) => css(ramp(part(low + share * (high - low), [from, to], choice.log), scheme(), choice));
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
  return store.subscribe(["range", "ramp", "theme"], show);
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
  const about = percent < 1 && count ? "< 1" : percent > 99 && count < all ? "> 99" : Math.round(percent);
  return `${many(count, "cell")} (${about} %)`;
}
