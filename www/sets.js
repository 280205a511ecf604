/**
 * Gene sets that the person keeps: with the dataset as long as it is open, and in this browser for the next time that it is opened.
 *
 * @import { GeneSet } from "./state.js"
 * @import { Store } from "./store.js"
 */
import { sound } from "./geneset.js";
import { recall, remember } from "./kept.js";

/** @param {Store} store */
export function sets(store) {
  /** Whose they are. @type {object | null} */
  let owner = null;
  let told = false;
  const key = () => `cellucid.sets ${store.state.dataset?.description.id}`;
  store.subscribe(["dataset"], ({ dataset, history }) => {
    if (!dataset || dataset.description === owner) return;
    owner = dataset.description;
    // What was there before is no step that could be taken back.
    store.patch({ sets: sound(parsed(recall(key()))), history });
  });
  store.subscribe(["sets"], ({ sets, dataset }) => {
    const text = JSON.stringify(sets);
    if (!dataset || dataset.description !== owner || (recall(key()) ?? "[]") === text) return;
    remember(key(), text);
    // Said once: a notebook's frame keeps nothing.
    if (told || recall(key()) === text) return;
    told = true;
    store.patch({ notice: "This browser does not keep these gene sets: save them as a file, or the session." });
  });
}

/** @param {string | null} given */
function parsed(given) {
  try {
    return JSON.parse(given ?? "[]");
  } catch {
    return [];
  }
}
