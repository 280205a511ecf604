/**
 * Data sets that the host offers: a list on the start card, from the file that index.html names (`site` and `serve` write both).
 *
 * @import { Store } from "../store.js"
 */
import { Fault } from "../engine/fault.js";
import { element, known } from "./element.js";

/** More than this many are not looked through by eye. */
const MANY = 12;

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
      // Folders often hold files of one name; then where they lie tells them apart.
      const twin = datasets.some((other) => other.name === name && other.url !== url);
      if (twin) button.append(element("span", { className: "place" }, place(url)));
      button.addEventListener("click", () => store.patch({ source: { from, label: name }, trouble: null }));
      list.append(element("li", {}, button));
    }
    // Before the ways to open something of one's own.
    const ways = known("open", HTMLDialogElement).querySelector(".ways");
    if (datasets.length > MANY) ways?.before(filter(list));
    if (datasets.length) ways?.before(list);
  } catch (error) {
    // Opened without a network, or without its host, from what was kept of it: there is no such list.
    if (error instanceof TypeError && (!navigator.onLine || navigator.serviceWorker?.controller)) return;
    store.patch({ trouble: { fault: Fault.from(error), doing: "Listing what is here" } });
  }
}

/** Where it lies, as people read it. @param {string} url */
function place(url) {
  try {
    return decodeURIComponent(url).replace(/^data\//, "");
  } catch {
    return url;
  }
}

/** A box that leaves those of the list whose name or place has what was typed. @param {HTMLElement} list */
function filter(list) {
  const box = element("input", {
    type: "search",
    placeholder: "Find a data set",
    "aria-label": "Find a data set",
    spellcheck: false,
  });
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    for (const row of list.querySelectorAll("li")) row.hidden = !row.textContent?.toLowerCase().includes(wanted);
  });
  return box;
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
