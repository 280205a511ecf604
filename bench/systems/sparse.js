/** What every client that reads a sparse matrix as plain arrays has to do itself; the same code for all of them. */

/**
 * A column of a CSC matrix.
 *
 * @param {ArrayLike<number>} rows @param {ArrayLike<number>} values @param {number} cells
 */
export function scatter(rows, values, cells) {
  const out = new Float32Array(cells);
  for (let at = 0; at < rows.length; at++) out[/** @type {number} */ (rows[at])] = /** @type {number} */ (values[at]);
  return own(out);
}

/** A CSR matrix in memory: the first column by a look at every index, later ones from its transpose. */
export class Rows {
  /** @type {{ starts: Uint32Array, rows: Uint32Array, values: Float32Array } | null} */
  #turned = null;

  /**
   * @param {ArrayLike<number>} starts @param {ArrayLike<number>} indices @param {ArrayLike<number>} values @param {number} genes
   */
  constructor(starts, indices, values, genes) {
    this.starts = starts;
    this.indices = indices;
    this.values = values;
    this.genes = genes;
  }

  /** @param {number} gene */
  column(gene) {
    if (this.#turned) {
      const { starts, rows, values } = this.#turned;
      const [from, to] = [starts[gene], starts[gene + 1]];
      return scatter(rows.subarray(from, to), values.subarray(from, to), this.starts.length - 1);
    }
    const { starts, indices, values } = this;
    const out = new Float32Array(starts.length - 1);
    let cell = 0;
    for (let at = 0; at < indices.length; at++) {
      if (indices[at] !== gene) continue;
      while (/** @type {number} */ (starts[cell + 1]) <= at) cell++;
      out[cell] = /** @type {number} */ (values[at]);
    }
    return own(out);
  }

  /** A counting sort by gene. */
  turn() {
    const count = this.indices.length;
    const { indices, values } = this;
    const starts = new Uint32Array(this.genes + 1);
    const add = (/** @type {Uint32Array} */ to, /** @type {number} */ at, more = 1) => {
      const old = /** @type {number} */ (to[at]);
      to[at] = old + more;
      return old;
    };
    for (let at = 0; at < count; at++) add(starts, /** @type {number} */ (indices[at]) + 1);
    for (let gene = 0; gene < this.genes; gene++) add(starts, gene + 1, starts[gene]);
    const next = starts.slice();
    const rows = new Uint32Array(count);
    const turned = new Float32Array(count);
    for (let cell = 0; cell + 1 < this.starts.length; cell++) {
      const end = /** @type {number} */ (this.starts[cell + 1]);
      for (let at = /** @type {number} */ (this.starts[cell]); at < end; at++) {
        const to = add(next, /** @type {number} */ (indices[at]));
        rows[to] = cell;
        turned[to] = /** @type {number} */ (values[at]);
      }
    }
    this.#turned = { starts, rows, values: turned };
    // The rows are of no use any more.
    this.indices = [];
    this.values = [];
  }
}

/** A buffer that can be handed over: the array's own, copied only if it is part of a larger one. @param {ArrayBufferView} array */
export function own(array) {
  const { buffer, byteOffset, byteLength } = array;
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) return buffer;
  return /** @type {ArrayBuffer} */ (buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Numbers of whatever kind as 32-bit floats. @param {ArrayLike<number>} values */
export const floats = (values) => own(values instanceof Float32Array ? values : Float32Array.from(values));
