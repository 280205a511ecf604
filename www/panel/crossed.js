/**
 * The categories shown, by those of another column: how many cells they share, and which part of either that is. Which samples a cell type
 * comes from, say.
 *
 * @import { Data } from "../load.js"
 * @import { CategoryColour } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { crossed } from "../crossed.js";
import { choosable } from "../select.js";
import { many } from "../words.js";
import { element } from "./element.js";

/** More would be read by nobody. */
const [ROWS, COLUMNS] = [200, 60];
const FORMS = { cells: "Cells", row: "% of the row", column: "% of the column" };

/** @param {Store} store @param {Data} data @param {CategoryColour} rows */
export async function byAnother(store, data, rows) {
  const { key } = rows.field;
  const fields = (store.state.dataset?.fields ?? []).filter(
    (field) => field.kind === "category" && field.path !== rows.field.path,
  );
  const choice = element(
    "select",
    { "aria-label": "Columns" },
    ...fields.map((one) => element("option", { value: one.key }, one.key)),
  );
  const form = element("select", { "aria-label": "Told as" });
  for (const [value, name] of Object.entries(FORMS)) form.append(element("option", { value }, name));
  const save = element("button", { className: "quiet small" }, "Save as CSV");
  const close = element("button", { className: "quiet icon", "aria-label": "Close", title: "Close" }, "×");
  const say = element("p", { className: "hint", role: "status" });
  const table = element("table", { className: "crossed" });
  const box = element(
    "dialog",
    { className: "sheet", "aria-labelledby": "crossed-title" },
    element("div", { className: "top" }, element("h2", { id: "crossed-title" }, `${key} by another field`), close),
    element("div", { className: "actions" }, choice, form, save),
    say,
    element("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": "Cells of both" }, table),
  );
  close.addEventListener("click", () => box.close());
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();

  /** Those of rows and columns that have cells, as far as they are shown. @type {ReturnType<typeof crossed> & { name: string } | null} */
  let found = null;

  async function load() {
    const field = fields.find((one) => one.key === choice.value);
    say.textContent = field ? "Loading…" : "There is no other category in this dataset.";
    const column = field && (await data.colour(field));
    if (column?.kind !== "category" || !box.isConnected || field?.key !== choice.value) return;
    found = { ...crossed(rows, column, choosable({ ...store.state, colour: null, hidden: new Set() })), name: field.key };
    draw();
  }

  /** All that have cells: their places in the counts, with how many. */
  function sides() {
    const { counts, across, down } = found ?? { counts: new Uint32Array(), across: [], down: [] };
    const [high, wide] = [new Uint32Array(down.length), new Uint32Array(across.length)];
    for (const [at, count] of counts.entries()) {
      const [row, column] = [Math.floor(at / across.length), at % across.length];
      high[row] = (high[row] ?? 0) + count;
      wide[column] = (wide[column] ?? 0) + count;
    }
    const left = (/** @type {string[]} */ names, /** @type {Uint32Array} */ sums) =>
      names.map((name, at) => ({ name, at, sum: sums[at] ?? 0 })).filter(({ sum }) => sum > 0);
    return {
      rows: left(down, high),
      columns: left(across, wide),
      count: (/** @type {number} */ a, /** @type {number} */ b) => counts[a * across.length + b] ?? 0,
    };
  }

  function draw() {
    const all = sides();
    const [shown, heads] = [all.rows.slice(0, ROWS), all.columns.slice(0, COLUMNS)];
    const body = shown.map((row) =>
      element(
        "tr",
        {},
        element("th", { scope: "row", title: `${row.name}: ${many(row.sum, "cell")}` }, row.name),
        ...heads.map((column) => {
          const count = all.count(row.at, column.at);
          const share = count / (form.value === "column" ? column.sum : row.sum);
          const cell = element(
            "td",
            { title: many(count, "cell") },
            form.value === "cells" ? count.toLocaleString() : `${(100 * share).toFixed(1)} %`,
          );
          cell.style.setProperty("--part", `${Math.round(100 * share)}%`);
          return cell;
        }),
      ),
    );
    const top = heads.map(({ name, sum }) => element("th", { scope: "col", title: `${name}: ${many(sum, "cell")}` }, name));
    table.replaceChildren(element("thead", {}, element("tr", {}, element("td", {}), ...top)), element("tbody", {}, ...body));
    const over = [
      all.rows.length > shown.length && many(all.rows.length - shown.length, "row"),
      all.columns.length > heads.length && many(all.columns.length - heads.length, "column"),
    ].filter(Boolean);
    const more = over.length ? ` ${over.join(" and ")} more are in the table that is saved.` : "";
    say.textContent = `Bars: the part of the ${form.value === "column" ? "column" : "row"}.${more}`;
  }

  save.addEventListener("click", async () => {
    if (!found) return;
    const { saveText, csv } = await import("../table.js");
    const all = sides();
    const lines = all.rows.map((row) => [row.name, ...all.columns.map((column) => all.count(row.at, column.at))]);
    saveText(csv([[key, ...all.columns.map(({ name }) => name)], ...lines]), `${key} by ${found.name}.csv`, "text/csv");
  });
  choice.addEventListener("change", load);
  form.addEventListener("change", draw);
  await load();
}
