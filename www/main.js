/**
 * Wires what the first picture needs: engine, store, plot, opening, progress and trouble; all else comes with panels.js. The store is
 * exported: what is on the screen can be read and patched from the console, from tests and from an embedding page by importing this
 * module.
 */

import { embedded } from "./bridge/identity.js";
import { Engine } from "./engine/client.js";
import { load } from "./load.js";
import { drop } from "./panel/drop.js";
import { lazy } from "./panel/lazy.js";
import { plot } from "./panel/plot.js";
import { status } from "./panel/status.js";
import { theme } from "./panel/theme.js";
import { trouble } from "./panel/trouble.js";
import { initial, Store } from "./store.js";

export const store = new Store(initial());

const now = load(store, () => new Engine());
theme(store);
const view = plot(store);
status(store);
trouble(store);
const open = drop(store);

/** Fulfilled when the panels are there, and the plot in hand. */
export const panels = lazy(store, () =>
  Promise.all([import("./panels.js"), import("./panel/sheet.js").then(({ sheet }) => sheet())]),
).then((found) => found?.[0].panels(store, now, view, open));

/** The conversation with whoever embeds the page; null where nobody does. Only then is the bridge loaded. */
export const bridge = embedded(document)
  ? import("./bridge/viewer.js").then(async ({ viewer }) => {
      // What is commanded is to be seen.
      await panels;
      return viewer(store);
    })
  : Promise.resolve(null);
