/**
 * What lies over the plot: dimension switch, tooltip, notices, and the plot's description in words.
 *
 * @import { Data } from "../load.js"
 * @import { Colour, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { css } from "../view/colour.js";
import { many, short } from "../words.js";
import { anchor, element, known } from "./element.js";
import { lazy } from "./lazy.js";
import { shade } from "./paint.js";
import { scheme } from "./theme.js";

const NOTICES = {
  ready: "",
  lost: "The graphics card took the picture away. It comes back by itself; if it does not, reload the page.",
  none: "This browser has no WebGL 2, so the processor draws. Hardware acceleration in the browser's settings, or another browser, draws faster.",
};

/** @param {Store} store @param {Data} data */
export function tools(store, data) {
  const dimensions = known("dimensions", HTMLElement);
  const [look, button] = [known("look", HTMLElement), known("look-button", HTMLButtonElement)];
  anchor(look, button);
  look.addEventListener("beforetoggle", async () => {
    if (look.childElementCount) return;
    const found = await lazy(store, () => import("./look.js"));
    found?.look(store, look, data);
  });
  /** @type {unknown} */
  let shown = null;
  store.subscribe(["dataset", "dimension"], ({ dataset, dimension }) => {
    const all = dataset?.dimensions ?? [];
    // Columns and genes come as changes of the dataset: a button that is being pressed then stays where it is.
    if (shown !== dataset?.dimensions) {
      shown = dataset?.dimensions;
      const buttons = all.map((one) => {
        const button = element("button", {}, `${one.dimension}D`);
        button.addEventListener("click", () => store.patch({ dimension: one.dimension }));
        return button;
      });
      dimensions.replaceChildren(...buttons);
      dimensions.hidden = buttons.length < 2;
    }
    [...dimensions.children].forEach((button, at) => {
      button.setAttribute("aria-pressed", String(all[at]?.dimension === dimension));
    });
  });

  const tip = known("tooltip", HTMLElement);
  store.subscribe(["hover", "colour", "tips"], (state) => {
    const { hover } = state;
    tip.hidden = !hover;
    if (!hover) return;
    tip.replaceChildren(...about(state, hover.cell));
    const stage = tip.parentElement;
    const left = hover.x + 16 + tip.offsetWidth > (stage?.clientWidth ?? 0) ? hover.x - tip.offsetWidth - 12 : hover.x + 16;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, hover.y - tip.offsetHeight - 8)}px)`;
  });

  const canvas = known("plot", HTMLCanvasElement);
  const notice = known("graphics", HTMLElement);
  // It lies over the plot: what is read can be put away.
  const away = element("button", { className: "small" }, "Close");
  away.addEventListener("click", () => {
    notice.hidden = true;
    canvas.focus();
  });
  const tell = () => {
    const { graphics } = store.state;
    notice.hidden = graphics === "ready";
    notice.replaceChildren(NOTICES[graphics]);
    if (graphics === "none") notice.append(element("div", { className: "actions" }, away));
  };
  store.subscribe(["graphics"], tell);
  // Whether it can be drawn at all was known before this.
  tell();

  store.subscribe(["points", "colour", "hidden", "dataset", "selection", "filtered", "panes"], (state) => {
    canvas.setAttribute("aria-label", words(state));
  });
}

/** @param {State} state @param {number} cell */
function about(state, cell) {
  const { colour, tips, range } = state;
  const rows = [];
  if (colour) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = css(shade(colour, range, state, scheme())(cell));
    const key = colour.kind === "continuous" && `${colour.field.key} `;
    rows.push(element("p", {}, swatch, key, element("b", {}, value(colour, cell))));
  }
  const more = tips.filter((one) => one.field.path !== colour?.field.path);
  if (more.length) {
    rows.push(
      element("dl", {}, ...more.flatMap((one) => [element("dt", {}, one.field.key), element("dd", {}, value(one, cell))])),
    );
  }
  return [...rows, element("p", { className: "hint" }, `Cell ${(cell + 1).toLocaleString()}`)];
}

/** @param {Colour} colour @param {number} cell */
function value(colour, cell) {
  if (colour.kind === "continuous") return short(colour.values[cell] ?? Number.NaN);
  return colour.field.labels[colour.codes[cell] ?? -1] ?? "no value";
}

/** What the plot shows, for those who cannot see it. @param {State} state */
function words({ dataset, points, colour, hidden, selection, filtered, panes }) {
  if (!dataset || !points) return "No dataset is open";
  const cells = `${many(dataset.cells, "cell")} in ${points.dimension}D${points.key ? ` by ${points.key}` : ""}`;
  const by = colour ? `, coloured by ${colour.field.key}` : "";
  const out = hidden.size ? `, ${hidden.size} categories hidden` : "";
  const left = filtered ? `, ${filtered.reduce((sum, one) => sum + one, 0).toLocaleString()} filtered out` : "";
  const beside = panes.length ? `, and beside it by ${panes.map((pane) => pane.colour.field.key).join(", ")}` : "";
  const chosen = selection ? `, ${selection.cells.length.toLocaleString()} selected` : "";
  return `${cells}${by}${beside}${out}${left}${chosen}`;
}
