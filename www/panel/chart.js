/**
 * Points with two axes: a plot beside the first one, of the same cells in the same colours. Painted by the processor; a drag encloses
 * cells, in a rectangle or, where the lasso is the tool, in what it draws.
 *
 * @import { Combine, State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Axis } from "../view/against.js"
 * @import { Scene } from "../view/points.js"
 * @import { View } from "./plot.js"
 * @typedef {{ axes: [Axis, Axis], names: [string, string], drawn: Float32Array, exact: Float32Array }} Shown
 * @typedef {{ width: number, height: number }} Frame
 */
import { held } from "../select.js";
import { matrix, project } from "../view/camera.js";
import { Density } from "../view/density.js";
import { Picker } from "../view/pick.js";
import { places } from "../view/places.js";
import { Plain } from "../view/plain.js";
import { axes, ROOM } from "./axes.js";
import { drawing, element, known } from "./element.js";
import { indices, palette, parts } from "./paint.js";
import { scheme } from "./theme.js";

/** Milliseconds that are drawn without a pause, and that the pause has. */
const [PATIENCE, NEXT] = [16, 12];
/** A pointer that moved no further has enclosed nothing. */
const STILL = 4;
/** Places are where they are seen: nothing turns or moves. */
export const FLAT = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

/**
 * @param {Store} store @param {View} view
 * @param {(shape: Array<[number, number]>, frame: Frame, how: Combine | undefined) => void} enclosed corners in CSS pixels; two of them span
 * a rectangle
 */
export function chart(store, view, enclosed) {
  const canvas = element("canvas", { role: "img", tabIndex: -1 });
  const [lines, over] = [drawing("svg", { "aria-hidden": "true" }), drawing("svg", { class: "over", "aria-hidden": "true" })];
  const outline = drawing("path", {});
  over.append(outline);
  const box = element("div", { className: "crossplot" }, lines, canvas, over);
  Object.assign(canvas.style, { left: `${ROOM.left}px`, top: `${ROOM.top}px` });
  Object.assign(over.style, { left: `${ROOM.left}px`, top: `${ROOM.top}px` });
  const painter = new Plain(canvas);
  const picker = new Picker((...asked) => painter.read(...asked));
  /** @type {Shown | null} */
  let shown = null;
  let frame = { width: 1, height: 1 };
  /** Who draws without a card has this said only whether it is to be. */
  const dense = new Density();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let request;

  const redraw = () => {
    canvas.removeAttribute("data-drawn");
    // A task of its own: the first plot has the frame.
    request ||= setTimeout(draw, NEXT);
  };
  const watch = new ResizeObserver(() => {
    frame = {
      width: Math.max(40, box.clientWidth - ROOM.left - ROOM.right),
      height: Math.max(40, box.clientHeight - ROOM.top - ROOM.bottom),
    };
    for (const one of [canvas, over]) Object.assign(one.style, { width: `${frame.width}px`, height: `${frame.height}px` });
    size(canvas, devicePixelRatio);
    rule();
    redraw();
  });
  watch.observe(box);

  /** @param {HTMLCanvasElement} one @param {number} ratio */
  function size(one, ratio) {
    one.width = Math.round(frame.width * ratio);
    one.height = Math.round(frame.height * ratio);
  }

  function rule() {
    const group = drawing("g", { transform: `translate(${ROOM.left} ${ROOM.top})` });
    if (shown) group.append(...axes(shown.axes, shown.names, frame));
    lines.replaceChildren(group);
  }

  /** @param {State} state @param {number} ratio @returns {Scene} */
  function scene({ colour, size, opacity, hover, density }, ratio) {
    const style = getComputedStyle(known("plot", HTMLCanvasElement));
    const room = Math.sqrt((frame.width * frame.height) / Math.max(1, painter.count));
    const whole = { left: 0, bottom: 0, width: Math.round(frame.width * ratio), height: Math.round(frame.height * ratio) };
    return {
      view: FLAT,
      size: Math.min(6, Math.max(2.4, 0.6 * room)) * size * ratio,
      reach: 0,
      opacity,
      ranked: [colour?.kind === "continuous"],
      hovered: hover?.cell ?? -1,
      ground: parts(style.backgroundColor),
      marker: parts(style.color),
      muted: parts(style.caretColor),
      count: painter.count,
      boxes: [whole],
      layer: 0,
      strokes: null,
      density: density ? dense : null,
      patience: PATIENCE,
    };
  }

  function draw() {
    request = undefined;
    if (!shown) return;
    if (!painter.draw(scene(store.state, devicePixelRatio))) request = setTimeout(draw, NEXT);
    else canvas.dataset.drawn = String(painter.count);
  }

  /** All that a painter has to know of the cells. @param {Plain} one @param {State} state */
  const dress = (one, state) => {
    paint(one, state);
    tint(one, state);
    flag(one);
  };
  const paint = (/** @type {Plain} */ one, /** @type {State} */ { colour, range, ramp }) =>
    one.paint(indices(colour, range, ramp, one.count));
  const tint = (/** @type {Plain} */ one, /** @type {State} */ state) =>
    one.tint(palette(state.colour, state.hidden, state, scheme()));
  const flag = (/** @type {Plain} */ one) => {
    const { flags, marks } = view.special();
    one.flag(flags, marks);
  };
  const stops = [
    store.subscribe(["colour", "range", "ramp"], (state) => paint(painter, state)),
    store.subscribe(["colour", "hidden", "ramp", "tones", "theme"], (state) => tint(painter, state)),
    store.subscribe(["invisible", "selection", "highlights", "filtered", "muted"], () => flag(painter)),
    store.subscribe(["colour", "range", "ramp", "hidden", "tones", "theme", "size", "opacity", "density", "hover"], redraw),
    store.subscribe(["invisible", "selection", "highlights", "filtered", "muted"], redraw),
  ];

  /** The shape being drawn. @type {Array<[number, number]> | null} */
  let shape = null;
  /** @param {MouseEvent} event @returns {[number, number]} */
  const place = ({ clientX, clientY }) => {
    const { left, top } = canvas.getBoundingClientRect();
    return [clientX - left, clientY - top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    shape = [place(event)];
    point(null);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!shape) return point(place(event));
    const way = [...(event.getCoalescedEvents?.() ?? []), event].map(place);
    if (store.state.tool === "lasso") shape.push(...way);
    else shape = [...shape.slice(0, 1), ...way.slice(-1)];
    trace(shape);
  });
  canvas.addEventListener("pointerup", (event) => {
    const made = shape;
    end();
    const [[x, y] = [0, 0]] = made ?? [];
    if (!made?.some(([left, top]) => Math.hypot(left - x, top - y) > STILL)) return;
    enclosed(made, frame, held(event) ?? undefined);
  });
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => point(null));

  function end() {
    shape = null;
    trace([]);
  }
  /** @param {Array<[number, number]>} corners */
  function trace(corners) {
    const [[x1, y1] = [0, 0], [x2, y2] = [0, 0]] = corners;
    const all = corners.length === 2 ? [corners[0], [x2, y1], [x2, y2], [x1, y2]] : corners;
    outline.setAttribute("d", all.length ? `M${all.map((one) => one?.join(" ")).join("L")}Z` : "");
  }

  /** The cell at a place is shown in both plots, and told of in the first. @param {[number, number] | null} at */
  function point(at) {
    const { points, camera, panes } = store.state;
    const none = () => store.state.hover && store.patch({ hover: null });
    if (!at || !points || !camera) return void none();
    const ratio = devicePixelRatio;
    picker.ask(scene(store.state, ratio), at[0] * ratio, (frame.height - at[1]) * ratio, (cell) => {
      if (cell === store.state.hover?.cell) return;
      const { clientWidth, clientHeight } = known("plot", HTMLCanvasElement);
      const [first = { width: 1, height: 1 }] = places(1 + panes.length, clientWidth, clientHeight);
      const from = cell * points.axes;
      const [x = 0, y = 0, z = 0] = points.drawn.subarray(from, from + points.axes);
      const there = cell < 0 ? null : project(matrix(camera, first), first, x, y, z);
      if (there) store.patch({ hover: { cell, x: there[0], y: there[1] } });
      else none();
    });
  }

  return {
    box,
    canvas,
    frame: () => frame,
    /** @param {Shown} given */
    show(given) {
      shown = given;
      painter.place(given.drawn, 2, view.painter().order);
      dress(painter, store.state);
      rule();
      redraw();
    },
    /** The points as a picture of their own. @param {number} ratio */
    snap(ratio) {
      const other = document.createElement("canvas");
      size(other, ratio);
      const one = new Plain(other);
      one.place(shown?.drawn ?? new Float32Array(), 2, painter.order);
      dress(one, store.state);
      one.draw({ ...scene(store.state, ratio), hovered: -1, patience: Infinity });
      return other.toDataURL("image/png");
    },
    close() {
      watch.disconnect();
      clearTimeout(request);
      for (const stop of stops) stop();
      if (store.state.hover) store.patch({ hover: null });
    },
  };
}
