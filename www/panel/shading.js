/**
 * Shading by density, when it is first asked for: hands the plot what does it, or says why it cannot be had.
 *
 * @import { Store } from "../store.js"
 * @import { View } from "./plot.js"
 */
import { Density } from "../view/density.js";
import { Points } from "../view/points.js";

/** @param {Store} store @param {View} view */
export function shading(store, view) {
  const shade = new Density();
  view.shade(shade);
  const look = () => {
    const painter = view.painter();
    if (!store.state.density || !(painter instanceof Points) || shade.able(painter.gl)) return;
    store.patch({ density: false, notice: "This browser's graphics cannot shade by density." });
  };
  store.subscribe(["density"], look);
  look();
}
