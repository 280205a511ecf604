/**
 * Points with two axes: a plot beside the first one, of the same cells in the same colours. Painted by the processor. Hands have the
 * gestures and keys of the first plot, but that a drag always encloses: in a rectangle or, where the lasso is the tool, in what it draws.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Axis } from "../view/against.js"
 * @import { Camera } from "../view/camera.js"
 * @import { Scene } from "../view/points.js"
 * @import { Plot } from "./gestures.js"
 * @import { View } from "./plot.js"
 * @typedef {{ axes: [Axis, Axis], names: [string, string], drawn: Float32Array, exact: Float32Array }} Shown
 */
import { seen } from "../view/against.js";
import { matrix, project } from "../view/camera.js";
import { Density } from "../view/density.js";
import { Picker } from "../view/pick.js";
import { places } from "../view/places.js";
import { Plain } from "../view/plain.js";
import { axes, ROOM } from "./axes.js";
import { drawing, element, known } from "./element.js";
import { gestures } from "./gestures.js";
import { keys } from "./keys.js";
import { outline } from "./outline.js";
import { indices, palette, parts } from "./paint.js";
import { steer } from "./steer.js";
import { scheme } from "./theme.js";

/** Milliseconds that are drawn without a pause, and that the pause has. */
const [PATIENCE, NEXT] = [16, 12];
/** Everything: the plot is a square from -1 to 1, whatever its sides are. @type {Camera} */
const WHOLE = { mode: "flat", target: [0, 0, 0], reach: 1, home: 1, yaw: 0, pitch: 0 };
const KEYS =
  "Arrow keys move the plot, plus and minus zoom, 0 shows everything. Space sets a corner in the middle, Enter selects: R for a rectangle, L for a lasso. Without corners Enter names the cell in the middle. A selects what is in view, Control A everything, I the others, Escape nothing.";

/**
 * @param {Store} store @param {View} view
 * @param {Pick<Plot, "enclose" | "near"> & { moved: () => void, whole: () => void }} on `moved`: another part is seen; `whole`: everything is
 * to be
 */
export function chart(store, view, on) {
  const canvas = element("canvas", { role: "img", tabIndex: 0, "aria-describedby": "scatter-keys" });
  const lines = drawing("svg", { "aria-hidden": "true" });
  const over = element("div", { className: "over outline", "aria-hidden": "true" }, element("div", { className: "cross" }));
  const say = element("p", { id: "scatter-keys", className: "unseen" }, KEYS);
  const box = element("div", { className: "crossplot" }, lines, canvas, over, say);
  Object.assign(canvas.style, { left: `${ROOM.left}px`, top: `${ROOM.top}px` });
  Object.assign(over.style, { left: `${ROOM.left}px`, top: `${ROOM.top}px` });
  const painter = new Plain(canvas);
  const picker = new Picker((...asked) => painter.read(...asked));
  /** @type {Shown | null} */
  let shown = null;
  let frame = { width: 1, height: 1 };
  let camera = WHOLE;
  /** Set with the keyboard. @type {import("./steer.js").Place[]} */
  let corners = [];
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
    follow();
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
    if (shown) group.append(...axes(part(shown), shown.names, frame));
    lines.replaceChildren(group);
  }

  /** The axes as far as they are seen. @param {Shown} shown @returns {[Axis, Axis]} */
  const part = ({ axes: [first, second] }) => {
    const { target, reach } = camera;
    // Computed there and back, an end would be a little beside itself.
    if (camera === WHOLE) return [first, second];
    return [seen(first, target[0], reach), seen(second, target[1], reach)];
  };

  /** @param {State} state @param {number} ratio @returns {Scene} */
  function scene({ colour, size, opacity, hover, density }, ratio) {
    const style = getComputedStyle(known("plot", HTMLCanvasElement));
    const room = Math.sqrt((frame.width * frame.height) / Math.max(1, painter.count));
    const whole = { left: 0, bottom: 0, width: Math.round(frame.width * ratio), height: Math.round(frame.height * ratio) };
    return {
      view: steered.view() ?? new Float32Array(16),
      size: Math.min(6, Math.max(2.4, 0.6 * room)) * (camera.home / camera.reach) ** 0.4 * size * ratio,
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

  /** The cell at a place is shown in both plots, and told of in the first. @type {Plot["pick"]} */
  function pick(x, y, _, then) {
    const { points, camera, panes } = store.state;
    if (!points || !camera) return;
    const ratio = devicePixelRatio;
    const tell = (/** @type {number} */ cell) => {
      if (cell !== (store.state.hover?.cell ?? -1)) {
        const { clientWidth, clientHeight } = known("plot", HTMLCanvasElement);
        const [first = { width: 1, height: 1 }] = places(1 + panes.length, clientWidth, clientHeight);
        const from = cell * points.axes;
        const [x = 0, y = 0, z = 0] = points.drawn.subarray(from, from + points.axes);
        const there = cell < 0 ? null : project(matrix(camera, first), first, x, y, z);
        store.patch({ hover: there && { cell, x: there[0], y: there[1] } });
      }
      then?.(cell);
    };
    picker.ask(scene(store.state, ratio), x * ratio, (frame.height - y) * ratio, tell, then !== undefined);
  }

  const steered = steer({ camera: () => camera, look, frame: () => frame, stretched: true });
  const shape = {
    ...steered,
    tool: () => /** @type {import("../state.js").Tool} */ (store.state.tool === "lasso" ? "lasso" : "rectangle"),
    corners: () => corners,
  };
  const { trace, follow } = outline(over, shape);
  /** @type {Plot} */
  const own = {
    ...shape,
    ...on,
    trace,
    pick,
    frame: () => frame,
    corner: () => ({ left: 0, top: 0 }),
    home: on.whole,
    mark(set, notice) {
      corners = set;
      follow();
      if (notice) store.patch({ notice });
    },
  };
  gestures(store, canvas, own);
  keys(store, canvas, own);
  stops.push(store.subscribe(["tool"], () => own.mark([])));

  /** @param {Camera} wanted */
  function look(wanted) {
    camera = wanted;
    if (store.state.hover) store.patch({ hover: null });
    rule();
    follow();
    redraw();
    on.moved();
  }

  return {
    box,
    canvas,
    frame: () => frame,
    view: () => steered.view() ?? new Float32Array(16),
    /** What is seen of the axes. */
    axes: () => shown && part(shown),
    home: () => look(WHOLE),
    /** Where a pixel lies, within the square. @param {[number, number]} pixel */
    place([x, y]) {
      const { target, reach } = camera;
      return [target[0] + reach * ((2 * x) / frame.width - 1), target[1] + reach * (1 - (2 * y) / frame.height)];
    },
    /** How many of a number tell pixels apart. */
    digits: () => Math.min(9, 6 + Math.max(0, Math.ceil(Math.log10(1 / camera.reach)))),
    /** @param {Shown} given @param {boolean} anew its axes are others */
    show(given, anew) {
      shown = given;
      if (anew) {
        own.mark([]);
        camera = WHOLE;
      }
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
