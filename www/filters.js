/**
 * The stack of filters: a cell is shown when it meets all that are switched on. What they leave out follows from them by itself.
 *
 * @import { Colour, Filter } from "./state.js"
 * @import { Store } from "./store.js"
 */

/** @param {Store} store */
export function filters(store) {
  store.subscribe(["filters"], ({ filters, dataset, selection }) => {
    const filtered = out(filters, dataset?.cells ?? 0);
    // What cannot be seen is not selected.
    const left = filtered && selection?.cells.filter((cell) => !filtered[cell]);
    const fewer = left && left.length < (selection?.cells.length ?? 0);
    store.patch({ filtered, hover: null });
    if (fewer) store.patch({ selection: left.length && selection ? { ...selection, cells: left } : null });
  });
}

/**
 * @param {Filter[]} filters @param {number} cells
 * @returns {Uint8Array | null} 1 for cells that are left out; null when none is
 */
export function out(filters, cells) {
  const active = filters.filter(({ on }) => on).map(keeps);
  if (!active.length) return null;
  const mask = new Uint8Array(cells);
  let any = false;
  for (let cell = 0; cell < cells; cell++) {
    if (active.every((keep) => keep(cell))) continue;
    mask[cell] = 1;
    any = true;
  }
  return any ? mask : null;
}

/** Whether a filter keeps a cell. @param {Filter} filter @returns {(cell: number) => boolean} */
export function keeps({ colour, out, range, missing, outliers }) {
  if (outliers) {
    const { most, quantiles } = outliers;
    return (cell) => {
      const quantile = quantiles[cell] ?? Number.NaN;
      return Number.isNaN(quantile) ? missing : quantile <= most;
    };
  }
  if (colour.kind === "category") {
    const { codes, field } = colour;
    return (cell) => {
      const code = codes[cell] ?? field.labels.length;
      return !out?.has(code < field.labels.length ? code : -1);
    };
  }
  const [low, high] = range ?? [-Infinity, Infinity];
  const { values } = colour;
  return (cell) => {
    const value = values[cell] ?? Number.NaN;
    return Number.isNaN(value) ? missing : value >= low && value <= high;
  };
}

/** How many cells a filter keeps on its own. @param {Filter} filter @param {number} cells */
export function kept(filter, cells) {
  const keep = keeps(filter);
  let count = 0;
  for (let cell = 0; cell < cells; cell++) if (keep(cell)) count++;
  return count;
}

/**
 * A filter as what is shown suggests it: the categories that are visible, or the values within the ends of the ramp.
 *
 * @param {Store} store
 */
export function fromLegend(store) {
  const { colour, hidden, range } = store.state;
  if (!colour) return;
  const made = { id: next(store), on: true, colour, missing: false };
  add(store, colour.kind === "category" ? { ...made, out: hidden } : { ...made, range });
  store.patch({ hidden: new Set() });
}

/** @param {Store} store */
export const next = (store) => 1 + Math.max(0, ...store.state.filters.map(({ id }) => id));

/** @param {Store} store @param {Filter} filter */
export function add(store, filter) {
  store.patch({ filters: [...store.state.filters, filter] });
}

/** @param {Store} store @param {number} id @param {Partial<Filter> | null} change null takes it away */
export function change(store, id, change) {
  const { filters } = store.state;
  store.patch({
    filters: filters.flatMap((one) => (one.id !== id ? [one] : change ? [{ ...one, ...change }] : [])),
  });
}
