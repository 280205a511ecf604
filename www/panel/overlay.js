/**
 * Lines over and under the points, when they are asked for: brings the neighbour graph or the vector field, and hands the plot what
 * draws them.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 * @import { View } from "./plot.js"
 */

import { arrows, grid, streams } from "../view/flow.js";
import { Lines } from "../view/lines.js";
import { shuffle } from "../view/order.js";

/** Lines drawn at most: more would only be a fog. */
const MOST = 2_000_000;

/** @param {Store} store @param {Data} data @param {View} view */
export function overlay(store, data, view) {
  const lines = new Lines();
  view.trace(lines);

  async function edges() {
    const on = store.state.edges;
    const graph = on ? await data.graph() : null;
    if (on && !graph) return store.patch({ edges: false });
    if (on !== store.state.edges) return;
    lines.edges(graph ? mixed(graph.pairs) : new Uint32Array());
    view.redraw();
  }

  async function flow() {
    const { flow, points, filtered, invisible } = store.state;
    if (!flow || !points || points.dimension < 2) {
      lines.flow(new Float32Array());
      return view.redraw();
    }
    const bytes = await data.file(`vectors/${flow.field}_${points.dimension}d.bin`, `Loading ${flow.field}`);
    if (store.state.flow !== flow || store.state.points !== points) return;
    if (!bytes || bytes.byteLength !== points.coordinates.byteLength) return store.patch({ flow: null });
    const seen = (/** @type {number} */ cell) => !filtered?.[cell] && !invisible?.[cell];
    const field = grid(points.coordinates, new Float32Array(bytes), points.axes, seen);
    lines.flow(flow.style === "arrows" ? arrows(field) : streams(field));
    view.redraw();
  }
  store.subscribe(["edges", "dataset"], edges);
  store.subscribe(["flow", "points", "filtered", "invisible"], flow);
  edges();
  flow();
}

/** In an order of which any beginning is a fair sample. @param {Uint32Array} pairs */
function mixed(pairs) {
  const order = shuffle(pairs.length / 2).subarray(0, MOST);
  const out = new Uint32Array(2 * order.length);
  order.forEach((edge, at) => {
    out[2 * at] = pairs[2 * edge] ?? 0;
    out[2 * at + 1] = pairs[2 * edge + 1] ?? 0;
  });
  return out;
}
