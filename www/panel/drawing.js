/**
 * Who draws the points: the graphics card; or, where WebGL is software and the processor has to play the card, the processor by itself,
 * which is faster. The person may choose; the choice is kept.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Points } from "../view/points.js"
 */
import { recall, remember } from "../kept.js";
import { software } from "../view/gpu.js";

const KEY = "cellucid.drawing";
const kinds = /** @type {const} */ (["auto", "card", "processor"]);

/** @param {Store} store @param {Points} points @param {() => void} redraw */
export async function drawing(store, points, redraw) {
  const kept = kinds.find((kind) => kind === recall(KEY));
  if (kept) store.patch({ drawing: kept });
  const hire = async () => {
    const wanted = () => (store.state.drawing === "auto" ? software(points.gl) : store.state.drawing === "processor");
    const own = wanted() ? (points.own ?? new (await import("../view/own.js")).Own(points.gl)) : null;
    // Another choice may have been made meanwhile.
    if (wanted() === (own !== null)) points.own = own;
    redraw();
  };
  store.subscribe(["drawing"], ({ drawing }) => {
    remember(KEY, drawing);
    hire();
  });
  await hire();
}
