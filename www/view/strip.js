/** One-dimensional embeddings, drawn as a strip: the second coordinate only keeps cells apart. */

/** @param {Float32Array} coordinates one per cell @returns {Float32Array} two per cell */
export function strip(coordinates) {
  const out = new Float32Array(coordinates.length * 2);
  coordinates.forEach((value, cell) => {
    out[cell * 2] = value;
    // Multiples of the golden ratio spread evenly and are the same at every visit.
    out[cell * 2 + 1] = ((cell * 0.618034) % 1) * 0.5 - 0.25;
  });
  return out;
}
