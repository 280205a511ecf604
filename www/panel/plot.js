/**
 * The plot: store in, pixels out; gestures and keys in, patches out. Draws only when something changed.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Scene } from "../view/points.js"
 */
import { bounds, distance, fit, matrix } from "../view/camera.js";
import { categories, categoryPalette, numberPalette, quantise } from "../view/colour.js";
import { flags } from "../view/flags.js";
import { Budget, shuffle } from "../view/order.js";
import { Picker } from "../view/pick.js";
import { Points } from "../view/points.js";
import { strip } from "../view/strip.js";
import { known } from "./element.js";
import { gestures } from "./gestures.js";
import { scheme } from "./theme.js";

/** How long after the last movement everything is drawn again. */
const REST = 140;

/** @param {Store} store */
export function plot(store) {
  const canvas = known("plot", HTMLCanvasElement);
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, powerPreference: "high-performance" });
  if (!gl) return store.patch({ graphics: "none" });

  const points = new Points(gl);
  const picker = new Picker(points);
  const budget = new Budget();
  /** @type {import("../view/camera.js").Bounds} */
  let box = bounds(new Float32Array(), 2);
  let [request, moving, resting] = [0, false, 0];
  let frame = { width: 1, height: 1 };
  /** The camera that shows everything. @type {import("../view/camera.js").Camera | null} */
  let whole = null;

  const redraw = () => {
    canvas.removeAttribute("data-drawn");
    if (!request) request = requestAnimationFrame(draw);
  };
  new ResizeObserver(() => {
    frame = { width: canvas.clientWidth, height: canvas.clientHeight };
    canvas.width = Math.max(1, Math.round(frame.width * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(frame.height * devicePixelRatio));
    // A view of everything stays one; a view that was chosen stays as it is.
    if (store.state.camera === whole) home();
    redraw();
  }).observe(canvas);
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    store.patch({ graphics: "lost" });
  });
  canvas.addEventListener("webglcontextrestored", () => {
    points.revive();
    store.patch({ graphics: "ready" });
    redraw();
  });

  function home() {
    const { points: shown } = store.state;
    if (!shown) return;
    whole = fit(box, shown.dimension, frame);
    store.patch({ camera: whole });
  }

  store.subscribe(["points"], ({ points: shown, colour }) => {
    const flat = shown?.dimension === 1 ? strip(shown.coordinates) : (shown?.coordinates ?? new Float32Array());
    const dimension = Math.max(2, shown?.dimension ?? 2);
    box = bounds(flat, dimension);
    const cells = flat.length / dimension;
    points.place(flat, dimension, cells === points.count ? points.order : shuffle(cells));
    if (!colour) points.tint(categoryPalette(0, new Set(), scheme()));
  });
  store.subscribe(["camera", "points"], ({ camera, points: shown }) => !camera && shown && home());
  store.subscribe(["colour", "range"], ({ colour, range }) => {
    if (colour?.kind === "category") points.paint(categories(colour.codes, colour.field.labels.length).indices);
    else if (colour) points.paint(quantise(colour.values, range, colour.summary.sparse));
    else points.paint(new Uint16Array(points.count));
  });
  store.subscribe(["colour", "hidden", "theme"], ({ colour, hidden }) => {
    if (colour?.kind === "continuous") points.tint(numberPalette(scheme()));
    else points.tint(categoryPalette(colour?.field.labels.length ?? 0, hidden, scheme()));
  });
  store.subscribe(["points", "invisible", "selection", "highlights"], (state) => {
    const special = flags(points.count, state);
    points.flag(special.flags, special.marks);
  });
  store.subscribe(["points", "colour", "range", "hidden", "theme", "size", "opacity", "hover", "graphics"], redraw);
  store.subscribe(["invisible", "selection", "highlights"], redraw);
  store.subscribe(["camera"], () => {
    moving = true;
    redraw();
  });

  /** @param {State} state @returns {Scene | null} */
  function scene({ camera, colour, size, opacity, hover, points: shown }) {
    if (!camera || !shown) return null;
    const style = getComputedStyle(canvas);
    const room = Math.sqrt((frame.width * frame.height) / Math.max(1, points.count));
    // Few cells are drawn large, many small; coming closer makes them grow, but slower than the distances between them.
    const near = (camera.home / camera.reach) ** 0.4;
    return {
      view: matrix(camera, frame),
      size: Math.min(8, Math.max(1.5, 0.5 * room)) * near * size * devicePixelRatio,
      reach: camera.mode === "orbit" ? distance(camera) : 0,
      opacity,
      ranked: colour?.kind === "continuous",
      hovered: hover?.cell ?? -1,
      ground: parts(style.backgroundColor),
      marker: parts(style.color),
      count: points.count,
    };
  }

  /** @param {number} now */
  function draw(now) {
    request = 0;
    const made = scene(store.state);
    if (gl?.isContextLost()) return;
    const count = moving ? budget.next(now, points.count) : points.count;
    if (made) points.draw({ ...made, count });
    else points.blank(parts(getComputedStyle(canvas).backgroundColor));
    canvas.dispatchEvent(new Event("drawn"));
    // For whoever waits for the whole picture.
    if (!moving) {
      canvas.dataset.drawn = String(made ? count : 0);
      return;
    }
    // Counted from the frame, not from the gesture: where frames are slow, a drag would else be full of pauses.
    clearTimeout(resting);
    resting = window.setTimeout(() => {
      moving = false;
      redraw();
    }, REST);
  }

  gestures(store, canvas, {
    frame: () => frame,
    home,
    pick(x, y, click) {
      const made = scene(store.state);
      if (!made || store.state.graphics !== "ready") return;
      const ratio = devicePixelRatio;
      const tell = (/** @type {number} */ cell) => {
        if (cell !== (store.state.hover?.cell ?? -1) || cell >= 0) store.patch({ hover: cell < 0 ? null : { cell, x, y } });
        if (click && cell >= 0) store.patch({ clicked: { cell, ...click } });
      };
      picker.ask(made, x * ratio, canvas.height - y * ratio, tell, click !== undefined);
    },
  });
  redraw();
}

/** @param {string} colour as computed styles give it: rgb(…) or color(srgb …) @returns {[number, number, number]} 0 to 1 */
function parts(colour) {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  return colour.startsWith("rgb") ? [r / 255, g / 255, b / 255] : [r, g, b];
}
