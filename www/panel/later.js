/**
 * What is loaded only when it is asked for: lines over the plot, shading by density, two fields against each other, saving, the list
 * of keys, the view that a link names, what makes the page open without a network.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 * @import { View } from "./plot.js"
 */
import { embedded } from "../bridge/identity.js";
import { anchor, known } from "./element.js";
import { lazy } from "./lazy.js";

/** Milliseconds after which the page is taken to have all that it needs at first. */
const SETTLED = 3000;

/** @param {Store} store @param {Data} data @param {Promise<View>} view */
export function later(store, data, view) {
  const stop = store.subscribe(["edges", "flow"], async ({ edges, flow }) => {
    if (!edges && !flow) return;
    stop();
    const found = await lazy(store, () => import("./overlay.js"));
    found?.overlay(store, data, await view);
  });

  const wait = store.subscribe(["density"], async ({ density }) => {
    if (!density) return;
    wait();
    const found = await lazy(store, () => import("./shading.js"));
    found?.shading(store, await view);
  });

  store.subscribe(["scatter"], async ({ scatter }) => {
    if (!scatter) return;
    const found = await lazy(store, () => import("./scatter.js"));
    found?.scatter(store, data, await view);
  });

  const ask = async () => {
    const found = await lazy(store, () => import("./help.js"));
    if (!document.querySelector("dialog:modal")) found?.help();
  };
  known("help-button", HTMLButtonElement).addEventListener("click", ask);
  addEventListener("keydown", ({ key, target }) => {
    const typing = target instanceof Element && target.matches("textarea, select, input:not([type=checkbox], [type=range])");
    if (key === "?" && !typing) ask();
  });

  // A link may say how to look at the dataset that it names. Only once: what is opened later is another.
  if (new URLSearchParams(location.hash.slice(1)).has("view")) {
    const arrived = store.subscribe(["dataset"], async ({ dataset }) => {
      if (!dataset?.genes) return;
      arrived();
      const found = await lazy(store, () => import("../restore.js"));
      await found?.follow(store, data);
    });
  }

  // After what the person came for. That it cannot be had is no loss to who has a network.
  const apart = self === top && document.querySelector('link[rel="manifest"]') && !embedded(document);
  if (apart) setTimeout(() => import("../install.js").then(({ install }) => install()).catch(() => {}), SETTLED);

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
