/**
 * What happens on the page, as events: the dataset is drawn, the pointer is over a cell, a cell is clicked, cells are selected, the
 * console has something to say.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Event } from "./wire.js"
 */

/** A frame that nobody looks at is not drawn: then this long after the data has come, in milliseconds. */
const UNSEEN = 1000;

/**
 * @param {Store} store @param {(event: Event) => void} tell
 * @returns {() => Promise<void>} resolves once the dataset that is there has been announced; at once where none is
 */
export function watch(store, tell) {
  /** @type {unknown} */
  let told = null;
  let announced = Promise.resolve();
  store.subscribe(["points", "dataset"], ({ points, dataset }) => {
    if (!points || !dataset || told === dataset.description) return;
    told = dataset.description;
    const { dimension } = points;
    announced = new Promise((over) => {
      once(
        (done) => {
          requestAnimationFrame(() => requestAnimationFrame(done));
          setTimeout(done, UNSEEN);
        },
        () => {
          tell({ type: "ready", n_cells: dataset.cells, dimensions: dimension });
          over();
        },
      );
    });
  });
  store.subscribe(["hover"], (state) => {
    const cell = state.hover?.cell ?? null;
    tell({ type: "hover", cell, position: cell === null ? null : position(state, cell) });
  });
  store.subscribe(["clicked"], ({ clicked }) => clicked && tell({ type: "click", ...clicked }));
  store.subscribe(["selection"], ({ selection }) => {
    tell({ type: "selection", cells: selection?.cells ?? [], source: selection?.source ?? "clear" });
  });
  listen(tell);
  return () => announced;
}

/** @param {(done: () => void) => void} start @param {() => void} run */
function once(start, run) {
  let over = false;
  start(() => {
    if (!over) run();
    over = true;
  });
}

/** @param {State} state @param {number} cell */
function position({ points }, cell) {
  if (!points) return null;
  const { dimension, coordinates } = points;
  const [x = 0, y = 0, z = 0] = coordinates.subarray(cell * dimension, (cell + 1) * dimension);
  return Number.isFinite(x + y + z) ? { x, y, z } : null;
}

/** Warnings and errors, wherever they come from. @param {(event: Event) => void} tell */
function listen(tell) {
  let busy = false;
  /** @param {"warn" | "error"} level @param {string} message @param {{ filename?: string, lineno?: number, colno?: number }} [place] */
  const say = (level, message, place) => {
    // Telling may itself have something to complain about.
    if (busy) return;
    busy = true;
    try {
      tell({ type: "console", level, message, ts: new Date().toISOString(), ...place });
    } finally {
      busy = false;
    }
  };
  for (const level of /** @type {const} */ (["warn", "error"])) {
    const before = console[level];
    console[level] = (...words) => {
      before(...words);
      say(level, words.map(String).join(" "));
    };
  }
  addEventListener("error", ({ message, filename, lineno, colno }) => say("error", message, { filename, lineno, colno }));
  addEventListener("unhandledrejection", ({ reason }) => say("error", String(reason)));
}
