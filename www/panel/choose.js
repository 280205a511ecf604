/**
 * The tools for selecting, over the plot: what the pointer does, how what it encloses meets what is selected, and what can be done with
 * the selection at once.
 *
 * @import { Combine, Tool } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { clear, invert, keep } from "../select.js";
import { element, icon, known } from "./element.js";

/** @type {Array<[Tool, string, string]>} */
const TOOLS = [
  ["move", "Move (V)", "M8 2v12M2 8h12M6.2 3.8 8 2l1.8 1.8M6.2 12.2 8 14l1.8-1.8M3.8 6.2 2 8l1.8 1.8M12.2 6.2 14 8l-1.8 1.8"],
  [
    "lasso",
    "Lasso (L)",
    "M5.2 11.2C3.2 10.5 2 9.2 2 7.5 2 4.7 4.7 2.5 8 2.5s6 2.2 6 5-2.7 5-6 5c-.8 0-1.5-.1-2.2-.3M5.8 12.2a1.5 1.5 0 1 1-3-.3 1.5 1.5 0 0 1 3 .3c0 1-.8 1.6-1.8 2.3",
  ],
  ["rectangle", "Rectangle (R)", "M2.5 3.5h11v9h-11z"],
  [
    "near",
    "Neighbours (N)",
    "M8 8 3.5 4M8 8l5-3M8 8l-3 5M8 8l4.5 4M8 8m-1.6 0a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0M2.5 4a1 1 0 1 0 2 0a1 1 0 1 0-2 0M12 5a1 1 0 1 0 2 0a1 1 0 1 0-2 0M4 13a1 1 0 1 0 2 0a1 1 0 1 0-2 0M11.5 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
  ],
];
/** @type {Array<[Combine, string, string]>} */
const WAYS = [
  ["new", "New selection", "M3 3h10v10H3z"],
  ["add", "Add to the selection (Shift)", "M2.5 2.5h7v7h-7zM6.5 6.5h7v7h-7zM10 8.5v3M8.5 10h3"],
  ["subtract", "Take out of the selection (Alt or Ctrl)", "M2.5 2.5h7v4h-3v3h-4zM6.5 6.5h7v7h-7zM8.5 10h3"],
  ["intersect", "Keep only what is in both (Shift and Alt)", "M2.5 2.5h7v7h-7zM6.5 6.5h7v7h-7zM7.5 8.5l1-1M7.5 9.3 9.3 7.5"],
];

/** @param {Store} store */
export function choose(store) {
  const bar = known("choose", HTMLElement);
  const tools = TOOLS.map(([tool, title, path]) => button(title, path, () => store.patch({ tool, outline: [] })));
  const ways = WAYS.map(([combine, title, path]) => button(title, path, () => store.patch({ combine })));
  const near = element("input", { type: "number", min: "1", max: "1000000", value: "50", "aria-label": "How many neighbours" });
  near.addEventListener("change", () => {
    if (near.validity.valid && near.valueAsNumber >= 1) store.patch({ near: Math.round(near.valueAsNumber) });
    near.value = String(store.state.near);
  });
  const count = element("label", { className: "near" }, near, "cells");
  const more = element("div", { className: "more" }, ...ways, count);
  bar.append(...tools, more);
  store.subscribe(["tool", "combine", "dataset", "near"], ({ tool, combine, dataset, near: most }) => {
    const graph = dataset?.description.has_connectivity ?? false;
    tools.forEach((one, at) => {
      one.setAttribute("aria-pressed", String(TOOLS[at]?.[0] === tool));
      if (TOOLS[at]?.[0] === "near") one.hidden = !graph;
    });
    ways.forEach((one, at) => {
      one.setAttribute("aria-pressed", String(WAYS[at]?.[0] === combine));
    });
    more.hidden = tool === "move";
    count.hidden = tool !== "near";
    near.value = String(most);
    document.body.dataset.tool = tool;
  });

  const strip = known("chosen", HTMLElement);
  const [say, steps] = [element("span", { className: "name" }), element("span", { className: "actions" })];
  strip.append(say, steps);
  const acts = {
    keep: act("Keep as group", () => keep(store)),
    invert: act("Invert", () => invert(store)),
    undo: act("Undo", () => store.undo()),
    redo: act("Redo", () => store.redo()),
    clear: act("Clear", () => clear(store)),
  };
  acts.undo.title = "Take the last step back (Ctrl+Z)";
  acts.redo.title = "Do it again (Ctrl+Shift+Z)";
  acts.invert.title = "Select the others instead (I)";
  acts.clear.title = "Select nothing (Escape)";
  steps.append(...Object.values(acts));
  store.subscribe(["selection", "history", "dataset", "tool"], ({ selection, history, dataset, tool }) => {
    const count = selection?.cells.length ?? 0;
    const share = (100 * count) / Math.max(1, dataset?.cells ?? 1);
    const part = share < 0.1 && count ? "< 0.1" : share.toFixed(share < 10 ? 1 : 0);
    say.textContent = count ? `${count.toLocaleString()} selected (${part} %)` : "Nothing selected";
    const idle = tool === "move" && !count;
    say.hidden = idle;
    acts.invert.hidden = idle;
    acts.keep.hidden = !count;
    acts.clear.hidden = !count;
    acts.undo.disabled = !history.back;
    acts.redo.disabled = !history.forward;
    strip.hidden = !dataset || (tool === "move" && !count && !history.back && !history.forward);
  });
}

/** @param {string} title @param {string} path @param {() => void} run */
function button(title, path, run) {
  const made = element("button", { className: "quiet icon", title, "aria-label": title }, icon(path));
  made.addEventListener("click", run);
  return made;
}

/** @param {string} text @param {() => void} run */
function act(text, run) {
  const made = element("button", { className: "quiet small" }, text);
  made.addEventListener("click", run);
  return made;
}
