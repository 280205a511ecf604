/**
 * How the plot is drawn: size, opacity and density of points, names, plots side by side, lines between neighbours, vector fields, what the
 * tooltip tells. Loaded when it is first opened.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 */
import { others } from "../others.js";
import { element } from "./element.js";
import { lazy } from "./lazy.js";
import { addPane, MOST } from "./panes.js";

/** Columns that can be told of a cell at once. */
const TIPS = 12;

/** @param {Store} store @param {HTMLElement} box @param {Data} data */
export function look(store, box, data) {
  /** @param {string} name @param {Record<string, unknown>} given @param {(value: number) => void} run */
  const slide = (name, given, run) => {
    const input = element("input", { type: "range", ...given });
    input.addEventListener("input", () => run(input.valueAsNumber));
    return { input, row: element("label", { className: "slide" }, name, input) };
  };
  const { size, opacity } = store.state;
  const big = slide("Point size", { min: "-1.5", max: "1.5", step: "0.05", value: String(Math.log2(size)) }, (value) =>
    store.patch({ size: 2 ** value }),
  );
  const solid = slide("Opacity", { min: "0.1", max: "1", step: "0.05", value: String(opacity) }, (value) =>
    store.patch({ opacity: value }),
  );
  const dense = element("input", { type: "checkbox" });
  dense.addEventListener("change", () => store.patch({ density: dense.checked }));
  const denseRow = element(
    "label",
    { className: "check", title: "Mean colours, the more solid the more cells lie on each other" },
    dense,
    "Shade by density",
  );
  const drawer = element(
    "select",
    { "aria-label": "Drawn by" },
    element("option", { value: "auto" }, "Drawn by whatever is faster"),
    element("option", { value: "card" }, "Drawn by the graphics card"),
    element("option", { value: "processor" }, "Drawn by the processor"),
  );
  drawer.addEventListener("change", () => {
    store.patch({ drawing: /** @type {import("../state.js").State["drawing"]} */ (drawer.value) });
  });
  const drawerRow = element("div", { className: "how" }, drawer);
  const names = element("input", { type: "checkbox" });
  names.addEventListener("change", () => store.patch({ labels: names.checked }));
  const lines = element("input", { type: "checkbox" });
  lines.addEventListener("change", () => store.patch({ edges: lines.checked }));
  const field = element("select", { "aria-label": "Vector field" });
  const style = element(
    "select",
    { "aria-label": "How the vector field is drawn" },
    element("option", { value: "streams" }, "as streams"),
    element("option", { value: "arrows" }, "as arrows"),
  );
  const flow = () => {
    const chosen = /** @type {"arrows" | "streams"} */ (style.value);
    store.patch({ flow: field.value ? { field: field.value, style: chosen } : null });
  };
  field.addEventListener("change", flow);
  style.addEventListener("change", flow);
  const where = element("select", { "aria-label": "Cells are placed by" });
  where.addEventListener("change", async () => {
    const found = await lazy(store, () => import("../layout.js"));
    await found?.lay(store, data, where.value);
    show();
  });
  const whereTitle = element("h2", {}, "Placed by");
  const beside = element("button", { title: "The same cells once more, in the present colours" }, "Keep this colouring beside");
  beside.addEventListener("click", () => addPane(store));
  const alone = element("button", { className: "quiet" }, "Back to one plot");
  alone.addEventListener("click", () => store.patch({ panes: [] }));

  const tips = element("div", { className: "tips" });
  const edgesRow = element("label", { className: "check" }, lines, "Lines between neighbours");
  const flowRow = element("div", { className: "how" }, field, style);
  box.replaceChildren(
    whereTitle,
    where,
    element("h2", {}, "Points"),
    big.row,
    solid.row,
    denseRow,
    drawerRow,
    element("label", { className: "check" }, names, "Names of categories"),
    edgesRow,
    flowRow,
    element("h2", {}, "Side by side"),
    element("div", { className: "actions" }, beside, alone),
    element("h2", {}, "In the tooltip"),
    tips,
  );

  function show() {
    const { labels, density, drawing, graphics, edges, flow, panes, colour, dataset, points } = store.state;
    const places = dataset ? others(dataset) : [];
    where.hidden = whereTitle.hidden = !places.length;
    const shown = dataset?.description.embeddings.find(({ dim }) => dim === 2) ?? dataset?.description.embeddings.at(-1);
    where.replaceChildren(
      element("option", { value: "" }, shown?.key ?? ""),
      ...places.map(({ key, columns, all }) =>
        element("option", { value: key }, all > columns ? `${key}, first ${columns} of ${all} columns` : key),
      ),
    );
    where.value = points?.key ?? "";
    names.checked = labels;
    dense.checked = density;
    drawer.value = drawing;
    drawerRow.hidden = graphics === "none";
    lines.checked = edges;
    edgesRow.hidden = !dataset?.description.has_connectivity;
    const fields = dataset?.description.vector_fields ?? [];
    flowRow.hidden = !fields.length || Boolean(points?.key);
    field.replaceChildren(
      element("option", { value: "" }, "No vector field"),
      ...fields.map((id) => element("option", { value: id }, id.replace(/_umap$/, "").replaceAll("_", " "))),
    );
    field.value = flow?.field ?? "";
    style.value = flow?.style ?? "streams";
    style.disabled = !flow;
    beside.disabled = !colour || panes.length >= MOST;
    alone.hidden = !panes.length;
  }
  function columns() {
    const { dataset, tips: told } = store.state;
    const rows = (dataset?.fields ?? []).map((column) => {
      const input = element("input", { type: "checkbox", checked: told.some((one) => one.field.path === column.path) });
      input.addEventListener("change", async () => {
        const others = store.state.tips.filter((one) => one.field.path !== column.path);
        if (!input.checked) return store.patch({ tips: others });
        const found = others.length < TIPS ? await data.colour(column) : null;
        input.checked = found !== null;
        if (found) store.patch({ tips: [...store.state.tips.filter((one) => one.field.path !== column.path), found] });
      });
      return element(
        "label",
        { className: "check" },
        input,
        element("span", { className: "name", title: column.key }, column.key),
      );
    });
    tips.replaceChildren(...rows);
  }
  store.subscribe(["labels", "density", "drawing", "graphics", "edges", "flow", "panes", "colour", "dataset", "points"], show);
  store.subscribe(["dataset"], columns);
  store.subscribe(["size", "opacity"], ({ size, opacity }) => {
    big.input.value = String(Math.log2(size));
    solid.input.value = String(opacity);
  });
  show();
  columns();
}
