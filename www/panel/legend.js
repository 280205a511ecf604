/**
 * The right panel: what the colours mean. Which of its two forms is shown depends on the kind of field.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 */

import { categoryLegend } from "./categories.js";
import { element, known } from "./element.js";
import { lazy } from "./lazy.js";

/** @param {Store} store @param {Data} data */
export function legend(store, data) {
  /** Whether the distribution was open for the field before. */
  let spread = false;
  const box = known("legend-panel", HTMLElement);
  /** @type {() => void} */
  let leave = () => {};
  /** Loaded with the first numbers: what is shown at first are categories, as a rule. @type {typeof import("./ramp.js") | null} */
  let ramp = null;
  store.subscribe(["colour"], ({ colour }) => {
    leave();
    box.replaceChildren();
    leave = colour?.kind === "category" ? categoryLegend(store, box, colour, data) : () => {};
    if (colour?.kind === "continuous") numbers(colour);
    if (!colour) box.append(element("p", { className: "hint" }, "Choose a field or a gene: what its colours mean is told here."));
  });

  /** @param {import("../state.js").NumberColour} colour */
  async function numbers(colour) {
    ramp ??= await lazy(store, () => import("./ramp.js"));
    if (!ramp || store.state.colour !== colour) return;
    leave = ramp.numberLegend(store, box, colour);
    violin(colour);
  }

  /** How the numbers lie in each category: loaded when it is opened. @param {import("../state.js").NumberColour} colour */
  function violin(colour) {
    const inside = element("div", {});
    const details = element("details", { className: "spread" }, element("summary", {}, "Distribution by category"), inside);
    details.addEventListener("toggle", async () => {
      spread = details.open;
      if (!details.open || inside.childElementCount) return;
      const found = await lazy(store, () => import("./violin.js"));
      found?.distribution(store, inside, colour, data);
    });
    box.append(details);
    details.open = spread;
  }
}
