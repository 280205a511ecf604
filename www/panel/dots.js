/**
 * Genes by categories: as a dot plot, a heat map or violins. It is a table, so that who cannot see the marks has the figures; it is saved as
 * a picture or as CSV.
 *
 * @import { Data } from "../load.js"
 * @import { GeneField, NumberField } from "../engine/manifest.js"
 * @import { CategoryColour } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Shape } from "../summary.js"
 * @import { Kind, Plan } from "./marks.js"
 * @typedef {GeneField | NumberField} Gene
 * @typedef {{ by: Plan["columns"][0]["by"], low: number, high: number }} Found
 */
import { preferred } from "../preference.js";
import { choosable } from "../select.js";
import { gathered, shapes } from "../summary.js";
import { through } from "../through.js";
import { short } from "../words.js";
import { drawing, element } from "./element.js";
import { mark, SIZES, words } from "./marks.js";
import { scheme } from "./theme.js";

/** More would be read by nobody. */
const [GENES, ROWS] = [60, 80];
const NAMES = { dots: "Dot plot", heat: "Heat map", violins: "Violins" };

/** @param {Store} store @param {Data} data @param {Gene[]} wanted @param {Kind} [kind] @param {string} [by] the categories to begin with */
export async function dots(store, data, wanted, kind = "dots", by) {
  const genes = wanted.slice(0, GENES);
  const fields = (store.state.dataset?.fields ?? []).filter((field) => field.kind === "category");
  const title = element("h2", { id: "dots-title" }, "Genes by category");
  const choice = element("select", { "aria-label": "Categories" });
  for (const { key } of fields) choice.append(element("option", { value: key }, key));
  const now = store.state.colour?.field;
  choice.value = by ?? (fields.find((field) => field === now) ?? preferred(fields) ?? fields[0])?.key ?? "";
  const drawn = element("select", { "aria-label": "Drawn as" });
  for (const [value, name] of Object.entries(NAMES)) drawn.append(element("option", { value }, name));
  drawn.value = kind;
  const even = element("input", { type: "checkbox" });
  const acts = ["PNG", "SVG", "CSV"].map((form) => {
    const button = element("button", { className: "quiet small" }, `Save as ${form}`);
    button.addEventListener("click", () => save(form));
    return button;
  });
  const close = element("button", { className: "quiet icon", "aria-label": "Close", title: "Close" }, "×");
  const say = element("p", { className: "hint", role: "status" });
  const table = element("table", {});
  const frame = element("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": NAMES[kind] }, table);
  const box = element(
    "dialog",
    { id: "dots", className: "sheet", "aria-labelledby": "dots-title" },
    element("div", { className: "top" }, title, close),
    element(
      "div",
      { className: "actions" },
      drawn,
      choice,
      element(
        "label",
        { className: "check", title: "From its own least to its own greatest" },
        even,
        "Each gene by its own range",
      ),
      element("div", { className: "actions saves" }, ...acts),
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
  let column = null;
  /** @type {Map<Gene, Found>} */
  let found = new Map();
  /** Whether the shapes of violins were found, too. */
  let shaped = false;
  let stopped = "";

  async function load() {
    const field = fields.find(({ key }) => key === choice.value);
    if (!field) {
      for (const button of acts) {
        button.disabled = true;
      }
      say.textContent = "There is no category to show genes by.";
      return;
    }
    say.textContent = "Loading…";
    const codes = await data.colour(field);
    if (codes?.kind !== "category" || !box.isConnected) return;
    const asked = drawn.value === "violins";
    /** @type {typeof found} */
    const made = new Map();
    const cells = store.state.dataset?.cells ?? 0;
    const seen = choosable({ ...store.state, colour: null, hidden: new Set() });
    const labels = codes.field.labels.length;
    const gather = asked
      ? shapes
      : (/** @type {Parameters<typeof gathered>} */ ...all) => ({ by: gathered(...all), low: 0, high: 0 });
    const whole = await data.run("dots", `Loading ${genes.length} genes`, ({ signal, progress }, _, readMany) =>
      through(genes, { signal, progress, readMany, cells }, (gene, values) =>
        made.set(gene, gather(values, codes.codes, labels, seen)),
      ),
    );
    // What is asked for now may be something else.
    if (!box.isConnected || field.key !== choice.value || asked !== (drawn.value === "violins")) return;
    [column, found, shaped] = [codes, made, asked];
    stopped = whole ? "" : `Stopped after ${made.size} of ${genes.length} genes.`;
    draw();
  }

  /** Categories that have cells. */
  function rows() {
    const all = [...found.values()];
    const most = (/** @type {number} */ code) => Math.max(0, ...all.map(({ by }) => by[code]?.count ?? 0));
    return (column?.field.labels ?? [])
      .map((label, code) => ({ label: label || "(empty)", code, count: most(code) }))
      .filter(({ count }) => count);
  }

  /** @returns {Plan} */
  function plan() {
    const shown = rows().slice(0, ROWS);
    const means = [...found].map(([, { by }]) => shown.map(({ code }) => by[code]?.mean ?? 0));
    /** @type {[number, number]} */
    const all = [Math.min(0, ...means.flat()), Math.max(...means.flat())];
    const ends = [...found.values()].flatMap(({ low, high }) => [low, high]);
    const columns = [...found].map(([{ key }, { by, low, high }], at) => {
      const own = means[at] ?? [];
      return {
        key,
        by,
        own: /** @type {[number, number]} */ ([low, high]),
        means: even.checked ? /** @type {[number, number]} */ ([Math.min(...own), Math.max(...own)]) : all,
        values: /** @type {[number, number]} */ (even.checked ? [low, high] : [Math.min(...ends), Math.max(...ends)]),
      };
    });
    // Of a scaled matrix a share above zero tells nothing: there all dots are of one size.
    const counted = columns.every(({ by }) => by.every(({ below }) => !below));
    const { ramp } = store.state;
    const chosen = /** @type {Kind} */ (drawn.value);
    return { kind: chosen, by: choice.value, columns, rows: shown, counted, even: even.checked, ramp, scheme: scheme() };
  }

  function draw() {
    const made = plan();
    const { width, height } = SIZES[made.kind];
    const heads = [...found.keys()].map((gene) => {
      const button = element("button", { className: "quiet small", title: `Colour by ${gene.key}` }, gene.key);
      button.addEventListener("click", () => {
        store.patch({ wanted: gene });
        box.close();
      });
      return element("th", { scope: "col" }, button);
    });
    const body = made.rows.map(({ label, code, count }) =>
      element(
        "tr",
        {},
        element("th", { scope: "row", title: `${label}: ${count.toLocaleString()} cells` }, label),
        ...made.columns.map((one) => {
          const told = words(one.by[code], made.counted);
          const picture = drawing("svg", { "aria-hidden": "true" }, ...mark(made, one, code));
          Object.assign(picture.style, { width: `${width}px`, height: `${height}px` });
          return element("td", { title: told }, picture, element("span", { className: "unseen" }, told));
        }),
      ),
    );
    table.className = `dots ${made.kind}`;
    frame.setAttribute("aria-label", NAMES[made.kind]);
    table.replaceChildren(element("thead", {}, element("tr", {}, element("td", {}), ...heads)), element("tbody", {}, ...body));
    const none = made.rows.length ? [] : [`No cell has a value and a category of ${choice.value}.`];
    say.textContent = [stopped, ...(made.rows.length ? told(made) : none), left(made)].filter(Boolean).join(" ");
  }

  /** What marks and colours mean. @param {Plan} made */
  function told({ kind, counted, columns: [first] }) {
    const [least = 0, most = 0] = first?.means ?? [];
    const [from = 0, to = 0] = first?.values ?? [];
    const size = counted ? "Size: cells with more than zero, up to all." : "All dots are of one size: the values are scaled.";
    const axis = even.checked ? "each gene from its least to its greatest" : `${short(from)} to ${short(to)}`;
    const shape = `Upwards: values, ${axis}${counted ? "; shapes leave out zeros where there are many, and are the slimmer the fewer cells have more" : ""}.`;
    const colour = even.checked
      ? "Colour: mean, each gene by its own range."
      : `Colour: mean, ${short(least)} to ${short(most)}.`;
    return [kind === "dots" && size, kind === "violins" && shape, colour];
  }

  /** What is not shown. @param {Plan} made */
  function left(made) {
    const over = [
      wanted.length > genes.length && `${wanted.length - genes.length} genes`,
      rows().length > made.rows.length && `${rows().length - made.rows.length} categories`,
    ].filter(Boolean);
    return over.length ? `${over.join(" and ")} more are not shown; the table that is saved has all categories.` : "";
  }

  /** @param {string} form */
  async function save(form) {
    if (!column) return;
    const { saveFile, saveText, csv } = await import("../table.js");
    const name = `genes by ${column.field.key}`;
    if (form === "CSV") {
      const head = ["gene", column.field.key, "cells", "mean", "share_above_zero", ...(shaped ? ["median"] : [])];
      const lines = [...found].flatMap(([gene, { by }]) =>
        rows().map(({ label, code }) => {
          const { count = 0, mean = 0, share = 0 } = by[code] ?? {};
          const median = shaped ? [/** @type {Shape} */ (by[code]).median] : [];
          return [gene.key, label, count, mean, share, ...median];
        }),
      );
      return saveText(csv([head, ...lines]), `${name}.csv`, "text/csv");
    }
    const [{ figure }, { png, source }] = await Promise.all([import("./figure.js"), import("./picture.js")]);
    const style = getComputedStyle(box);
    const svg = figure(plan(), { ink: style.color, ground: style.backgroundColor });
    if (form === "SVG") return saveText(source(svg), `${name}.svg`, "image/svg+xml");
    return saveFile(await png(svg, 2), `${name}.png`);
  }

  choice.addEventListener("change", load);
  drawn.addEventListener("change", () => (drawn.value === "violins" && !shaped ? load() : draw()));
  even.addEventListener("change", draw);
  await load();
}
