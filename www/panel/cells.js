/**
 * The cells that are chosen and the groups that were kept: how many, what they are made of, and what can be done with them.
 *
 * @import { Data } from "../load.js"
 * @import { Colour, Highlight, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { keep, select } from "../select.js";
import { composition, statistics } from "../summary.js";
import { css, missing } from "../view/colour.js";
import { grown } from "../view/graph.js";
import { many, short } from "../words.js";
import { element } from "./element.js";
import { copy, pasted } from "./names.js";
import { toner } from "./paint.js";
import { scheme } from "./theme.js";

/** Rows of a composition that are shown at once. */
const MOST = 12;

/** @param {Store} store @param {HTMLElement} box @param {Data} data */
export function cells(store, box, data) {
  const now = element("section", { "aria-label": "Selected cells" });
  const kept = element("section", { "aria-label": "Groups" });
  box.replaceChildren(now, pasted(store, data), kept);
  /** Groups whose composition is open, by id. @type {Set<string>} */
  const open = new Set();

  function present() {
    const { state } = store;
    const { selection, dataset } = state;
    const count = selection?.cells.length ?? 0;
    if (!selection || !count) {
      now.replaceChildren(
        element("h2", {}, "No cells selected"),
        element(
          "p",
          { className: "hint" },
          "Draw around cells with the lasso (L) or a rectangle (R), click cells with Ctrl held, or choose a category or a range of numbers in the legend.",
        ),
      );
      return;
    }
    const name = element("input", { type: "text", placeholder: "Name of the group", "aria-label": "Name of the group" });
    const form = element(
      "form",
      { className: "address" },
      name,
      element("button", { type: "submit", className: "main" }, "Keep"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keep(store, name.value);
    });
    const grow = element("button", { className: "small", title: "Take in every neighbour of a selected cell" }, "Add neighbours");
    grow.hidden = !dataset?.description.has_connectivity;
    grow.addEventListener("click", async () => {
      const graph = await data.graph();
      if (graph && store.state.selection) {
        select(store, grown(graph, store.state.selection.cells, visible(store.state)), "neighbours", "new");
      }
    });
    const take = element("button", { className: "small", title: "The names of these cells, one a line" }, "Copy names");
    take.addEventListener("click", () => copy(store, data, selection.cells));
    now.replaceChildren(
      element("h2", {}, `${many(count, "cell")} selected`),
      form,
      element("div", { className: "actions" }, grow, take),
      ...made(state, selection.cells),
    );
  }

  function groups() {
    const { state } = store;
    const { highlights } = state;
    const rows = highlights.map((one) => group(store, data, one, open, groups));
    kept.replaceChildren(
      element("h2", {}, "Groups"),
      highlights.length
        ? element("ul", { className: "groups" }, ...rows)
        : element(
            "p",
            { className: "hint" },
            "Groups that you keep are listed here, marked on the plot, and saved with the session.",
          ),
    );
  }
  store.subscribe(["selection", "colour", "tones", "theme", "dataset"], present);
  store.subscribe(["highlights", "colour", "tones", "theme"], groups);
  present();
  groups();
}

/** @param {State} state */
function visible({ invisible, filtered }) {
  return (/** @type {number} */ cell) => !invisible?.[cell] && !filtered?.[cell];
}

/** @param {Store} store @param {Data} data @param {Highlight} one @param {Set<string>} open @param {() => void} again */
function group(store, data, one, open, again) {
  /** @param {Partial<Highlight> | null} change */
  const change = (change) => {
    const { highlights } = store.state;
    store.patch({ highlights: highlights.flatMap((other) => (other !== one ? [other] : change ? [{ ...one, ...change }] : [])) });
  };
  const colour = element("input", { type: "color", value: one.color, "aria-label": `Colour of ${one.label}` });
  colour.addEventListener("change", () => change({ color: colour.value }));
  const name = element("input", { type: "text", value: one.label, "aria-label": "Name of the group" });
  name.addEventListener("change", () => change({ label: name.value.trim() || one.label }));
  /** @param {string} text @param {string} title @param {() => void} run */
  const button = (text, title, run) => {
    const made = element("button", { className: "quiet small", title, "aria-label": `${title}: ${one.label}` }, text);
    made.addEventListener("click", run);
    return made;
  };
  const shown = open.has(one.id);
  const what = button("What is in it", "What is in it", () => {
    if (shown) open.delete(one.id);
    else open.add(one.id);
    again();
  });
  what.setAttribute("aria-expanded", String(shown));
  return element(
    "li",
    {},
    element(
      "div",
      { className: "head" },
      colour,
      name,
      element("span", { className: "number" }, one.cells.length.toLocaleString()),
    ),
    element(
      "div",
      { className: "actions" },
      button("Select", "Select its cells", () => select(store, one.cells, "group")),
      what,
      button("Copy names", "Copy names of its cells", () => copy(store, data, one.cells)),
      button("Remove", "Remove the group", () => change(null)),
    ),
    ...(shown ? made(store.state, one.cells) : []),
  );
}

/** @param {State} state @param {Uint32Array} cells */
function made(state, cells) {
  const { colour } = state;
  return colour ? [element("h3", {}, `By ${colour.field.key}`), ...by(state, colour, cells)] : [];
}

/** @param {State} state @param {Colour} colour @param {Uint32Array} cells */
function by({ tones }, colour, cells) {
  if (colour.kind === "continuous") {
    const own = statistics(cells, colour);
    const all = statistics(null, colour);
    const row = (/** @type {string} */ name, /** @type {number} */ a, /** @type {number} */ b) =>
      element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, short(a)), element("td", {}, short(b)));
    return [
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, element("td"), element("th", { scope: "col" }, "here"), element("th", { scope: "col" }, "all cells")),
        ),
        element(
          "tbody",
          {},
          row("Mean", own.mean, all.mean),
          row("Median", own.median, all.median),
          // Where there are values below zero, zero is one like the others.
          ...(colour.summary.low < 0 ? [] : [row("Not zero", own.nonzero, all.nonzero)]),
        ),
      ),
    ];
  }
  const tone = toner(colour, tones);
  const rows = composition(cells, colour);
  const most = rows[0]?.count ?? 1;
  const list = rows.slice(0, MOST).map(({ code, count }) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = css(code < 0 ? missing(scheme()) : tone(code));
    const bar = element("span", { className: "bar" });
    bar.style.width = `${(100 * count) / most}%`;
    const label = code < 0 ? "no value" : (colour.field.labels[code] ?? "");
    const share = `${((100 * count) / cells.length).toFixed(1)} %`;
    return element(
      "li",
      {},
      swatch,
      element("span", { className: "name", title: label }, label || "(empty)"),
      element("span", { className: "number" }, count.toLocaleString()),
      element("span", { className: "number share" }, share),
      bar,
    );
  });
  const left = rows.length - MOST;
  return [
    element("ul", { className: "parts" }, ...list),
    left > 0 && element("p", { className: "hint" }, `and ${left.toLocaleString()} more`),
  ].filter((one) => one !== false);
}
