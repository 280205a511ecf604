/**
 * What is marked on the plot: highlighted groups, cells taken out of sight. Each with its colour, its size, and a button
 * that ends it. Notebooks and gestures come by the same door, so both show here.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { element, known } from "./element.js";

/** More groups than this are counted, not listed. */
const MOST = 6;

/** @param {Store} store */
export function groups(store) {
  const box = known("groups", HTMLUListElement);
  store.subscribe(["highlights", "invisible"], ({ highlights, invisible }) => {
    const rows = highlights.slice(-MOST).map((one) => {
      const left = () => ({ highlights: store.state.highlights.filter((other) => other !== one) });
      return row(store, one.label, one.cells.length, "Remove", left, one.color);
    });
    const more = highlights.length - rows.length;
    if (more > 0) rows.unshift(row(store, `${more} more highlights`, 0, "Remove all", () => ({ highlights: [] })));
    const out = invisible?.reduce((sum, one) => sum + one, 0) ?? 0;
    if (out) rows.push(row(store, "Out of sight", out, "Show", () => ({ invisible: null })));
    box.replaceChildren(...rows);
  });
  // What lies behind cannot be used any more; the picture stays.
  store.subscribe(["frozen"], ({ frozen }) => {
    for (const part of document.querySelectorAll("header, main")) part.toggleAttribute("inert", frozen);
    document.body.toggleAttribute("data-frozen", frozen);
  });
}

/**
 * @param {Store} store @param {string} label @param {number} cells @param {string} verb what the button does
 * @param {() => Partial<State>} end @param {string} [color]
 */
function row(store, label, cells, verb, end, color) {
  const button = element("button", { className: "quiet small", "aria-label": `${verb}: ${label}` }, verb);
  button.addEventListener("click", () => store.patch(end()));
  const swatch = color && element("span", { className: "swatch" });
  if (swatch) swatch.style.backgroundColor = color;
  const count = cells > 0 && element("span", { className: "number" }, cells.toLocaleString());
  return element("li", {}, swatch || null, element("span", { className: "name", title: label }, label), count, button);
}
