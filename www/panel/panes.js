/**
 * Plots side by side: the same cells from the same side, each in other colours: their titles.
 *
 * @import { Pane, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { places } from "../view/places.js";
import { element, known } from "./element.js";

/** More would be stamps. */
export const MOST = 15;

/** The colours shown now, as a plot of its own. @param {State} state @returns {Pane | null} */
function present({ colour, hidden, range }) {
  return colour && { colour, hidden, range };
}

/** Puts a plot with the present colours beside the others. @param {Store} store */
export function addPane(store) {
  const pane = present(store.state);
  const { panes } = store.state;
  if (pane && panes.length < MOST) {
    store.patch({
      panes: [...panes, pane],
      notice: `${pane.colour.field.key} has a plot of its own; choose other colours for the first.`,
    });
  }
}

/** @param {Store} store */
export function panes(store) {
  const box = known("panes", HTMLElement);
  const stage = known("stage", HTMLElement);
  const place = () => {
    const found = places(box.children.length, stage.clientWidth, stage.clientHeight);
    [...box.children].forEach((child, at) => {
      const { left = 0, top = 0, width = 0, height = 0 } = found[at] ?? {};
      if (!(child instanceof HTMLElement)) return;
      Object.assign(child.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    });
  };
  new ResizeObserver(place).observe(stage);
  store.subscribe(["panes", "colour"], ({ panes, colour }) => {
    box.replaceChildren(...(panes.length ? [title(colour?.field.key ?? ""), ...panes.map((pane) => own(store, pane))] : []));
    place();
  });
}

/** @param {string} text @param {...HTMLElement} buttons */
function title(text, ...buttons) {
  return element("div", { className: "pane" }, element("p", {}, element("span", { className: "name" }, text), ...buttons));
}

/** @param {Store} store @param {Pane} pane */
function own(store, pane) {
  const { key } = pane.colour.field;
  const others = () => store.state.panes.filter((other) => other !== pane);
  const front = element("button", { className: "quiet small", title: `Swap ${key} with the first plot` }, "Swap");
  front.setAttribute("aria-label", front.title);
  front.addEventListener("click", () => {
    const now = present(store.state);
    const panes = store.state.panes.map((other) => (other === pane ? now : other)).filter((one) => one !== null);
    const { colour, hidden, range } = pane;
    store.patch({ panes, wanted: colour.field, colour, hidden, range });
  });
  const close = element("button", { className: "quiet small icon", title: `Close the plot of ${key}` }, "×");
  close.setAttribute("aria-label", close.title);
  close.addEventListener("click", () => store.patch({ panes: others() }));
  return title(key, front, close);
}
