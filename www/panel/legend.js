/**
 * The right panel: what the colours mean. Which of its two forms is shown depends on the kind of field.
 *
 * @import { Store } from "../store.js"
 */

import { categoryLegend } from "./categories.js";
import { known } from "./element.js";
import { numberLegend } from "./ramp.js";

/** @param {Store} store */
export function legend(store) {
  const box = known("legend", HTMLElement);
  /** @type {() => void} */
  let leave = () => {};
  store.subscribe(["colour"], ({ colour }) => {
    leave();
    box.replaceChildren();
    leave =
      colour?.kind === "category"
        ? categoryLegend(store, box, colour)
        : colour?.kind === "continuous"
          ? numberLegend(store, box, colour)
          : () => {};
  });
}
