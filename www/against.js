/**
 * Asks for two fields against each other: what was wanted first, then the numbers that are shown, then others.
 *
 * @import { AnyField } from "./state.js"
 * @import { Store } from "./store.js"
 */

/** @param {Store} store @param {AnyField[]} [wanted] */
export function against(store, wanted = []) {
  const { colour, dataset } = store.state;
  /** @type {AnyField[]} */
  const numbers = (dataset?.fields ?? []).filter(({ kind }) => kind === "continuous");
  const shown = colour?.kind === "continuous" ? [colour.field] : [];
  const [first, second = first] = new Set([...wanted, ...shown, ...numbers, ...(dataset?.genes ?? []).slice(0, 2)]);
  if (first && second) store.patch({ scatter: { fields: [first, second], log: [false, false], without: false } });
}
