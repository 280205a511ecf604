/**
 * Cells placed by other entries of obsm than the export's own: t-SNE, the first components of a PCA, places in a tissue. Loaded when one
 * is asked for.
 *
 * @import { Data } from "./load.js"
 * @import { Opened, Points } from "./state.js"
 * @import { Store } from "./store.js"
 */
import { others } from "./others.js";

/** The own points of a dataset, while others are shown. @type {WeakMap<object, Points>} */
const own = new WeakMap();

/**
 * Places the cells by an entry of obsm: by its three columns, or the first two of any other number. The own embedding comes back by an empty
 * name.
 *
 * @param {Store} store @param {Data} data @param {string} key
 */
export async function lay(store, data, key) {
  const { dataset, points } = store.state;
  if (!dataset || !points) return;
  if (!points.key) own.set(dataset.description, points);
  const found = key ? await placed(dataset, data, key) : own.get(dataset.description);
  // Another may have been opened meanwhile.
  if (!found || store.state.dataset?.description !== dataset.description) return;
  // Motions are those of the own embedding.
  const still = key ? { flow: null } : {};
  store.patch({ points: found, dimension: found.dimension, camera: null, hover: null, ...still });
}

/** @param {Opened} dataset @param {Data} data @param {string} key @returns {Promise<Points | null>} */
async function placed(dataset, data, key) {
  const columns = others(dataset).find((one) => one.key === key)?.columns;
  const values = columns && (await data.embedding(key, columns));
  if (!values) return null;
  // Pictures of a tissue have their rows from the top down.
  const turned = /spatial/i.test(key) ? [1, -1] : [];
  const { places, unplaced } = fitted(values, columns, turned);
  return { key, dimension: columns, coordinates: places, drawn: places, axes: columns, unplaced };
}

/**
 * Centred, and scaled so that the longest side goes from -1 to 1, as those of an export are; what has no place lies in the middle, as there.
 *
 * @param {ArrayLike<number | bigint>} values @param {number} columns @param {number[]} [turned] factors of the columns
 */
export function fitted(values, columns, turned = []) {
  const places = Float32Array.from({ length: values.length }, (_, at) => Number(values[at]) * (turned[at % columns] ?? 1));
  const low = new Float64Array(columns).fill(Infinity);
  const high = new Float64Array(columns).fill(-Infinity);
  for (const [at, value] of places.entries()) {
    if (!Number.isFinite(value)) continue;
    const column = at % columns;
    low[column] = Math.min(low[column] ?? 0, value);
    high[column] = Math.max(high[column] ?? 0, value);
  }
  const longest = Math.max(...high.map((end, column) => end - (low[column] ?? 0))) || 1;
  let unplaced = 0;
  for (let at = 0; at < places.length; at += columns) {
    const lost = places.subarray(at, at + columns).some((value) => !Number.isFinite(value));
    if (lost) unplaced++;
    for (let column = 0; column < columns; column++) {
      const middle = ((low[column] ?? 0) + (high[column] ?? 0)) / 2;
      places[at + column] = lost ? 0 : ((places[at + column] ?? 0) - middle) * (2 / longest);
    }
  }
  return { places, unplaced };
}
