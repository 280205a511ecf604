/**
 * Choosing cells: which can be chosen at all, and how what is chosen meets what was selected before. Every gesture, its twin on the
 * keyboard and every button comes through here.
 *
 * @import { Combine, State } from "./state.js"
 * @import { Store } from "./store.js"
 */

/** Colours of groups to begin with: told apart from each other and from either ground. */
const TONES = ["#e6a700", "#d7314b", "#2f9e44", "#3b7ddd", "#c2479e", "#0c9a9a", "#e2781f", "#7a5cf0"];

/**
 * Whether a cell can be seen, and so be chosen.
 *
 * @param {Pick<State, "invisible" | "filtered" | "colour" | "hidden">} state
 * @returns {(cell: number) => boolean}
 */
export function choosable({ invisible, filtered, colour, hidden }) {
  const codes = colour?.kind === "category" && hidden.size ? colour.codes : null;
  const labels = colour?.kind === "category" ? colour.field.labels.length : 0;
  return (cell) => {
    if (invisible?.[cell] || filtered?.[cell]) return false;
    if (!codes) return true;
    const code = codes[cell] ?? labels;
    return !hidden.has(code < labels ? code : -1);
  };
}

/** All cells that can be seen. @param {State} state */
export function all(state) {
  const can = choosable(state);
  return pick(state.dataset?.cells ?? 0, can);
}

/** @param {number} cells how many there are @param {(cell: number) => boolean} wanted @returns {Uint32Array} */
export function pick(cells, wanted) {
  const out = new Uint32Array(cells);
  let count = 0;
  for (let cell = 0; cell < cells; cell++) if (wanted(cell)) out[count++] = cell;
  return out.slice(0, count);
}

/**
 * @param {Combine} how @param {Uint32Array} before ascending @param {Uint32Array} found ascending
 * @returns {Uint32Array} ascending
 */
export function combined(how, before, found) {
  if (how === "new") return found;
  const out = new Uint32Array(before.length + (how === "add" ? found.length : 0));
  let [a, b, count] = [0, 0, 0];
  while (a < before.length || b < found.length) {
    const [left, right] = [before[a] ?? Infinity, found[b] ?? Infinity];
    const one = Math.min(left, right);
    const keep = how === "add" || (how === "subtract" ? left < right : left === right);
    if (keep) out[count++] = one;
    if (left === one) a++;
    if (right === one) b++;
  }
  return out.slice(0, count);
}

/**
 * @param {Store} store @param {Uint32Array} found ascending @param {string} source the gesture, as the event names it
 * @param {Combine} [how] the way set in the tools when left out
 */
export function select(store, found, source, how = store.state.combine) {
  const cells = combined(how, store.state.selection?.cells ?? new Uint32Array(), found);
  const text = cells.length === 1 ? "1 cell selected" : `${cells.length.toLocaleString()} cells selected`;
  store.patch({ selection: cells.length ? { cells, source } : null, notice: cells.length ? text : "No cell selected" });
}

/** All that can be seen and are not selected. @param {Store} store */
export function invert(store) {
  const { selection } = store.state;
  select(store, combined("subtract", all(store.state), selection?.cells ?? new Uint32Array()), "invert", "new");
}

/** @param {Store} store */
export function clear(store) {
  if (store.state.selection) store.patch({ selection: null, notice: "Nothing is selected" });
}

/** Keeps the selection as a group with a name and a colour. @param {Store} store @param {string} [name] */
export function keep(store, name) {
  const { selection, highlights } = store.state;
  if (!selection?.cells.length) return;
  const number = 1 + Math.max(0, ...highlights.map(({ id }) => Number(id.split("_")[1]) || 0));
  const own = 1 + highlights.filter(({ type }) => type).length;
  const color = TONES.find((tone) => highlights.every((one) => one.color !== tone)) ?? TONES[number % TONES.length] ?? "#808080";
  const label = name?.trim() || `Group ${own}`;
  const group = { id: `highlight_${number}`, label, color, cells: selection.cells, type: selection.source };
  store.patch({ highlights: [...highlights, group], notice: `${label}: ${group.cells.length.toLocaleString()} cells kept` });
}

/** The modifiers of a gesture; null where none is held. @param {{ shiftKey: boolean, altKey: boolean, ctrlKey: boolean, metaKey: boolean }} event @returns {Combine | null} */
export function held({ shiftKey, altKey, ctrlKey, metaKey }) {
  const less = altKey || ctrlKey || metaKey;
  return shiftKey && less ? "intersect" : shiftKey ? "add" : less ? "subtract" : null;
}
