/**
 * Data sets that the host offers: a list on the start card, from the file that index.html names (`site` and `serve` write both).
 *
 * @import { Store } from "../store.js"
 */
import { Fault } from "../engine/fault.js";
import { element, known } from "./element.js";

/** @param {Store} store */
export async function catalog(store) {
  const named = document.querySelector('meta[name="cellucid-catalog"]')?.getAttribute("content");
  if (!named) return;
  try {
    const { datasets } = await read(new URL(named, document.baseURI).href);
    const list = element("ul", { className: "catalog", "aria-label": "Data sets here" });
    for (const { name, url } of datasets) {
      const from = new URL(url, document.baseURI).href;
      const button = element("button", { className: "quiet" }, name);
      button.addEventListener("click", () => store.patch({ source: { from, label: name }, trouble: null }));
      list.append(element("li", {}, button));
    }
    // Before the ways to open something of one's own.
    if (datasets.length) known("open", HTMLDialogElement).querySelector(".ways")?.before(list);
  } catch (error) {
    // Opened without a network, there is no such list.
    if (error instanceof TypeError && !navigator.onLine) return;
    store.patch({ trouble: { fault: Fault.from(error), doing: "Listing what is here" } });
  }
}

/** @param {string} address @returns {Promise<{ datasets: Array<{ name: string, url: string }> }>} */
async function read(address) {
  const answer = await fetch(address);
  const wrong = (/** @type {string} */ message) =>
    new Fault({ code: "source", message, file: address, advice: "Tell whoever runs this site." });
  if (!answer.ok) throw wrong(`the list of data sets cannot be read: status ${answer.status}`);
  const list = await answer.json().catch(() => null);
  if (!Array.isArray(list?.datasets)) throw wrong("the list of data sets is damaged");
  return list;
}
