/**
 * Commands carried out: each becomes a change of the store, the same door that gestures come by.
 *
 * @import { State } from "../state.js"
 * @import { Store } from "../store.js"
 * @import { Command } from "./wire.js"
 */
import { ascending, fault } from "./cells.js";

/**
 * Resolves when the effect is there; throws a Fault when it cannot be had. What has to wait for the dataset waits.
 *
 * @param {Store} store @param {Exclude<Command, { type: "requestSessionBundle" | "custom" }>} command
 */
export async function perform(store, command) {
  // A picture that is already there may be frozen at any time; everything else needs the dataset.
  if (command.type === "freeze") {
    return store.patch({
      frozen: true,
      notice: "The notebook has closed this view: the picture stays, but nothing can be loaded.",
    });
  }
  await until(store, ["points"], ({ points }) => points !== null);
  const { dataset, highlights, invisible } = store.state;
  const count = dataset?.cells ?? 0;
  switch (command.type) {
    case "highlight": {
      const cells = within(command.cells, count);
      if (!cells.length) return;
      const id = `highlight_${1 + Math.max(0, ...highlights.map((one) => Number(one.id.split("_")[1]) || 0))}`;
      const label = `Python selection (${cells.length} cells)`;
      return store.patch({ highlights: [...highlights, { id, label, color: command.color, cells }] });
    }
    case "clearHighlights":
      // Those of commands: groups that the person keeps, whose type says how they were chosen, are not the notebook's to remove.
      return store.patch({ highlights: highlights.filter(({ type }) => type !== undefined) });
    case "setVisibility": {
      if (!command.cells) return store.patch({ invisible: command.visible ? null : new Uint8Array(count).fill(1) });
      const next = invisible?.slice() ?? new Uint8Array(count);
      for (const cell of within(command.cells, count)) next[cell] = command.visible ? 0 : 1;
      return store.patch({ invisible: next.includes(1) ? next : null });
    }
    case "resetCamera":
      return store.patch({ camera: null });
    case "setColorBy":
      return colourBy(store, command.field);
  }
}

/** @param {Store} store @param {string} name */
async function colourBy(store, name) {
  await until(store, ["dataset"], ({ dataset }) => dataset?.fields != null);
  const inObs = store.state.dataset?.fields?.find(({ key }) => key === name);
  if (!inObs) await until(store, ["dataset"], ({ dataset }) => dataset?.genes != null);
  const field = inObs ?? store.state.dataset?.genes?.find(({ key }) => key === name);
  if (!field) throw fault("missing", `there is no column or gene named "${name}"`);
  store.patch({ wanted: field, trouble: null });
  // Something else may be asked for meanwhile, here or there: then this one is over, too.
  await until(store, ["wanted", "colour", "trouble"], ({ wanted, colour }) => wanted !== field || colour?.field === field);
  const { wanted, trouble } = store.state;
  if (wanted !== field && trouble) throw trouble.fault;
}

/** @param {Uint32Array} cells @param {number} count */
function within(cells, count) {
  const sorted = ascending(cells);
  const last = sorted.at(-1) ?? 0;
  if (sorted.length && last >= count) throw fault("request", `there is no cell ${last}: the dataset has ${count}, from 0`);
  return sorted;
}

/** @param {Store} store @param {Array<keyof State>} keys @param {(state: State) => boolean} holds @returns {Promise<void>} */
function until(store, keys, holds) {
  if (holds(store.state)) return Promise.resolve();
  return new Promise((done) => {
    const stop = store.subscribe(keys, (state) => {
      if (!holds(state)) return;
      stop();
      done();
    });
  });
}
