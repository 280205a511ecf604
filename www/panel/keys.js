/**
 * Keys on a plot: each the twin of a gesture. An outline is drawn by moving the plot under the cross and setting corners with Space.
 *
 * @import { Plot } from "./gestures.js"
 * @import { Store } from "../store.js"
 * @import { Tool } from "../state.js"
 */
import { all, clear, held, invert, select } from "../select.js";
import { act, CLOSER } from "./gestures.js";

const STEP = 40;
const ANGLE = 0.12;
/** @type {Record<string, Tool>} */
const TOOLS = { v: "move", l: "lasso", r: "rectangle", n: "near" };
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {Store} store @param {HTMLCanvasElement} canvas @param {Plot} plot */
export function keys(store, canvas, plot) {
  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow && !event.ctrlKey && !event.metaKey && !event.altKey) shift(arrow, event.shiftKey);
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") select(store, all(store.state), "all");
    else if (event.key === "Enter") enter(event);
    else if (event.ctrlKey || event.metaKey || event.altKey || !plain(event)) return;
    event.preventDefault();
  });

  /** @param {[number, number]} arrow @param {boolean} other */
  function shift([dx, dy], other) {
    if (plot.orbits() === other) plot.pan(dx * STEP, dy * STEP);
    else if (plot.orbits()) plot.turn(-dx * ANGLE, dy * ANGLE);
    else plot.pan((dx * STEP) / 4, (dy * STEP) / 4);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it means something here */
  function plain(event) {
    const wanted = TOOLS[event.key.toLowerCase()];
    if (wanted) {
      plot.mark([]);
      store.patch({ tool: wanted });
    } else if (event.key === "+" || event.key === "=") plot.zoom(CLOSER);
    else if (event.key === "-" || event.key === "_") plot.zoom(1 / CLOSER);
    else if (event.key === "0") plot.home();
    else if (event.key === "a") {
      const { width, height } = plot.frame();
      plot.enclose(
        [
          [0, 0],
          [width, height],
        ],
        "view",
      );
    } else if (event.key === "i") invert(store);
    else if (event.key === " ") {
      const [middle, tool] = [plot.middle(), plot.tool()];
      if (!middle || (tool !== "lasso" && tool !== "rectangle")) return false;
      const corners = tool === "rectangle" ? plot.corners().slice(0, 1) : plot.corners();
      plot.mark([...corners, middle], `Corner ${corners.length + 1} set. Enter selects.`);
    } else if (event.key === "Escape") {
      if (plot.corners().length) plot.mark([], "Outline dropped");
      else if (store.state.hover) store.patch({ hover: null });
      else clear(store);
    } else return false;
    return true;
  }

  /** @param {KeyboardEvent} event */
  function enter(event) {
    const [corners, middle, tool] = [plot.corners(), plot.middle(), plot.tool()];
    if (!middle || !corners.length) {
      const { width, height } = plot.frame();
      plot.pick(width / 2, height / 2, plot.corner(1, 1), (cell) => act(store, plot, cell, 0, event));
      return;
    }
    const shown = (tool === "rectangle" ? [...corners.slice(0, 1), middle] : corners).map(plot.project);
    plot.mark([]);
    if (!shown.includes(null)) plot.enclose(/** @type {Array<[number, number]>} */ (shown), tool, held(event) ?? undefined);
  }
}

/** Steps back and forth work wherever the focus is, but in text. @param {Store} store */
export function steps(store) {
  addEventListener("keydown", (event) => {
    const inText = event.target instanceof HTMLInputElement && /text|search|number|url/.test(event.target.type);
    if (!(event.ctrlKey || event.metaKey) || inText || event.target instanceof HTMLTextAreaElement) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) store.undo();
    else if (key === "y" || (key === "z" && event.shiftKey)) store.redo();
    else return;
    event.preventDefault();
  });
}
