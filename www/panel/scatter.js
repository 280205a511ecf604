/**
 * Two fields against each other, beside the plot: genes, numbers of obs, a score. Cells that are enclosed there, or lie in ranges that are
 * typed, are selected here and there.
 *
 * It is a plot of its own rather than another way to lay out the first one: where cells that express both lie among the others is asked
 * of both at once, and their axes and zeros mean nothing to a camera.
 *
 * @import { Data } from "../load.js"
 * @import { AnyField, Combine, NumberColour, Scatter } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Axis } from "../view/against.js"
 * @import { Shown } from "./chart.js"
 * @import { View } from "./plot.js"
 */
import { choosable, pick, select } from "../select.js";
import { back, breather, placed, related } from "../view/against.js";
import { enclosed } from "../view/lasso.js";
import { many, short } from "../words.js";
import { apart } from "./apart.js";
import { chart } from "./chart.js";
import { element, known } from "./element.js";
import { lazy } from "./lazy.js";
import { namer } from "./namer.js";
import { ranges } from "./ranges.js";

const SIDES = /** @type {const} */ (["X", "Y"]);
/** Milliseconds after a movement until it is told of. */
const REST = 600;

/** Closes what is open. @type {(() => void) | null} */
let leave = null;

/**
 * Opens it, where it is not open; what it shows follows from the state.
 *
 * @param {Store} store @param {Data} data @param {View} view
 */
export async function scatter(store, data, view) {
  await apart();
  if (store.state.scatter && !leave) leave = build(store, data, view);
}

/** @param {Store} store @param {Data} data @param {View} view @returns {() => void} */
function build(store, data, view) {
  const before = document.activeElement;
  const { description } = store.state.dataset ?? {};
  const plot = chart(store, view, {
    enclose,
    async near(cell, way) {
      const found = await data.near(cell);
      if (found) select(store, found, "knn", way);
    },
    whole: () => zoom(null),
    moved,
  });
  const say = element("p", { className: "hint", role: "status" });
  const { names, renew, box: naming } = namer(store);
  const inputs = SIDES.map((side, at) => naming(`${side}: field or gene`, (field, text) => take(at, field, text)));
  const logs = SIDES.map((side, at) => {
    const box = element("input", { type: "checkbox", "aria-label": `${side} by the logarithm of value + 1` });
    box.addEventListener("change", () => {
      const log = /** @type {[boolean, boolean]} */ (now().log.map((one, other) => (other === at ? box.checked : one)));
      store.patch({ scatter: { ...now(), log } });
    });
    return box;
  });
  const swap = element("button", { className: "quiet small", title: "X becomes Y, and Y becomes X" }, "Swap");
  swap.addEventListener("click", () => {
    const { fields, log } = now();
    store.patch({ scatter: { ...now(), fields: [fields[1], fields[0]], log: [log[1], log[0]] } });
  });
  const without = element("input", { type: "checkbox" });
  without.addEventListener("change", () => store.patch({ scatter: { ...now(), without: without.checked } }));
  const numbers = ranges(SIDES, {
    choose: (how) => choose("range", how),
    closer() {
      const wanted = numbers.read();
      if (wanted) zoom(wanted);
    },
    say: (words) => {
      say.textContent = words;
    },
  });
  const all = act("Show all", "Show everything (0 in the plot)", () => zoom(null));
  const saves = ["PNG", "SVG", "CSV"].map((kind) =>
    act(`Save as ${kind}`, "", async () => {
      const found = await lazy(store, () => import("./scattered.js"));
      if (shown) await found?.save(store, data, plot, { ...shown, fields: now().fields, words: said }, kind);
    }),
  );
  const close = element("button", { className: "quiet icon", "aria-label": "Close the scatter plot", title: "Close" }, "×");
  close.addEventListener("click", () => store.patch({ scatter: null }));
  const title = element("h2", { id: "scatter-title" }, "Scatter plot");
  const box = element(
    "section",
    { id: "scatter", "aria-labelledby": "scatter-title" },
    element("div", { className: "top" }, title, swap, close),
    ...SIDES.map((side, at) =>
      element(
        "div",
        { className: "axis" },
        element("span", { "aria-hidden": "true" }, side),
        inputs[at],
        element("label", { className: "check", title: "By the logarithm of value + 1" }, logs[at], "Log"),
      ),
    ),
    element(
      "label",
      { className: "check", title: "Cells that are zero on X or Y are neither drawn nor counted" },
      without,
      "Without zeros",
    ),
    names,
    plot.box,
    say,
    numbers.box,
    element("div", { className: "actions" }, all, ...saves),
  );
  known("stage", HTMLElement).after(box);
  document.body.dataset.beside = "";
  inputs[0]?.focus();

  /** @param {string} text @param {string} tip @param {() => void} run */
  function act(text, tip, run) {
    const made = element("button", { className: "quiet small", ...(tip && { title: tip }) }, text);
    made.addEventListener("click", run);
    return made;
  }
  const now = () => /** @type {Scatter} */ (store.state.scatter);

  /** @type {[NumberColour, NumberColour] | null} */
  let colours = null;
  /** @type {Shown | null} */
  let shown = null;
  /** Ends of the axes, where they are not all values. @type {Array<[number, number]> | null} */
  let closer = null;
  let said = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let telling;
  /** What is being computed: something newer ends it. */
  let work = new AbortController();

  /** @param {number} at @param {AnyField | undefined} field @param {string} text */
  function take(at, field, text) {
    // Taken off the page it loses the focus, too.
    if (!store.state.scatter) return;
    if (field && field === now().fields[at]) return write();
    if (field) {
      const fields = /** @type {Scatter["fields"]} */ (now().fields.map((one, other) => (other === at ? field : one)));
      return store.patch({ scatter: { ...now(), fields } });
    }
    say.textContent = `No numbers and no gene of this dataset are called “${text}”: type a part of a name to see which there are.`;
    write();
  }

  function write() {
    inputs.forEach((input, at) => {
      input.value = now().fields[at]?.key ?? "";
    });
  }

  /** Asks for the values of what is wanted, all at once. */
  async function load() {
    const { fields } = now();
    write();
    if (colours?.every(({ field }, at) => field === fields[at])) return lay();
    say.textContent = "Loading…";
    const found = await Promise.all(fields.map(data.colour));
    if (store.state.scatter?.fields !== fields) return;
    const [first, second] = found;
    if (first?.kind === "continuous" && second?.kind === "continuous") {
      colours = [first, second];
      closer = null;
      numbers.clear();
      return lay();
    }
    // Why is told elsewhere: what was shown before stays.
    say.textContent = "It could not be loaded.";
    if (colours) store.patch({ scatter: { ...now(), fields: [colours[0].field, colours[1].field] } });
    else store.patch({ scatter: null });
  }

  /** @param {0 | 1} at @returns {Axis} */
  function axis(at) {
    const { values, summary } = /** @type {[NumberColour, NumberColour]} */ (colours)[at];
    let [low, high] = closer?.[at] ?? [summary.low, summary.high];
    if (!(high > low)) [low, high] = [low - 0.5, high + 0.5];
    return { values, low, high, log: now().log[at] === true, sparse: summary.sparse };
  }

  async function lay() {
    const { log, without: none, fields } = now();
    logs.forEach((box, at) => {
      box.checked = log[at] === true;
    });
    without.checked = none;
    const axes = /** @type {[Axis, Axis]} */ ([axis(0), axis(1)]);
    work.abort();
    work = new AbortController();
    const { signal } = work;
    const found = await placed(axes, none, breather(signal)).catch(() => null);
    if (!found || signal.aborted) return;
    const same = shown?.axes.every(({ values, low, high, log }, at) => {
      const other = axes[at];
      return values === other?.values && low === other.low && high === other.high && log === other.log;
    });
    shown = { axes, names: [fields[0].key, fields[1].key], ...found };
    plot.show(shown, !same);
    await tell(signal);
  }

  async function tell(signal = work.signal) {
    if (!shown) return;
    const { axes, names } = shown;
    const seen = choosable(store.state);
    const found = await related(axes, seen, now().without, breather(signal)).catch(() => null);
    if (!found || signal.aborted) return;
    const { cells, pearson, spearman, zeros } = found;
    const number = (/** @type {number} */ value) =>
      Number.isNaN(value) ? "none, one of the two is the same everywhere" : value.toFixed(3);
    const [none, right, up, both] = zeros.map((count) => count.toLocaleString());
    const sparse = axes.some((one) => one.sparse) && cells && !now().without;
    const by = axes.some(({ log }) => log) ? " (of the logarithms)" : "";
    said = `${many(cells, "cell")}. Pearson ${number(pearson)}${by}, Spearman ${number(spearman)}.`;
    const more = sparse
      ? ` Zero in both: ${both}; in ${names[0]} only: ${up}; in ${names[1]} only: ${right}; in neither: ${none}.`
      : "";
    say.textContent = cells ? said + more : "No cell has a value in both.";
    describe();
  }

  function describe() {
    const chosen = store.state.selection?.cells.length ?? 0;
    if (!shown) return;
    plot.canvas.setAttribute("aria-label", `Scatter plot: ${extent()}; ${many(chosen, "cell")} selected. ${said}`);
  }

  /** What is seen of the axes. */
  function extent() {
    const [across, up] = plot.axes() ?? [];
    const side = (/** @type {0 | 1} */ at, /** @type {Axis | undefined} */ axis) =>
      `${shown?.names[at]} from ${short(axis?.low ?? 0)} to ${short(axis?.high ?? 0)}`;
    return `across ${side(0, across)}, up ${side(1, up)}`;
  }

  /** Who does not see it hears of it, once it is at rest. */
  function moved() {
    describe();
    clearTimeout(telling);
    telling = setTimeout(() => store.patch({ notice: `In the scatter plot: ${extent()}` }), REST);
  }

  /** @param {string} source @param {Combine} [way] */
  function choose(source, way) {
    const wanted = numbers.read();
    if (!wanted || !colours || !shown) return;
    const [[left = 0, right = 0] = [], [bottom = 0, top = 0] = []] = wanted;
    const [xs, ys] = colours.map(({ values }) => values);
    const { exact } = shown;
    const can = choosable(store.state);
    const found = pick(exact.length / 2, (cell) => {
      const [x = Number.NaN, y = Number.NaN] = [xs?.[cell], ys?.[cell]];
      return x >= left && x <= right && y >= bottom && y <= top && !Number.isNaN(exact[2 * cell]) && can(cell);
    });
    select(store, found, source, way);
  }

  /** @param {Array<[number, number]> | null} wanted */
  function zoom(wanted) {
    const whole = (colours ?? []).map(({ summary }) => summary);
    const before = closer;
    closer =
      wanted?.map(([least, most], at) => {
        const { low = 0, high = 1 } = whole[at] ?? {};
        return /** @type {[number, number]} */ ([Math.max(least, low), Math.min(most, high)]);
      }) ?? null;
    plot.home();
    if (colours && (before || closer)) lay();
  }

  /** @type {import("./gestures.js").Plot["enclose"]} */
  async function enclose(shape, source, way) {
    if (!shown) return;
    if (shape.length > 2) {
      const { exact } = shown;
      const where = { coordinates: exact, axes: /** @type {const} */ (2), matrix: plot.view(), frame: plot.frame() };
      const found = await enclosed({ ...where, outline: shape, counts: choosable(store.state) });
      // Cells that lie elsewhere by now were not meant.
      if (shown.exact === exact) select(store, found, source, way);
      return;
    }
    // A rectangle is ranges: those that are written, so that the same can be had by typing them.
    const corners = shape.map(plot.place);
    shown.axes.forEach((axis, side) => {
      const at = corners.map((corner) => corner[side] ?? 0);
      numbers.write(side, [back(axis, Math.min(...at)), back(axis, Math.max(...at))], plot.digits());
    });
    choose(source, way);
  }

  const stops = [
    store.subscribe(["scatter"], ({ scatter: wanted }) => (wanted ? load() : leave?.())),
    store.subscribe(["dataset", "recent"], ({ dataset }) => {
      if (dataset?.description !== description) store.patch({ scatter: null });
      else renew();
    }),
    store.subscribe(["filtered", "invisible", "hidden"], () => {
      work.abort();
      work = new AbortController();
      tell();
    }),
    store.subscribe(["selection"], describe),
  ];
  load();
  return () => {
    leave = null;
    work.abort();
    clearTimeout(telling);
    for (const stop of stops) stop();
    plot.close();
    delete document.body.dataset.beside;
    const inner = box.contains(document.activeElement);
    box.remove();
    if (inner && before instanceof HTMLElement) before.focus();
  };
}
