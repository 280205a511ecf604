/**
 * Cells by name: a list that is pasted or in a file selects them; the names of those that are chosen go to the clipboard.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 */
import { named } from "../names.js";
import { select } from "../select.js";
import { saveText } from "../table.js";
import { many } from "../words.js";
import { element } from "./element.js";

/** Names that were not found and are told at once. */
const TOLD = 8;

/** @param {Store} store @param {Data} data */
export function pasted(store, data) {
  const text = element("textarea", {
    rows: 4,
    placeholder: "AAACCTGAGAAACCAT-1\nAAACCTGAGAAACCGC-1",
    "aria-label": "Names of cells",
    spellcheck: false,
  });
  const say = element("p", { className: "hint", role: "status" });
  const lost = element("button", { className: "quiet small", hidden: true }, "Copy those not found");
  const run = element("button", { type: "submit", className: "main" }, "Select them");
  const file = element("input", { type: "file", accept: ".txt,.csv,.tsv,text/*", hidden: true });
  const bring = element("button", {}, "From a file…");
  const form = element("form", {}, text, element("div", { className: "actions" }, run, bring, file), say, lost);
  /** @type {string[]} */
  let missing = [];

  /** @param {string} list */
  async function find(list) {
    say.textContent = "Looking…";
    lost.hidden = true;
    const names = await data.names();
    if (!names) {
      say.textContent = "";
      return;
    }
    const found = named(list, names.list);
    missing = found.missing;
    lost.hidden = !missing.length;
    const total = found.found + missing.length;
    const rest = `${missing.slice(0, TOLD).join(", ")}${missing.length > TOLD ? "…" : ""}`;
    say.textContent = total
      ? `${found.found.toLocaleString()} of ${many(total, "name")} found${missing.length ? `; not in the dataset: ${rest}` : "."}`
      : "There is no name in it.";
    if (found.found) select(store, found.cells, "names");
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find(text.value);
  });
  bring.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen) find(await chosen.text());
  });
  lost.addEventListener("click", () => put(store, missing, many(missing.length, "name")));
  store.subscribe(["source"], () => {
    missing = [];
    lost.hidden = true;
    say.textContent = "";
  });
  const open = element("details", {}, element("summary", {}, "Select by name"), form);
  return element("section", { className: "pasted", "aria-label": "Cells by name" }, open);
}

/** @param {Store} store @param {Data} data @param {Uint32Array} cells */
export async function copy(store, data, cells) {
  const names = await data.names();
  if (!names) return;
  const own = Array.from(cells, (cell) => names.list[cell] ?? "");
  await put(store, own, many(own.length, "name"));
}

/** To the clipboard, one a line; into a file where there is none. @param {Store} store @param {string[]} lines @param {string} what */
async function put(store, lines, what) {
  const text = lines.join("\n");
  try {
    await navigator.clipboard.writeText(text);
    store.patch({ notice: `${what} copied` });
  } catch {
    saveText(`${text}\n`, `${store.state.dataset?.name ?? "cells"}-names.txt`, "text/plain");
    store.patch({ notice: `${what} saved: the clipboard cannot be had here` });
  }
}
