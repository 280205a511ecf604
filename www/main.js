/**
 * Wires engine, store, view and panels. The store is exported: what is on the screen can be read and patched from the console, from
 * tests and from an embedding page by importing this module.
 */

import { embedded } from "./bridge/identity.js";
import { Engine } from "./engine/client.js";
import { filters } from "./filters.js";
import { load } from "./load.js";
import { card } from "./panel/card.js";
import { catalog } from "./panel/catalog.js";
import { choose } from "./panel/choose.js";
import { drop } from "./panel/drop.js";
import { fields } from "./panel/fields.js";
import { groups } from "./panel/groups.js";
import { labels } from "./panel/labels.js";
import { later } from "./panel/later.js";
import { legend } from "./panel/legend.js";
import { panes } from "./panel/panes.js";
import { plot } from "./panel/plot.js";
import { sheets } from "./panel/sheets.js";
import { status } from "./panel/status.js";
import { tabs } from "./panel/tabs.js";
import { theme } from "./panel/theme.js";
import { tools } from "./panel/tools.js";
import { trouble } from "./panel/trouble.js";
import { initial, Store } from "./store.js";

export const store = new Store(initial());

const data = load(store, () => new Engine());
for (const part of [theme, filters]) part(store);
// The plot comes before the panels that follow the camera, so that they see the one it has set.
const view = plot(store, data);
for (const part of [tools, choose, panes, groups, labels, card, fields, legend, tabs, status, trouble, sheets]) part(store, data);
later(store, data, view);
drop(store);
catalog(store);

/** The conversation with whoever embeds the page; null where nobody does. Only then is the bridge loaded. */
export const bridge = embedded(document)
  ? import("./bridge/viewer.js").then(({ viewer }) => viewer(store))
  : Promise.resolve(null);
