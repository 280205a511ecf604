/**
 * The stack of filters: what each keeps, on its own and after those above it; switched on and off, changed, taken away.
 *
 * @import { Data } from "../load.js"
 * @import { Filter } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { add, change, fromLegend, kept, next, out } from "../filters.js";
import { short } from "../words.js";
import { element } from "./element.js";

/** Categories offered at once. */
const MOST = 200;

/** @param {Store} store @param {HTMLElement} box @param {Data} data */
export function stack(store, box, data) {
  const say = element("p", { className: "hint", role: "status" });
  const list = element("ul", { className: "filters" });
  const grey = element("input", { type: "checkbox" });
  grey.addEventListener("change", () => store.patch({ muted: grey.checked }));
  const here = element("button", { className: "main" });
  here.addEventListener("click", () => fromLegend(store));
  const far = element("button", { title: "Leave out cells far from the middle of their group" }, "Outliers");
  far.addEventListener("click", () => outliers(store, data));
  const none = element("button", { className: "quiet small" }, "Remove all");
  none.addEventListener("click", () => store.patch({ filters: [] }));
  box.replaceChildren(
    element("h2", {}, "Filters"),
    say,
    element("div", { className: "actions" }, here, far),
    element("label", { className: "check" }, grey, "Cells left out stay as grey dots"),
    list,
    none,
  );
  /** Filters whose choices are open. @type {Set<number>} */
  const open = new Set();

  function fill() {
    const { filters, dataset } = store.state;
    const cells = dataset?.cells ?? 0;
    /** @type {Filter[]} */
    const before = [];
    const rows = filters.map((filter) => {
      before.push(filter);
      const left = out(before, cells);
      const after = left ? cells - left.reduce((sum, one) => sum + one, 0) : cells;
      return row(store, filter, { alone: kept(filter, cells), after }, open);
    });
    const focus = document.activeElement?.getAttribute("data-key");
    list.replaceChildren(...rows);
    if (focus)
      for (const one of list.querySelectorAll("[data-key]"))
        if (one.getAttribute("data-key") === focus && one instanceof HTMLElement) one.focus();
    none.hidden = filters.length === 0;
  }
  function tell() {
    const { filtered, dataset, filters, muted } = store.state;
    const cells = dataset?.cells ?? 0;
    const left = filtered ? filtered.reduce((sum, one) => sum + one, 0) : 0;
    say.textContent = filters.length
      ? `${(cells - left).toLocaleString()} of ${cells.toLocaleString()} cells pass.`
      : "Only cells that meet every filter are shown and can be selected.";
    grey.checked = muted;
  }
  function offer() {
    const { colour, hidden } = store.state;
    here.disabled = !colour;
    const key = colour?.field.key ?? "";
    here.textContent = hidden.size ? "Keep what the legend shows" : `Filter by ${key}`;
    here.title = colour ? `A filter by ${key}, as the legend shows it now` : "";
    far.hidden = !(colour?.kind === "category" && colour.field.outliers);
  }
  store.subscribe(["filters", "dataset"], fill);
  store.subscribe(["filters", "filtered", "muted", "dataset"], tell);
  store.subscribe(["colour", "hidden"], offer);
  fill();
  tell();
  offer();
}

/** @param {Store} store @param {Data} data */
async function outliers(store, data) {
  const { colour } = store.state;
  if (colour?.kind !== "category" || !colour.field.outliers) return;
  const bytes = await data.file(colour.field.outliers, `Loading outliers of ${colour.field.key}`);
  if (!bytes || bytes.byteLength !== 4 * (store.state.dataset?.cells ?? 0)) return;
  add(store, { id: next(store), on: true, colour, missing: true, outliers: { most: 0.95, quantiles: new Float32Array(bytes) } });
}

/** @param {Store} store @param {Filter} filter @param {{ alone: number, after: number }} counts @param {Set<number>} open */
function row(store, filter, { alone, after }, open) {
  const { id, on, colour } = filter;
  const { key } = colour.field;
  const name = filter.outliers ? `Outliers within ${key}` : key;
  const box = element("input", { type: "checkbox", checked: on, "data-key": `${id} on` });
  box.addEventListener("change", () => change(store, id, { on: box.checked }));
  const drop = element("button", { className: "quiet small icon", title: `Remove the filter by ${name}` }, "×");
  drop.setAttribute("aria-label", drop.title);
  drop.addEventListener("click", () => change(store, id, null));
  return element(
    "li",
    { className: on ? "" : "off" },
    element(
      "div",
      { className: "head" },
      element("label", { className: "check" }, box, element("span", { className: "name", title: name }, name)),
      drop,
    ),
    element(
      "p",
      { className: "hint" },
      `keeps ${alone.toLocaleString()}`,
      on && after !== alone ? `, ${after.toLocaleString()} with those above` : "",
    ),
    ...(filter.outliers ? far(store, filter) : colour.kind === "category" ? labels(store, filter, open) : ends(store, filter)),
  );
}

/** @param {Store} store @param {Filter} filter */
function far(store, { id, outliers }) {
  if (!outliers) return [];
  const most = element("input", {
    type: "range",
    min: "0.5",
    max: "1",
    step: "0.01",
    value: String(outliers.most),
    "data-key": `${id} most`,
  });
  most.setAttribute("aria-label", "Share of each group that is kept");
  most.addEventListener("change", () => change(store, id, { outliers: { ...outliers, most: most.valueAsNumber } }));
  return [element("label", { className: "check" }, most, `the nearest ${Math.round(100 * outliers.most)} %`)];
}

/** @param {Store} store @param {Filter} filter */
function ends(store, filter) {
  const { id, colour, range = [-Infinity, Infinity], missing } = filter;
  if (colour.kind !== "continuous") return [];
  const inputs = ["From", "To"].map((name, end) => {
    const input = element("input", {
      type: "number",
      step: "any",
      "aria-label": `${name}, ${colour.field.key}`,
      "data-key": `${id} ${name}`,
    });
    input.value = String(Number((range[end] ?? 0).toPrecision(6)));
    input.addEventListener("change", () => {
      const value = input.valueAsNumber;
      if (Number.isFinite(value)) change(store, id, { range: end ? [range[0], value] : [value, range[1]] });
    });
    return input;
  });
  const none =
    colour.summary.missing > 0 &&
    check("Cells without a value", missing, (on) => change(store, id, { missing: on }), `${id} none`);
  const span = element("p", { className: "hint" }, `of ${short(colour.summary.low)} to ${short(colour.summary.high)}`);
  return [element("div", { className: "ends" }, ...inputs), span, none || ""];
}

/** @param {Store} store @param {Filter} filter @param {Set<number>} open */
function labels(store, { id, colour, out = new Set() }, open) {
  if (colour.kind !== "category") return [];
  const codes = [...colour.field.labels.keys()];
  if (colour.missing) codes.push(-1);
  const rows = codes.slice(0, MOST).map((code) => {
    const label = code < 0 ? "no value" : colour.field.labels[code] || "(empty)";
    return check(
      label,
      !out.has(code),
      (on) => {
        const next = new Set(out);
        if (on) next.delete(code);
        else next.add(code);
        change(store, id, { out: next });
      },
      `${id} ${code}`,
    );
  });
  const details = element(
    "details",
    { open: open.has(id) },
    element("summary", {}, `${(codes.length - out.size).toLocaleString()} of ${codes.length.toLocaleString()} categories`),
    ...rows,
    codes.length > MOST
      ? element("p", { className: "hint" }, "For the others use the legend, then “Keep what the legend shows”.")
      : "",
  );
  details.addEventListener("toggle", () => {
    if (details.open) open.add(id);
    else open.delete(id);
  });
  return [details];
}

/** @param {string} text @param {boolean} on @param {(on: boolean) => void} run @param {string} key */
function check(text, on, run, key) {
  const box = element("input", { type: "checkbox", checked: on, "data-key": key });
  box.addEventListener("change", () => run(box.checked));
  return element("label", { className: "check" }, box, element("span", { className: "name" }, text));
}
