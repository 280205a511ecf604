/**
 * Taking something along: a picture, the cells as a table, the session, a link. Loaded when it is first opened.
 *
 * @import { Data } from "../load.js"
 * @import { AnyField } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { View } from "./plot.js"
 */
import { bundle } from "../bridge/bundle.js";
import { capture } from "../capture.js";
import { Fault } from "../engine/fault.js";
import { link, session } from "../restore.js";
import { all } from "../select.js";
import { csv, saveFile, saveText } from "../table.js";
import { element } from "./element.js";
import { draw, png, SHAPES, source } from "./picture.js";

/** @param {Store} store @param {HTMLElement} box @param {Data} data @param {View} view */
export function saving(store, box, data, view) {
  const say = element("p", { className: "hint", role: "status" });
  /** @param {string} doing @param {() => Promise<string | null>} work says what it has done */
  const attempt = async (doing, work) => {
    say.textContent = `${doing}…`;
    try {
      say.textContent = (await work()) ?? "";
    } catch (error) {
      say.textContent = "";
      store.patch({ trouble: { fault: Fault.from(error), doing } });
    }
  };
  /** @param {string} text @param {string} doing @param {() => Promise<string | null>} work */
  const button = (text, doing, work) => {
    const made = element("button", {}, text);
    made.addEventListener("click", () => attempt(doing, work));
    return made;
  };
  const name = () => store.state.dataset?.name ?? "cells";

  const scale = element("select", { "aria-label": "Size of the picture" });
  for (const times of [1, 2, 4]) scale.append(element("option", { value: String(times) }, `${times} ×`));
  scale.value = "2";
  const shapes = element("input", { type: "checkbox" });
  const picture = button("PNG", "Making a picture", async () => {
    const times = Number(scale.value);
    saveFile(await png(await draw(store.state, view, { shapes: false, scale: times }), times), `${name()}.png`);
    return "The picture is saved.";
  });
  const drawn = () => {
    const { dataset, density } = store.state;
    // What is shaded by density is no sum of shapes.
    return draw(store.state, view, { shapes: shapes.checked && (dataset?.cells ?? 0) <= SHAPES && !density, scale: 2 });
  };
  const vector = button("SVG", "Making a drawing", async () => {
    saveText(source(await drawn()), `${name()}.svg`, "image/svg+xml");
    return "The drawing is saved.";
  });
  const paper = button("PDF…", "Making a page to print", async () => {
    const { print } = await import("./paper.js");
    print(await drawn());
    return "Choose “Save as PDF” where the printer is chosen.";
  });
  const shapesRow = element("label", { className: "check" }, shapes, "Points as shapes in SVG and PDF");

  const columns = element("div", { className: "tips" });
  const which = element(
    "select",
    { "aria-label": "Which cells" },
    element("option", { value: "selected" }, "Selected cells"),
    element("option", { value: "all" }, "All cells shown"),
  );
  const table = button("CSV", "Collecting columns", async () => {
    const { selection, dataset } = store.state;
    const cells = which.value === "selected" ? (selection?.cells ?? new Uint32Array()) : all(store.state);
    const chosen = [...columns.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    /** @type {AnyField[]} */
    const fields = (dataset?.fields ?? []).filter(({ path }) => chosen.includes(path));
    const shown = store.state.colour?.field;
    if (shown && shown.axis !== "obs") fields.push(shown);
    const found = await Promise.all(fields.map(data.colour));
    const names = await data.names();
    if (!names || found.includes(null)) return null;
    const rows = Array.from(cells, (cell) => [
      names.list[cell] ?? "",
      ...found.map((one) => {
        if (!one) return "";
        return one.kind === "continuous" ? (one.values[cell] ?? Number.NaN) : (one.field.labels[one.codes[cell] ?? -1] ?? "");
      }),
    ]);
    saveText(csv([[names.own ? "cell" : "row", ...fields.map(({ key }) => key)], ...rows]), `${name()}-cells.csv`, "text/csv");
    return `${cells.length.toLocaleString()} cells are saved.`;
  });

  const keep = button("Save session", "Saving the session", async () => {
    saveFile(await bundle(store.state, "local-user"), `${name()}.cellucid-session`);
    return "The session is saved: groups, selection, filters, colours and view.";
  });
  const file = element("input", { type: "file", accept: ".cellucid-session", hidden: true, id: "session-file" });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen) attempt("Restoring the session", () => session(store, data, chosen).then((done) => `${done}.`));
  });
  const bring = element("button", {}, "Restore session");
  bring.addEventListener("click", () => file.click());
  const share = button("Copy link", "Making a link", async () => {
    const { source } = store.state;
    if (typeof source?.from !== "string") return null;
    const text = await link(capture(store.state), source.from);
    where.value = text;
    where.hidden = false;
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (!copied) where.select();
    return copied ? "The link is copied." : "Copy the link from the field.";
  });
  const where = element("input", { type: "text", readOnly: true, hidden: true, "aria-label": "Link to this view" });
  const linkPart = element(
    "section",
    {},
    element("h2", {}, "Link to this view"),
    element("div", { className: "actions" }, share),
    where,
  );

  box.replaceChildren(
    element("h2", {}, "Picture"),
    element("div", { className: "actions" }, picture, vector, paper, scale),
    shapesRow,
    element("h2", {}, "Cells as a table"),
    columns,
    element("div", { className: "actions" }, which, table),
    element("h2", {}, "Session"),
    element(
      "p",
      { className: "hint" },
      "A .cellucid-session holds groups, filters, colours and the view. Python's cellucid can apply its groups to an AnnData.",
    ),
    element("div", { className: "actions" }, keep, bring, file),
    linkPart,
    say,
  );

  function list() {
    const rows = (store.state.dataset?.fields ?? []).map(({ key, path }) => {
      const input = element("input", { type: "checkbox", value: path, checked: path === store.state.colour?.field.path });
      return element("label", { className: "check" }, input, element("span", { className: "name", title: key }, key));
    });
    columns.replaceChildren(...rows);
  }
  store.subscribe(["dataset"], list);
  const offer = () => {
    const { selection, dataset, density, source } = store.state;
    const none = !selection?.cells.length;
    if (none) which.value = "all";
    for (const option of which.options) if (option.value === "selected") option.disabled = none;
    shapesRow.hidden = density || (dataset?.cells ?? 0) > SHAPES;
    linkPart.hidden = typeof source?.from !== "string";
  };
  store.subscribe(["selection", "dataset", "density", "source"], offer);
  list();
  offer();
}
