/**
 * The neighbour graph: pairs of cells as the export has them, each pair once, turned into a list of neighbours per cell.
 *
 * @typedef {object} Graph
 * @property {Uint32Array} pairs two cells each, for drawing
 * @property {Uint32Array} starts where the neighbours of a cell begin in `others`, one more than cells
 * @property {Uint32Array} others neighbours, ascending within a cell
 */

/**
 * @param {ArrayLike<number>} sources @param {ArrayLike<number>} destinations @param {number} cells
 * @returns {Graph}
 */
export function graph(sources, destinations, cells) {
  const count = sources.length;
  const pairs = new Uint32Array(2 * count);
  const starts = new Uint32Array(cells + 1);
  let kept = 0;
  for (let at = 0; at < count; at++) {
    const [from, to] = [num(sources[at]), num(destinations[at])];
    if (from >= cells || to >= cells || from === to) continue;
    pairs[kept++] = from;
    pairs[kept++] = to;
    starts[from + 1] = num(starts[from + 1]) + 1;
    starts[to + 1] = num(starts[to + 1]) + 1;
  }
  for (let cell = 0; cell < cells; cell++) starts[cell + 1] = num(starts[cell + 1]) + num(starts[cell]);
  const next = starts.slice();
  const others = new Uint32Array(kept);
  for (let at = 0; at < kept; at += 2) {
    const [from, to] = [num(pairs[at]), num(pairs[at + 1])];
    others[num(next[from])] = to;
    next[from] = num(next[from]) + 1;
    others[num(next[to])] = from;
    next[to] = num(next[to]) + 1;
  }
  for (let cell = 0; cell < cells; cell++) others.subarray(starts[cell], starts[cell + 1]).sort();
  return { pairs: pairs.subarray(0, kept), starts, others };
}

/**
 * The cells nearest to one along the graph: step by step outwards, within a step by row number, until there are enough.
 *
 * @param {Graph} graph @param {number} cell the first of them @param {number} most
 * @param {(cell: number) => boolean} [counts] cells that can be chosen; the way goes through all
 * @returns {Uint32Array} ascending
 */
export function nearest({ starts, others }, cell, most, counts = () => true) {
  const seen = new Uint8Array(starts.length - 1);
  const found = [];
  /** @type {Iterable<number>} */
  let ring = [cell];
  seen[cell] = 1;
  for (let any = true; any && found.length < most; ) {
    /** @type {number[]} */
    const next = [];
    for (const one of ring) {
      if (found.length < most && counts(one)) found.push(one);
      for (let at = num(starts[one]); at < num(starts[one + 1]); at++) {
        const other = num(others[at]);
        if (seen[other]) continue;
        seen[other] = 1;
        next.push(other);
      }
    }
    any = next.length > 0;
    ring = Uint32Array.from(next).sort();
  }
  return Uint32Array.from(found).sort();
}

/**
 * Cells and all their neighbours.
 *
 * @param {Graph} graph @param {Uint32Array} cells @param {(cell: number) => boolean} [counts]
 * @returns {Uint32Array} ascending
 */
export function grown({ starts, others }, cells, counts = () => true) {
  const taken = new Uint8Array(starts.length - 1);
  for (const cell of cells) {
    taken[cell] = 1;
    for (let at = num(starts[cell]); at < num(starts[cell + 1]); at++) {
      const other = num(others[at]);
      if (counts(other)) taken[other] = 1;
    }
  }
  const out = [];
  for (let cell = 0; cell < taken.length; cell++) if (taken[cell]) out.push(cell);
  return Uint32Array.from(out);
}

/** An element that is known to be there. @param {number | undefined} value */
const num = (value) => /** @type {number} */ (value);
