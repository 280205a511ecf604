/**
 * What lies over the plot: dimension switch, point size, opacity, tooltip, notices, and the plot's description in words.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { category, css, missing } from "../view/colour.js";
import { short } from "../words.js";
import { element, known } from "./element.js";
import { scheme } from "./theme.js";

const NOTICES = {
  ready: "",
  lost: "The graphics card took the picture away. It comes back by itself; if it does not, reload the page.",
  none: "This browser cannot draw here: it has no WebGL 2. Switch on hardware acceleration in its settings, or use a current Chrome, Edge, Firefox or Safari.",
};

/** @param {Store} store */
export function tools(store) {
  const dimensions = known("dimensions", HTMLElement);
  const [size, opacity] = [known("size", HTMLInputElement), known("opacity", HTMLInputElement)];
  size.addEventListener("input", () => store.patch({ size: 2 ** size.valueAsNumber }));
  opacity.addEventListener("input", () => store.patch({ opacity: opacity.valueAsNumber }));
  store.subscribe(["dataset", "dimension"], ({ dataset, dimension }) => {
    const buttons = (dataset?.dimensions ?? []).map((one) => {
      const pressed = one.dimension === dimension;
      const button = element("button", { "aria-pressed": String(pressed) }, `${one.dimension}D`);
      button.addEventListener("click", () => store.patch({ dimension: one.dimension }));
      return button;
    });
    const at = [...dimensions.children].indexOf(document.activeElement ?? dimensions);
    dimensions.replaceChildren(...buttons);
    dimensions.hidden = buttons.length < 2;
    buttons[at]?.focus();
  });

  const tip = known("tooltip", HTMLElement);
  store.subscribe(["hover", "colour"], (state) => {
    const { hover } = state;
    tip.hidden = !hover;
    if (!hover) return;
    tip.replaceChildren(...about(state, hover.cell));
    const stage = tip.parentElement;
    const left = hover.x + 16 + tip.offsetWidth > (stage?.clientWidth ?? 0) ? hover.x - tip.offsetWidth - 12 : hover.x + 16;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, hover.y - tip.offsetHeight - 8)}px)`;
  });

  const notice = known("graphics", HTMLElement);
  store.subscribe(["graphics"], ({ graphics }) => {
    notice.hidden = graphics === "ready";
    notice.textContent = NOTICES[graphics];
  });

  const canvas = known("plot", HTMLCanvasElement);
  store.subscribe(["points", "colour", "hidden", "dataset"], (state) => {
    canvas.setAttribute("aria-label", words(state));
  });
}

/** @param {State} state @param {number} cell */
function about({ colour }, cell) {
  const name = element("p", { className: "hint" }, `Cell ${(cell + 1).toLocaleString()}`);
  if (!colour) return [name];
  if (colour.kind === "continuous") {
    return [element("p", {}, `${colour.field.key} `, element("b", {}, short(colour.values[cell] ?? Number.NaN))), name];
  }
  const code = colour.codes[cell] ?? -1;
  const label = colour.field.labels[code];
  const swatch = element("span", { className: "swatch" });
  swatch.style.backgroundColor = css(label === undefined ? missing(scheme()) : category(code));
  return [element("p", {}, swatch, element("b", {}, label ?? "no value")), name];
}

/** What the plot shows, for those who cannot see it. @param {State} state */
function words({ dataset, points, colour, hidden }) {
  if (!dataset || !points) return "No dataset is open";
  const cells = `${dataset.cells.toLocaleString()} cells in ${points.dimension}D`;
  const by = colour ? `, coloured by ${colour.field.key}` : "";
  const out = hidden.size ? `, ${hidden.size} categories hidden` : "";
  return `${cells}${by}${out}`;
}
