/**
 * A dot plot: genes by categories, each dot as large as the share of cells with more than zero and as dark as the mean. It is a table, so
 * that who cannot see the dots has the figures.
 *
 * @import { Data } from "../load.js"
 * @import { GeneField } from "../engine/manifest.js"
 * @import { CategoryColour } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Dot } from "../summary.js"
 */
import { preferred } from "../preference.js";
import { choosable } from "../select.js";
import { gathered } from "../summary.js";
import { through } from "../through.js";
import { css, ramp } from "../view/colour.js";
import { short } from "../words.js";
import { element } from "./element.js";
import { scheme } from "./theme.js";

/** More would be read by nobody. */
const [GENES, ROWS] = [60, 80];
/** CSS pixels across of a dot that all cells have. */
const FULL = 18;

/** @param {Store} store @param {Data} data @param {GeneField[]} wanted */
export async function dots(store, data, wanted) {
  const genes = wanted.slice(0, GENES);
  const fields = (store.state.dataset?.fields ?? []).filter((field) => field.kind === "category");
  const title = element("h2", { id: "dots-title" }, "Genes by category");
  const choice = element("select", { "aria-label": "Categories" });
  for (const { key } of fields) choice.append(element("option", { value: key }, key));
  const now = store.state.colour?.field;
  choice.value = (fields.find((field) => field === now) ?? preferred(fields) ?? fields[0])?.key ?? "";
  const even = element("input", { type: "checkbox" });
  const save = element("button", { className: "quiet small" }, "Save as CSV");
  const close = element("button", { className: "quiet icon", "aria-label": "Close", title: "Close" }, "×");
  const say = element("p", { className: "hint", role: "status" });
  const table = element("table", { className: "dots" });
  const frame = element("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": "Dot plot" }, table);
  const box = element(
    "dialog",
    { id: "dots", className: "sheet", "aria-labelledby": "dots-title" },
    element("div", { className: "top" }, title, close),
    element(
      "div",
      { className: "actions" },
      choice,
      element("label", { className: "check", title: "From its least to its greatest mean" }, even, "Each gene by its own range"),
      save,
    ),
    say,
    frame,
  );
  close.addEventListener("click", () => box.close());
  const working = () => store.state.busy.find(({ id }) => id === "dots");
  // What lies below cannot be reached meanwhile: how far it is is told here, and closing is how to cancel.
  const stop = store.subscribe(["busy"], () => {
    const { bytes = 0, total = 0 } = working() ?? {};
    if (total) say.textContent = `Loading ${bytes} of ${total} genes…`;
  });
  box.addEventListener("close", () => {
    stop();
    working()?.cancel();
    box.remove();
  });
  document.body.append(box);
  box.showModal();

  /** @type {CategoryColour | null} */
  let by = null;
  /** @type {Map<GeneField, Dot[]>} */
  let found = new Map();

  async function load() {
    const field = fields.find(({ key }) => key === choice.value);
    if (!field) {
      say.textContent = "There is no category to show genes by.";
      return;
    }
    say.textContent = "Loading…";
    const column = await data.colour(field);
    if (column?.kind !== "category" || !box.isConnected) return;
    /** @type {Map<GeneField, Dot[]>} */
    const made = new Map();
    const cells = store.state.dataset?.cells ?? 0;
    const seen = choosable({ ...store.state, colour: null, hidden: new Set() });
    const whole = await data.run("dots", `Loading ${genes.length} genes`, ({ signal, progress }, _, readMany) =>
      through(genes, { signal, progress, readMany, cells }, (gene, values) =>
        made.set(gene, gathered(values, column.codes, column.field.labels.length, seen)),
      ),
    );
    if (!box.isConnected || field.key !== choice.value) return;
    [by, found] = [column, made];
    draw();
    if (!whole) say.textContent = `Stopped after ${made.size} of ${genes.length} genes. ${say.textContent}`;
  }

  /** Categories that have cells. */
  function rows() {
    const [first] = found.values();
    const labels = by?.field.labels ?? [];
    return labels.map((label, code) => ({ label: label || "(empty)", code })).filter(({ code }) => first?.[code]?.count);
  }

  function draw() {
    const columns = [...found];
    const shown = rows().slice(0, ROWS);
    const all = columns.flatMap(([, own]) => shown.map(({ code }) => own[code]?.mean ?? 0));
    const [least, most] = [Math.min(0, ...all), Math.max(...all)];
    // Of a scaled matrix a share above zero tells nothing: there all dots are of one size.
    const counted = columns.every(([, own]) => own.every(({ below }) => !below));
    const heads = columns.map(([gene]) => {
      const button = element("button", { className: "quiet small", title: `Colour by ${gene.key}` }, gene.key);
      button.addEventListener("click", () => {
        store.patch({ wanted: gene });
        box.close();
      });
      return element("th", { scope: "col" }, button);
    });
    const ranges = columns.map(([, own]) => {
      const means = shown.map(({ code }) => own[code]?.mean ?? 0);
      return even.checked ? [Math.min(...means), Math.max(...means)] : [least, most];
    });
    table.replaceChildren(
      element("thead", {}, element("tr", {}, element("td", {}), ...heads)),
      element(
        "tbody",
        {},
        ...shown.map(({ label, code }) =>
          element(
            "tr",
            {},
            element("th", { scope: "row", title: label }, label),
            ...columns.map(([, own], at) => dot(own[code], ranges[at] ?? [0, 1], counted)),
          ),
        ),
      ),
    );
    const left = [
      wanted.length > genes.length && `${wanted.length - genes.length} genes`,
      rows().length > shown.length && `${rows().length - shown.length} categories`,
    ].filter(Boolean);
    say.textContent = [
      counted ? "Size: cells with more than zero, up to all." : "All dots are of one size: the values are scaled.",
      even.checked ? "Colour: mean, each gene by its own range." : `Colour: mean, ${short(least)} to ${short(most)}.`,
      left.length ? `${left.join(" and ")} more are not shown; the table that is saved has all categories.` : "",
    ]
      .filter(Boolean)
      .join(" ");
  }

  choice.addEventListener("change", load);
  even.addEventListener("change", draw);
  save.addEventListener("click", async () => {
    const { saveText, csv } = await import("../table.js");
    const lines = [...found].flatMap(([gene, own]) =>
      rows().map(({ label, code }) => {
        const { count = 0, mean = 0, share = 0 } = own[code] ?? {};
        return [gene.key, label, count, mean, share];
      }),
    );
    saveText(
      csv([["gene", choice.value, "cells", "mean", "share_above_zero"], ...lines]),
      `genes by ${choice.value}.csv`,
      "text/csv",
    );
  });
  await load();
}

/** @param {Dot | undefined} one @param {number[]} range @param {boolean} counted */
function dot(one, [low = 0, high = 1], counted) {
  if (!one?.count) return element("td", {});
  const share = counted ? one.share : 1;
  const mark = element("span", { className: "dot" });
  const across = `${Math.max(2, FULL * Math.sqrt(share)).toFixed(1)}px`;
  const step = high > low ? (one.mean - low) / (high - low) : 0;
  Object.assign(mark.style, { width: across, height: across, backgroundColor: css(ramp(step, scheme())) });
  const words = `mean ${short(one.mean)}${counted ? `, in ${Math.round(100 * one.share)} %` : ""}`;
  return element("td", { title: words }, mark, element("span", { className: "unseen" }, words));
}
