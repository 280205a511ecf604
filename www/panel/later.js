/**
 * What is loaded only when it is asked for: lines over the plot, saving, the view that a link names.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 * @import { View } from "./plot.js"
 */
import { anchor, known } from "./element.js";
import { lazy } from "./lazy.js";

/** @param {Store} store @param {Data} data @param {Promise<View>} view */
export function later(store, data, view) {
  const stop = store.subscribe(["edges", "flow"], async ({ edges, flow }) => {
    if (!edges && !flow) return;
    stop();
    const found = await lazy(store, () => import("./overlay.js"));
    found?.overlay(store, data, await view);
  });

  // A link may say how to look at the dataset that it names. Only once: what is opened later is another.
  if (new URLSearchParams(location.hash.slice(1)).has("view")) {
    const wait = store.subscribe(["dataset"], async ({ dataset }) => {
      if (!dataset?.genes) return;
      wait();
      const found = await lazy(store, () => import("../restore.js"));
      await found?.follow(store, data);
    });
  }

  const [button, box] = [known("save-button", HTMLButtonElement), known("save", HTMLElement)];
  anchor(box, button);
  store.subscribe(["dataset"], ({ dataset }) => {
    button.hidden = !dataset;
  });
  box.addEventListener("beforetoggle", async () => {
    if (box.childElementCount) return;
    const found = await lazy(store, () => import("./saving.js"));
    found?.saving(store, box, data, await view);
  });
}
