/**
 * The right side: what the colours mean, which cells are chosen, which are shown, how groups differ. All but the first is loaded when
 * it is first looked at.
 *
 * @import { Data } from "../load.js"
 * @import { Tab } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { known } from "./element.js";
import { lazy } from "./lazy.js";

/** @type {Record<Exclude<Tab, "legend">, () => Promise<(store: Store, box: HTMLElement, data: Data) => void>>} */
const LATER = {
  cells: async () => (await import("./cells.js")).cells,
  filters: async () => (await import("./stack.js")).stack,
  compare: async () => (await import("./compare.js")).compare,
};

/** @param {Store} store @param {Data} data */
export function tabs(store, data) {
  const list = known("tabs", HTMLElement);
  const buttons = [...list.querySelectorAll("button")];
  const name = (/** @type {Element} */ button) => /** @type {Tab} */ (button.id.replace("-tab", ""));
  /** @type {Set<Tab>} */
  const there = new Set(["legend"]);
  list.addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest("button");
    if (button) store.patch({ tab: name(button) });
  });
  list.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    const button = to === undefined ? undefined : buttons.at(to % buttons.length);
    if (!button) return;
    store.patch({ tab: name(button) });
    button.focus();
    event.preventDefault();
  });

  /** @param {Tab} tab */
  async function show(tab) {
    for (const button of buttons) {
      const own = name(button) === tab;
      button.setAttribute("aria-selected", String(own));
      button.tabIndex = own ? 0 : -1;
      known(`${name(button)}-panel`, HTMLElement).hidden = !own;
    }
    if (tab === "legend" || there.has(tab)) return;
    there.add(tab);
    const made = await lazy(store, LATER[tab]);
    if (made) made(store, known(`${tab}-panel`, HTMLElement), data);
    else there.delete(tab);
  }
  store.subscribe(["tab"], ({ tab }) => void show(tab));
  show(store.state.tab);

  const badge = (/** @type {Tab} */ tab, /** @type {number} */ count, /** @type {string} */ what) => {
    const button = known(`${tab}-tab`, HTMLButtonElement);
    button.dataset.count = count ? String(count) : "";
    button.title = count ? `${count.toLocaleString()} ${what}` : "";
  };
  store.subscribe(["highlights", "filters"], ({ highlights, filters }) => {
    badge("cells", highlights.length, "groups");
    badge("filters", filters.filter(({ on }) => on).length, "filters");
  });
}
