/**
 * The plot: store in, pixels out. Draws only when something changed; what hands do on it is in hands.js.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Density } from "../view/density.js"
 * @import { Frame } from "../view/camera.js"
 * @import { Place } from "../view/places.js"
 * @import { Plain } from "../view/plain.js"
 * @import { Lines } from "../view/lines.js"
 * @import { Points, Scene } from "../view/points.js"
 * @typedef {Points | Plain} Painter
 * @typedef {object} View
 * @property {(scale: number) => Promise<{ image: Blob, width: number, height: number }>} snap the plot as it is, CSS pixels times scale
 * @property {() => Painter} painter who draws now
 * @property {() => Frame} frame one plot's size
 * @property {() => Place[]} where the plots lie
 * @property {() => Scene | null} scene what is drawn now; null while there is nothing, or no graphics card
 * @property {() => number} ratio how many canvas pixels a CSS pixel has
 * @property {() => void} home shows everything
 * @property {(strokes: Lines) => void} trace draws lines, too
 * @property {(density: Density) => void} shade what density shading is done by, when the state asks for it
 * @property {() => void} redraw
 * @property {() => ReturnType<typeof flags>} special what is special about each cell, for other plots of the same
 */
import { bounds, distance, fit, matrix } from "../view/camera.js";
import { flags } from "../view/flags.js";
import { Budget, shuffle } from "../view/order.js";
import { places } from "../view/places.js";
import { drawing } from "./drawing.js";
import { known } from "./element.js";
import { indices, palette, parts } from "./paint.js";
import { scheme } from "./theme.js";

/** How long after the last movement everything is drawn again. */
const REST = 140;
/** Milliseconds of a frame where the processor draws: the rest is left to the next one, so that hands are not held up. */
const PATIENCE = 28;

/** @param {Store} store @returns {Promise<View>} */
export async function plot(store) {
  const canvas = known("plot", HTMLCanvasElement);
  const painter = drawing(store, canvas);
  return start(store, canvas, await painter(), painter);
}

/**
 * @param {Store} store @param {HTMLCanvasElement} canvas what hands are laid on, and what a graphics card draws on
 * @param {Painter} points @param {() => Promise<Painter>} painter who draws now
 * @returns {View}
 */
function start(store, canvas, points, painter) {
  const budget = new Budget();
  /** @type {import("../view/camera.js").Bounds} */
  let box = bounds(new Float32Array(), 2);
  let [request, moving, resting] = [0, false, 0];
  let stage = { width: 1, height: 1 };
  /** One plot's size. */
  let frame = stage;
  let where = places(1, 1, 1);
  /** The camera that shows everything. @type {import("../view/camera.js").Camera | null} */
  let whole = null;
  /** @type {Lines | null} */
  let strokes = null;
  /** @type {Density | null} */
  let shading = null;
  /** @type {ReturnType<typeof flags>} */
  let special;
  /** How many canvas pixels a CSS pixel has. */
  let ratio = devicePixelRatio;

  const redraw = () => {
    canvas.removeAttribute("data-drawn");
    if (!request) request = requestAnimationFrame(draw);
  };
  /** @param {number} scale */
  function measure(scale) {
    ratio = scale;
    stage = { width: canvas.clientWidth, height: canvas.clientHeight };
    points.canvas.width = Math.max(1, Math.round(stage.width * ratio));
    points.canvas.height = Math.max(1, Math.round(stage.height * ratio));
    divide();
  }
  function divide() {
    where = places(1 + store.state.panes.length, stage.width, stage.height);
    frame = where[0] ?? stage;
    // A view of everything stays one; a view that was chosen stays as it is.
    if (store.state.camera === whole) home();
  }
  new ResizeObserver(() => {
    measure(devicePixelRatio);
    redraw();
  }).observe(canvas);
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    if (points.canvas === canvas) store.patch({ graphics: "lost" });
  });
  canvas.addEventListener("webglcontextrestored", () => {
    if (points.canvas !== canvas) return;
    revive();
    store.patch({ graphics: "ready" });
    redraw();
  });
  function revive() {
    points.revive();
    strokes?.revive();
    shading?.revive();
  }

  function home() {
    const { points: shown } = store.state;
    if (!shown) return;
    whole = fit(box, shown.dimension, frame);
    store.patch({ camera: whole });
  }

  /** What whoever draws is told. @type {Array<(state: State) => void>} */
  const runs = [];
  /** @param {Array<keyof State>} keys @param {(state: State) => void} run */
  const follow = (keys, run) => {
    store.subscribe(keys, run);
    runs.push(run);
    run(store.state);
  };
  follow(["points"], ({ points: shown }) => {
    const { drawn, axes } = shown ?? { drawn: new Float32Array(), axes: 2 };
    box = bounds(drawn, axes);
    const cells = drawn.length / axes;
    points.place(drawn, axes, cells === points.count ? points.order : shuffle(cells));
  });
  follow(["panes"], divide);
  follow(["camera", "points"], ({ camera, points: shown }) => !camera && shown && home());
  follow(["colour", "range", "ramp"], ({ colour, range, ramp }) => {
    points.paint(indices(colour, range, ramp, points.count));
  });
  follow(["colour", "hidden", "ramp", "tones", "theme"], (state) => {
    points.tint(palette(state.colour, state.hidden, state, scheme()));
  });
  /** What each further plot was painted with: only what changed is painted again. @type {Array<Array<unknown>>} */
  let painted = [];
  follow(["panes", "points", "ramp", "tones", "theme"], (state) => {
    const { panes, ramp } = state;
    points.keep(1 + panes.length);
    painted = panes.map(({ colour, hidden, range }, at) => {
      const before = painted[at];
      const now = [colour, range, ramp, points.count, points.order];
      if (now.some((value, part) => value !== before?.[part])) points.paint(indices(colour, range, ramp, points.count), at + 1);
      points.tint(palette(colour, hidden, state, scheme()), at + 1);
      return now;
    });
  });
  follow(["points", "invisible", "selection", "highlights", "filtered", "muted"], (state) => {
    special = flags(points.count, state);
    points.flag(special.flags, special.marks);
  });
  /** Another one draws: the card on the canvas itself, the processor on one over it. */
  function show() {
    for (const other of document.querySelectorAll("#plot + canvas")) other.remove();
    if (points.canvas !== canvas) canvas.after(points.canvas);
  }
  show();
  store.subscribe(["drawing"], async () => {
    canvas.removeAttribute("data-drawn");
    const now = await painter();
    if (now !== points) {
      points = now;
      show();
      // The context may have been lost meanwhile.
      revive();
      painted = [];
      for (const run of runs) run(store.state);
      measure(devicePixelRatio);
    }
    redraw();
  });
  store.subscribe(
    ["points", "colour", "range", "ramp", "tones", "hidden", "theme", "size", "opacity", "density", "hover", "graphics"],
    redraw,
  );
  store.subscribe(["invisible", "selection", "highlights", "filtered", "muted", "panes"], redraw);
  store.subscribe(["camera"], () => {
    moving = true;
    redraw();
  });

  /** @param {State} state @returns {Scene | null} */
  function scene({ camera, colour, panes, size, opacity, density, hover, points: shown }) {
    if (!camera || !shown) return null;
    const style = getComputedStyle(canvas);
    const room = Math.sqrt((frame.width * frame.height) / Math.max(1, points.count));
    // Few cells are drawn large, many small; coming closer makes them grow, but slower than the distances between them.
    const near = (camera.home / camera.reach) ** 0.4;
    return {
      view: matrix(camera, frame),
      size: Math.min(8, Math.max(1.5, 0.5 * room)) * near * size * ratio,
      reach: camera.mode === "orbit" ? distance(camera) : 0,
      opacity,
      ranked: [colour, ...panes.map((pane) => pane.colour)].map((one) => one?.kind === "continuous"),
      hovered: hover?.cell ?? -1,
      ground: parts(style.backgroundColor),
      marker: parts(style.color),
      muted: parts(style.caretColor),
      count: points.count,
      boxes: where.map(({ left, top, width, height }) => ({
        left: Math.round(left * ratio),
        bottom: Math.round((stage.height - top - height) * ratio),
        width: Math.round(width * ratio),
        height: Math.round(height * ratio),
      })),
      layer: 0,
      strokes,
      density: density ? shading : null,
    };
  }

  /** @param {number} now */
  function draw(now) {
    request = 0;
    const made = scene(store.state);
    if (store.state.graphics === "lost") return;
    const count = moving ? budget.next(now, points.count) : points.count;
    const whole = !made || points.draw({ ...made, count, patience: PATIENCE });
    if (!made) points.blank(parts(getComputedStyle(canvas).backgroundColor));
    canvas.dispatchEvent(new Event("drawn"));
    // For whoever waits for the whole picture.
    if (!moving && !whole) request = requestAnimationFrame(draw);
    else if (!moving) {
      canvas.dataset.drawn = String(made ? count : 0);
    }
    if (!moving) return;
    // Counted from the frame, not from the gesture: where frames are slow, a drag would else be full of pauses.
    clearTimeout(resting);
    resting = window.setTimeout(() => {
      moving = false;
      redraw();
    }, REST);
  }

  redraw();

  return {
    painter: () => points,
    frame: () => frame,
    where: () => where,
    scene: () => (store.state.graphics === "lost" ? null : scene(store.state)),
    ratio: () => ratio,
    home,
    redraw,
    special: () => special,
    trace(given) {
      strokes = given;
      redraw();
    },
    shade(given) {
      shading = given;
      redraw();
    },
    async snap(scale) {
      const { width, height } = stage;
      measure(scale);
      const made = scene(store.state);
      if (made) points.draw(made);
      // Taken in the same task: the picture is gone with the next frame.
      const taken = new Promise((done) => points.canvas.toBlob(done, "image/png"));
      measure(devicePixelRatio);
      redraw();
      const image = await taken;
      if (!(image instanceof Blob)) throw new Error("the browser could not make a picture of the plot");
      return { image, width, height };
    },
  };
}
