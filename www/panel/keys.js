/**
 * Keys on the plot: each the twin of a gesture. An outline is drawn by moving the plot under the cross and setting corners with Space.
 *
 * @import { Camera } from "../view/camera.js"
 * @import { Plot } from "./gestures.js"
 * @import { Store } from "../store.js"
 * @import { Tool } from "../state.js"
 */
import { all, clear, held, invert, select } from "../select.js";
import { matrix, project } from "../view/camera.js";
import { pan, turn, zoom } from "../view/moves.js";
import { act, CLOSER } from "./gestures.js";

const STEP = 40;
const ANGLE = 0.12;
/** @type {Record<string, Tool>} */
const TOOLS = { v: "move", l: "lasso", r: "rectangle", n: "near" };
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {Store} store @param {HTMLCanvasElement} canvas @param {Plot} plot */
export function keys(store, canvas, plot) {
  const { frame, home } = plot;
  /** @param {(camera: Camera) => Camera} change */
  const move = (change) => {
    const { camera } = store.state;
    if (camera) store.patch({ camera: change(camera), hover: null });
  };

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
    move((camera) =>
      (camera.mode === "orbit") === other
        ? pan(camera, dx * STEP, dy * STEP, frame())
        : camera.mode === "orbit"
          ? turn(camera, -dx * ANGLE, dy * ANGLE)
          : pan(camera, (dx * STEP) / 4, (dy * STEP) / 4, frame()),
    );
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it means something here */
  function plain(event) {
    const { camera, outline, tool } = store.state;
    const wanted = TOOLS[event.key.toLowerCase()];
    if (wanted) store.patch({ tool: wanted, outline: [] });
    else if (event.key === "+" || event.key === "=") move((now) => zoom(now, CLOSER, frame()));
    else if (event.key === "-" || event.key === "_") move((now) => zoom(now, 1 / CLOSER, frame()));
    else if (event.key === "0") home();
    else if (event.key === "a") {
      const { width, height } = frame();
      plot.enclose(
        [
          [0, 0],
          [width, height],
        ],
        "view",
      );
    } else if (event.key === "i") invert(store);
    else if (event.key === " ") {
      if (!camera || (tool !== "lasso" && tool !== "rectangle")) return false;
      // The middle of the frame is the camera's target, whatever the camera does.
      const corners = tool === "rectangle" ? outline.slice(0, 1) : outline;
      store.patch({ outline: [...corners, camera.target], notice: `Corner ${corners.length + 1} set. Enter selects.` });
    } else if (event.key === "Escape") {
      if (outline.length) store.patch({ outline: [], notice: "Outline dropped" });
      else if (store.state.hover) store.patch({ hover: null });
      else clear(store);
    } else return false;
    return true;
  }

  /** @param {KeyboardEvent} event */
  function enter(event) {
    const { camera, outline, tool } = store.state;
    const { width, height } = frame();
    if (!camera || !outline.length) {
      plot.pick(width / 2, height / 2, plot.corner(1, 1), (cell) => act(store, plot, cell, 0, event));
      return;
    }
    const view = matrix(camera, frame());
    const corners = tool === "rectangle" ? [...outline.slice(0, 1), camera.target] : outline;
    const shown = corners.map((corner) => project(view, frame(), ...corner));
    store.patch({ outline: [] });
    if (!shown.includes(null)) plot.enclose(/** @type {Array<[number, number]>} */ (shown), tool, held(event) ?? undefined);
  }

  // Steps back and forth work wherever the focus is, but in text.
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
