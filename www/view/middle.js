/** The middle of each category: medians by axis, which stray cells do not pull away. */

/** Enough cells to place a name; more would not move it visibly. */
const SAMPLE = 1000;

/**
 * @param {Float32Array} coordinates @param {number} dimension two or three
 * @param {Uint8Array | Uint16Array} codes @param {number} labels
 * @returns {Array<[number, number, number] | null>} by code; null where no cell has a place
 */
export function middles(coordinates, dimension, codes, labels) {
  /** @type {number[][]} */
  const members = Array.from({ length: labels }, () => []);
  for (let cell = 0; cell < codes.length; cell++) {
    const group = members[codes[cell] ?? -1];
    if (group && group.length < SAMPLE && Number.isFinite(coordinates[cell * dimension])) group.push(cell);
  }
  return members.map((cells) => {
    if (!cells.length) return null;
    const [x, y, z] = [0, 1, 2].map((axis) => {
      if (axis >= dimension) return 0;
      const along = Float32Array.from(cells, (cell) => coordinates[cell * dimension + axis] ?? 0).sort();
      return along[along.length >> 1] ?? 0;
    });
    return [x ?? 0, y ?? 0, z ?? 0];
  });
}
