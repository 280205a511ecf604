/**
 * A vector field as lines: the vectors of the cells are averaged on a grid, then drawn as arrows, or followed as streams. Pure numbers.
 *
 * @typedef {object} Field
 * @property {number} side places along each axis
 * @property {2 | 3} axes
 * @property {number[]} low the corner of the grid
 * @property {number} step between places
 * @property {Float32Array} vectors mean vector at each place, `axes` numbers
 * @property {Float32Array} weights how many cells stand behind it
 */

/** Places along the longest axis. */
const SIDE = { 2: 34, 3: 14 };
/** Fewer cells than this share of the usual number do not make an arrow. */
const FEW = 0.25;

/**
 * @param {Float32Array} coordinates @param {Float32Array} vectors the same shape @param {2 | 3} axes
 * @param {(cell: number) => boolean} [counts]
 * @returns {Field}
 */
export function grid(coordinates, vectors, axes, counts = () => true) {
  const low = Array.from({ length: axes }, () => Infinity);
  const high = Array.from({ length: axes }, () => -Infinity);
  for (let at = 0; at < coordinates.length; at++) {
    const value = num(coordinates[at]);
    if (!Number.isFinite(value)) continue;
    low[at % axes] = Math.min(num(low[at % axes]), value);
    high[at % axes] = Math.max(num(high[at % axes]), value);
  }
  const side = SIDE[axes];
  const span = Math.max(1e-9, ...low.map((from, axis) => num(high[axis]) - from));
  const step = Number.isFinite(span) ? span / (side - 1) : 1;
  const sums = new Float32Array(side ** axes * axes);
  const weights = new Float32Array(side ** axes);
  const cells = coordinates.length / axes;
  const corners = 2 ** axes;
  for (let cell = 0; cell < cells; cell++) {
    if (!counts(cell)) continue;
    let fine = true;
    for (let axis = 0; axis < axes; axis++) {
      fine &&= Number.isFinite(num(vectors[cell * axes + axis]) + num(coordinates[cell * axes + axis]));
    }
    if (!fine) continue;
    // Each cell counts for the places around it, the more the nearer.
    for (let corner = 0; corner < corners; corner++) {
      let [place, share] = [0, 1];
      for (let axis = axes - 1; axis >= 0; axis--) {
        const along = (num(coordinates[cell * axes + axis]) - num(low[axis])) / step;
        const base = Math.min(side - 2, Math.floor(along));
        const up = (corner >> axis) & 1;
        place = place * side + base + up;
        share *= up ? along - base : 1 - along + base;
      }
      weights[place] = num(weights[place]) + share;
      for (let axis = 0; axis < axes; axis++) {
        sums[place * axes + axis] = num(sums[place * axes + axis]) + share * num(vectors[cell * axes + axis]);
      }
    }
  }
  for (let place = 0; place < weights.length; place++) {
    const weight = num(weights[place]);
    for (let axis = 0; axis < axes && weight > 0; axis++) sums[place * axes + axis] = num(sums[place * axes + axis]) / weight;
  }
  return { side, axes, low, step, vectors: sums, weights };
}

/** Places with enough cells behind them. @param {Field} field */
function strong({ weights }) {
  const full = [...weights].filter((weight) => weight > 0).sort((a, b) => a - b);
  const usual = full[full.length >> 1] ?? 0;
  return (/** @type {number} */ place) => num(weights[place]) > FEW * usual;
}

/** The usual length of a vector. @param {Field} field */
function usual({ vectors, axes, weights }) {
  const lengths = [];
  for (let place = 0; place < weights.length; place++) {
    if (num(weights[place]) > 0) lengths.push(Math.hypot(...vectors.subarray(place * axes, (place + 1) * axes)));
  }
  lengths.sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length * 0.9)] || 1;
}

/**
 * An arrow at each place, longer where the field is stronger.
 *
 * @param {Field} field
 * @returns {Float32Array} four numbers per line end
 */
export function arrows(field) {
  const { side, axes, low, step, vectors, weights } = field;
  const enough = strong(field);
  const scale = (0.85 * step) / usual(field);
  /** @type {number[]} */
  const out = [];
  for (let place = 0; place < weights.length; place++) {
    if (!enough(place)) continue;
    const from = [0, 1, 2].map((axis) => {
      return axis < axes ? num(low[axis]) + step * (Math.floor(place / side ** axis) % side) : 0;
    });
    const way = [0, 1, 2].map((axis) => (axis < axes ? num(vectors[place * axes + axis]) * scale : 0));
    const length = Math.hypot(...way);
    if (!(length > 0.06 * step)) continue;
    const most = Math.min(1, (1.2 * step) / length);
    arrow(
      out,
      from,
      way.map((value) => value * most),
      0.9,
    );
  }
  return Float32Array.from(out);
}

/**
 * Lines that follow the field, growing stronger along the way, with a head at their end.
 *
 * @param {Field} field
 * @returns {Float32Array} four numbers per line end
 */
export function streams(field) {
  const { side, axes, low, step, weights } = field;
  const enough = strong(field);
  const pace = step * 0.3;
  /** Where a line has been: others do not follow it. */
  const taken = new Uint8Array(weights.length);
  /** @type {number[]} */
  const out = [];
  // From the busiest places on, so that the main ways are drawn whole.
  const seeds = [...weights.keys()].filter(enough).sort((a, b) => num(weights[b]) - num(weights[a]));
  for (const seed of seeds) {
    if (taken[seed]) continue;
    const start = Array.from({ length: axes }, (_, axis) => num(low[axis]) + step * (Math.floor(seed / side ** axis) % side));
    const line = [start];
    /** @type {Set<number>} */
    const own = new Set();
    for (const sign of [-1, 1]) {
      let at = start;
      for (let count = 0; count < 60; count++) {
        const here = follow(field, at);
        if (!here || !enough(here.place) || (taken[here.place] && !own.has(here.place))) break;
        own.add(here.place);
        const length = Math.hypot(...here.vector);
        if (!(length > 0)) break;
        at = at.map((value, axis) => value + (sign * pace * num(here.vector[axis])) / length);
        if (sign < 0) line.unshift(at);
        else line.push(at);
      }
    }
    for (const place of own) taken[place] = 1;
    if (line.length < 8) continue;
    for (let at = 0; at + 1 < line.length; at++) {
      const [from, to] = [line[at] ?? [], line[at + 1] ?? []];
      out.push(from[0] ?? 0, from[1] ?? 0, from[2] ?? 0, 0.25 + (0.65 * at) / line.length);
      out.push(to[0] ?? 0, to[1] ?? 0, to[2] ?? 0, 0.25 + (0.65 * (at + 1)) / line.length);
    }
    const [before, end] = [line.at(-3) ?? [], line.at(-1) ?? []];
    const way = [0, 1, 2].map((axis) => (end[axis] ?? 0) - (before[axis] ?? 0));
    arrow(
      out,
      [0, 1, 2].map((axis) => before[axis] ?? 0),
      way,
      0.9,
    );
  }
  return Float32Array.from(out);
}

/** The field at any place, between those of the grid. @param {Field} field @param {number[]} at */
function follow({ side, axes, low, step, vectors, weights }, at) {
  const vector = new Array(axes).fill(0);
  let [sum, best, place] = [0, -1, 0];
  for (let corner = 0; corner < 2 ** axes; corner++) {
    let [there, share] = [0, 1];
    for (let axis = axes - 1; axis >= 0; axis--) {
      const along = (num(at[axis]) - num(low[axis])) / step;
      if (!(along >= 0 && along <= side - 1)) return null;
      const base = Math.min(side - 2, Math.floor(along));
      const up = (corner >> axis) & 1;
      there = there * side + base + up;
      share *= up ? along - base : 1 - along + base;
    }
    if (share > best) [best, place] = [share, there];
    if (!weights[there]) continue;
    sum += share;
    for (let axis = 0; axis < axes; axis++) vector[axis] += share * num(vectors[there * axes + axis]);
  }
  return sum > 0 ? { vector: vector.map((value) => value / sum), place } : null;
}

/** Shaft and two barbs. @param {number[]} out @param {number[]} from @param {number[]} way @param {number} strength */
function arrow(out, from, way, strength) {
  const [x = 0, y = 0, z = 0] = from;
  const [dx = 0, dy = 0, dz = 0] = way;
  const tip = [x + dx, y + dy, z + dz, strength];
  out.push(x, y, z, strength, ...tip);
  for (const side of [-0.22, 0.22])
    out.push(...tip, x + 0.66 * dx - side * dy, y + 0.66 * dy + side * dx, z + 0.66 * dz, strength);
}

/** An element that is known to be there. @param {number | undefined} value */
const num = (value) => /** @type {number} */ (value);
