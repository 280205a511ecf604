/**
 * Pointer and wheel on a plot; the keys are in keys.js. Each gesture with the pointer has a twin on the keyboard.
 *
 * @import { Frame } from "../view/camera.js"
 * @import { Tool } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Place, steer } from "./steer.js"
 * @typedef {{ left: number, top: number }} Corner of a plot within the stage, CSS pixels
 * @typedef {object} Own
 * @property {() => Frame} frame one plot's size
 * @property {(x: number, y: number) => Corner} corner of the plot at a place
 * @property {() => void} home shows everything
 * @property {() => Tool} tool what a drag does
 * @property {() => Place[]} corners those set with the keyboard
 * @property {(corners: Place[], notice?: string) => void} mark sets them
 * @property {(x: number, y: number, corner: Corner, then?: (cell: number) => void) => void} pick asks for the cell at a place within a
 * plot, and shows it; with `then` it is answered in any case
 * @property {(outline: Array<[number, number]>, source: string, how?: import("../state.js").Combine) => void} enclose selects
 * @property {(cell: number, how?: import("../state.js").Combine) => void} near selects along the graph
 * @property {(outline: Array<[number, number]>, corner: Corner) => void} trace shows the outline so far
 * @typedef {Own & ReturnType<typeof steer>} Plot
 */
import { held, select } from "../select.js";

export const CLOSER = 1.25;
/** A pointer that moved no further than this between down and up has clicked. */
const STILL = 4;
/** Corners of an outline lie at least this far apart. */
const APART = 2;

/** @param {Store} store @param {HTMLCanvasElement} canvas @param {Plot} plot */
export function gestures(store, canvas, plot) {
  /** Pointers that are down. @type {Map<number, { x: number, y: number }>} */
  const down = new Map();
  /** The plot in which a gesture began: it stays in it. @type {Corner} */
  let corner = { left: 0, top: 0 };
  /** Where the only pointer went down, until it moves away. @type {{ x: number, y: number, button: number } | null} */
  let click = null;
  /** The outline being drawn. @type {Array<[number, number]> | null} */
  let drawn = null;

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!down.size) corner = plot.corner(...inStage(event));
    const here = place(event);
    const tool = plot.tool();
    click = down.size ? null : { ...here, button: event.button };
    drawn = click && event.button === 0 && (tool === "lasso" || tool === "rectangle") ? [[here.x, here.y]] : null;
    if (drawn) plot.trace([], corner);
    down.set(event.pointerId, here);
    canvas.classList.toggle("held", !drawn);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      corner = plot.corner(...inStage(event));
      const { x, y } = place(event);
      return plot.pick(x, y, corner);
    }
    const here = place(event);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, here);
    const [dx, dy] = [here.x - before.x, here.y - before.y];
    // Between two frames, or while the page is busy, a hand goes further than in a straight line.
    const way = [...(event.getCoalescedEvents?.() ?? []), event].map(place);
    for (const { x, y } of way) if (click && Math.hypot(x - click.x, y - click.y) > STILL) click = null;
    if (drawn && !other) for (const step of way) draw(step);
    else if (other) {
      // A second finger turns a drawing into a movement.
      if (drawn) plot.trace([], corner);
      drawn = null;
      const factor =
        Math.hypot(here.x - other.x, here.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      const [x, y] = [(here.x + other.x) / 2, (here.y + other.y) / 2];
      plot.pan(dx / 2, dy / 2);
      plot.zoom(factor, x, y);
    } else if (event.shiftKey || event.buttons & 6 || !plot.orbits()) plot.pan(dx, dy);
    else plot.turn(-dx / 160, dy / 160);
  });

  /** @param {{ x: number, y: number }} here */
  function draw({ x, y }) {
    if (!drawn) return;
    const [lastX, lastY] = drawn.at(-1) ?? [0, 0];
    if (plot.tool() === "rectangle") drawn = [...drawn.slice(0, 1), [x, y]];
    else if (Math.hypot(x - lastX, y - lastY) >= APART) drawn.push([x, y]);
    if (!click) plot.trace(drawn, corner);
  }

  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    canvas.addEventListener(end, (event) => {
      down.delete(event.pointerId);
      const shape = drawn;
      drawn = null;
      if (shape) plot.trace([], corner);
      if (end === "pointerup" && click) chosen(click, event);
      else if (end === "pointerup" && shape && shape.length > 1) {
        plot.enclose(shape, plot.tool(), held(event) ?? undefined);
      }
      click = null;
      canvas.classList.toggle("held", down.size > 0);
    });
  }

  /** @param {{ x: number, y: number, button: number }} at @param {PointerEvent} event */
  function chosen({ x, y, button }, event) {
    plot.pick(x, y, corner, (cell) => act(store, plot, cell, button, event));
  }

  canvas.addEventListener("pointerleave", () => store.patch({ hover: null }));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", (event) => {
    if (store.state.tool !== "move") return;
    const { x, y } = place(event);
    plot.zoom(CLOSER ** 3, x, y);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (!down.size) corner = plot.corner(...inStage(event));
      // Lines and pages count as so many pixels; a pinch on a touchpad arrives as a wheel with Ctrl, in small steps.
      const pixels = event.deltaY * ([1, 16, 400][event.deltaMode] ?? 1) * (event.ctrlKey ? 5 : 1);
      const { x, y } = place(event);
      plot.zoom(Math.exp(-Math.max(-300, Math.min(300, pixels)) / 480), x, y);
    },
    { passive: false },
  );

  /** @param {MouseEvent} event @returns {[number, number]} */
  function inStage({ clientX, clientY }) {
    const { left, top } = canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  /** Within the plot of the gesture. @param {MouseEvent} event */
  function place(event) {
    const [x, y] = inStage(event);
    return { x: x - corner.left, y: y - corner.top };
  }
}

/**
 * What a click on a cell does, or Enter with the cross on it: it is always told; selecting tools select.
 *
 * @param {Store} store @param {Plot} plot @param {number} cell or -1 @param {number} button
 * @param {{ shiftKey: boolean, altKey: boolean, ctrlKey: boolean, metaKey: boolean }} event
 */
export function act(store, plot, cell, button, event) {
  const { tool, selection } = store.state;
  if (cell < 0) return;
  store.patch({ clicked: { cell, button, shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey } });
  if (button !== 0) return;
  const how = held(event) ?? undefined;
  if (tool === "near") return plot.near(cell, how);
  const toggles = event.ctrlKey || event.metaKey;
  if (tool === "move" && !toggles) return;
  // With Ctrl a cell is put in or taken out, as in lists of files.
  if (toggles) select(store, Uint32Array.of(cell), "click", selection?.cells.includes(cell) ? "subtract" : "add");
  else select(store, Uint32Array.of(cell), "click", how);
}
