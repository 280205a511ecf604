/**
 * Two groups of cells compared gene by gene: which genes tell them apart, by a rank test. Goes through all genes, some at a time, with
 * progress and a button to stop; what was found by then stays.
 *
 * @import { Data } from "../load.js"
 * @import { GeneField } from "../engine/manifest.js"
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Result } from "../view/rank.js"
 * @typedef {{ value: string, name: string, cells: () => Uint32Array }} Group
 * @typedef {Result & { gene: GeneField, q: number }} Row
 */
import { combined, pick } from "../select.js";
import { through } from "../through.js";
import { corrected, compare as test } from "../view/rank.js";
import { element } from "./element.js";
import { lazy } from "./lazy.js";

/** Rows shown. */
const SHOWN = 50;
/** Of these, so many make a figure. */
const PLOTTED = 20;

/** @param {Store} store @param {HTMLElement} box @param {Data} data */
export function compare(store, box, data) {
  const [first, second] = ["First group", "Second group"].map((name) => element("select", { "aria-label": name }));
  if (!first || !second) return;
  const run = element("button", { className: "main" }, "Compare");
  const say = element("p", { className: "hint", role: "status" });
  const other = element("button", { className: "quiet small", "aria-pressed": "false" }, "Higher in the second");
  const save = element("button", { className: "quiet small" }, "Save all as CSV");
  const plot = element("button", { className: "quiet small", title: `The first ${PLOTTED} of these, by category` }, "Dot plot…");
  const acts = element("div", { className: "actions", hidden: true }, other, plot, save);
  const table = element("table", { className: "genes" });
  const scroll = element(
    "div",
    { className: "wide", tabIndex: 0, role: "region", "aria-label": "Genes that differ", hidden: true },
    table,
  );
  box.replaceChildren(
    element("h2", {}, "Compare two groups"),
    element("label", { className: "pair" }, element("span", {}, "First"), first),
    element("label", { className: "pair" }, element("span", {}, "Second"), second),
    element("div", { className: "actions" }, run),
    say,
    acts,
    scroll,
  );
  /** @type {Row[]} */
  let rows = [];
  /** The best of them, as they are listed. @type {Row[]} */
  let best = [];
  /** @type {[string, string]} */
  let names = ["", ""];
  let down = false;

  function offer() {
    const found = options(store.state);
    for (const [at, choice] of [first, second].entries()) {
      if (!choice) continue;
      const before = choice.value;
      choice.replaceChildren(...found.map(({ value, name }) => element("option", { value }, name)));
      const wanted = found.some(({ value }) => value === before) ? before : (found[at]?.value ?? "");
      choice.value = at === 1 && !before ? "rest" : wanted;
    }
    const genes = store.state.dataset?.genes ?? [];
    run.disabled = found.length < 2 || !genes.length;
    if (!rows.length) {
      say.textContent = genes.length
        ? `Ranks ${genes.length.toLocaleString()} genes by a Wilcoxon rank-sum test.`
        : "The dataset has no genes to compare.";
    }
  }

  run.addEventListener("click", async () => {
    const found = options(store.state);
    const [a, b] = [first, second].map((choice) => found.find(({ value }) => value === choice?.value));
    if (!a || !b) return;
    const cells = b.value === "rest" ? a.cells() : b.cells();
    const own = a.value === "rest" ? others(store.state, b.cells()) : a.cells();
    const rest = b.value === "rest" ? others(store.state, cells) : cells;
    if (own.length < 3 || rest.length < 3) {
      say.textContent = `Each group needs at least 3 cells: ${a.name} has ${own.length}, ${b.name} has ${rest.length}.`;
      return;
    }
    const both = combined("intersect", own, rest).length;
    if (both) {
      say.textContent = `${both.toLocaleString()} cells are in both groups: choose groups that do not overlap.`;
      return;
    }
    names = [a.name, b.name];
    rows = [];
    const all = store.state.dataset?.genes ?? [];
    run.disabled = true;
    const whole = await data.run("compare", `Comparing ${a.name} with ${b.name}`, ({ signal, progress }, _, readMany) =>
      through(all, { signal, progress, readMany, cells: store.state.dataset?.cells ?? 0, some: () => show() }, (gene, values) =>
        rows.push({ gene, q: 1, ...test(values, own, rest) }),
      ),
    );
    run.disabled = false;
    const part = whole ? "" : ` Stopped after ${rows.length.toLocaleString()} of ${all.length.toLocaleString()} genes.`;
    say.textContent = `${own.length.toLocaleString()} against ${rest.length.toLocaleString()} cells.${part}`;
    show();
  });
  other.addEventListener("click", () => {
    down = !down;
    other.setAttribute("aria-pressed", String(down));
    show();
  });
  plot.addEventListener("click", async () => {
    const found = await lazy(store, () => import("./dots.js"));
    found?.dots(
      store,
      data,
      best.slice(0, PLOTTED).map(({ gene }) => gene),
    );
  });
  save.addEventListener("click", async () => {
    const { saveText, csv } = await import("../table.js");
    const counted = !rows.some(({ below }) => below);
    const head = ["gene", "z", "p", "p_adjusted", "auc", "mean_first", "mean_second"];
    if (counted) head.push("share_first", "share_second");
    const lines = [...rows].sort((x, y) => y.z - x.z);
    const body = lines.map(({ gene, z, p, q, auc, means, shares }) => {
      return [gene.key, z, p, q, auc, ...means, ...(counted ? shares : [])];
    });
    saveText(csv([head, ...body]), `${names.join(" vs ")}.csv`, "text/csv");
  });

  function show() {
    const chances = corrected(rows.map(({ p }) => p));
    for (const [at, row] of rows.entries()) row.q = chances[at] ?? 1;
    acts.hidden = rows.length === 0;
    scroll.hidden = rows.length === 0;
    const sign = down ? -1 : 1;
    // In a scaled matrix zero is the mean of a gene, and how many have more tells nothing.
    const counted = !rows.some(({ below }) => below);
    best = rows
      .filter(({ z }) => z * sign > 0)
      .sort((x, y) => (y.z - x.z) * sign)
      .slice(0, SHOWN);
    const heads = [
      ["Gene", "Press to colour by it"],
      ["1st", `Mean in ${names[0]}`],
      ["2nd", `Mean in ${names[1]}`],
      ["AUC", "The chance that a cell of the first has more than one of the second"],
      ["p", "Chance of such a difference by accident, corrected for the number of genes (Benjamini and Hochberg)"],
    ];
    table.replaceChildren(
      element(
        "thead",
        {},
        element("tr", {}, ...heads.map(([text = "", title = ""]) => element("th", { scope: "col", title }, text))),
      ),
      element(
        "tbody",
        {},
        ...best.map(({ gene, means, auc, q, shares }) => {
          const colour = element("button", { className: "quiet small", title: `Colour by ${gene.key}` }, gene.key);
          colour.addEventListener("click", () => store.patch({ wanted: gene }));
          const cell = (/** @type {string} */ text, /** @type {number} */ share) =>
            element("td", counted ? { title: `more than zero in ${Math.round(100 * share)} %` } : {}, text);
          return element(
            "tr",
            {},
            element("th", { scope: "row" }, colour),
            cell(brief(means[0]), shares[0]),
            cell(brief(means[1]), shares[1]),
            element("td", {}, auc.toFixed(2)),
            element("td", q === 0 ? { title: "less than 1e-300" } : {}, chance(q)),
          );
        }),
      ),
    );
    if (rows.length && !best.length && !run.disabled) say.textContent += " No gene is higher on this side.";
  }

  store.subscribe(["selection", "highlights", "colour", "dataset"], offer);
  store.subscribe(["source"], () => {
    rows = [];
    show();
  });
  offer();
}

/** @param {number} mean */
const brief = (mean) => {
  if (mean !== 0 && Math.abs(mean) < 0.01) return mean.toExponential(0);
  // As many digits as there is room for where the window is narrow.
  return String(Number(mean.toPrecision(Math.abs(mean) < 1 ? 2 : 3)));
};
/** @param {number} p */
const chance = (p) => (p === 0 ? "≈ 0" : p < 0.001 ? p.toExponential(0) : p.toFixed(3));

/** What can be compared: the selection, the groups, the categories shown, and all other cells. @param {State} state @returns {Group[]} */
function options({ selection, highlights, colour }) {
  /** @type {Group[]} */
  const found = [];
  if (selection?.cells.length) found.push({ value: "selection", name: "Selected cells", cells: () => selection.cells });
  for (const { id, label, cells } of highlights) found.push({ value: `group ${id}`, name: label, cells: () => cells });
  if (colour?.kind === "category") {
    const { labels, key } = colour.field;
    for (const [code, label] of labels.slice(0, 500).entries()) {
      if (!colour.counts[code]) continue;
      const cells = () => pick(colour.codes.length, (cell) => colour.codes[cell] === code);
      found.push({ value: `${key} ${code}`, name: label || "(empty)", cells });
    }
  }
  if (found.length) found.push({ value: "rest", name: "All other cells", cells: () => new Uint32Array() });
  return found;
}

/** @param {State} state @param {Uint32Array} cells */
function others({ dataset }, cells) {
  const all = Uint32Array.from({ length: dataset?.cells ?? 0 }, (_, cell) => cell);
  return combined("subtract", all, cells);
}
