/**
 * Who draws the plot: the graphics card; or, where WebGL is software and the processor has to play the card, or there is no WebGL at
 * all, the processor by itself, which is faster. The person may choose; the choice is kept.
 *
 * @import { Store } from "../store.js"
 * @import { Plain } from "../view/plain.js"
 */
import { recall, remember } from "../kept.js";
import { software } from "../view/gpu.js";
import { Points } from "../view/points.js";

const KEY = "cellucid.drawing";
const kinds = /** @type {const} */ (["auto", "card", "processor"]);

/** @param {Store} store @param {HTMLCanvasElement} canvas of the card @returns {() => Promise<Points | Plain>} who draws now */
export function drawing(store, canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, powerPreference: "high-performance" });
  const kept = kinds.find((kind) => kind === recall(KEY));
  if (kept) store.patch({ drawing: kept });
  if (!gl) store.patch({ graphics: "none" });
  store.subscribe(["drawing"], ({ drawing }) => remember(KEY, drawing));
  const own = () => (store.state.drawing === "auto" && gl ? software(gl) : store.state.drawing === "processor");
  /** @type {Points | undefined} */
  let card;
  /** @type {Plain | undefined} */
  let processor;
  return async () => {
    const plain = gl && !own() ? null : await import("../view/plain.js");
    // Another choice may have been made meanwhile.
    if (!plain || (gl && !own())) {
      card ??= new Points(/** @type {WebGL2RenderingContext} */ (gl));
      return card;
    }
    processor ??= new plain.Plain(document.createElement("canvas"));
    return processor;
  };
}
