/**
 * All of the page that the first picture does without: lists and legend, what lies over the plot, what hands do on it. Loaded as soon
 * as the page has begun to load the module, and long before a file can have been opened.
 *
 * @import { Now } from "./load.js"
 * @import { Open } from "./panel/drop.js"
 * @import { View } from "./panel/plot.js"
 * @import { Store } from "./store.js"
 */
import { offer } from "./data.js";
import { filters } from "./filters.js";
import { card } from "./panel/card.js";
import { catalog } from "./panel/catalog.js";
import { choose } from "./panel/choose.js";
import { fields } from "./panel/fields.js";
import { groups } from "./panel/groups.js";
import { hands } from "./panel/hands.js";
import { labels } from "./panel/labels.js";
import { later } from "./panel/later.js";
import { legend } from "./panel/legend.js";
import { panes } from "./panel/panes.js";
import { recent } from "./panel/recent.js";
import { sheets } from "./panel/sheets.js";
import { tabs } from "./panel/tabs.js";
import { tools } from "./panel/tools.js";
import { sets } from "./sets.js";

/** @param {Store} store @param {Now} now @param {Promise<View>} view @param {Open} open */
export async function panels(store, now, view, open) {
  const data = offer(store, now);
  store.join(() => {
    for (const part of [filters, sets, tools, choose, panes, groups, labels, card, fields, legend, tabs, sheets])
      part(store, data);
    later(store, data, view);
    recent(store, open);
  });
  catalog(store);
  const plot = await view;
  store.join(() => hands(store, data, plot));
}
