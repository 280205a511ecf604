/** The same points for every renderer: clouds on the plane, values to colour by, and a ring to select with. */

/** Numbers from 0 to 1, the same every time. @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** @param {number} count @param {number} [groups] */
export function clouds(count, groups = 20) {
  const next = random(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const centres = Array.from({ length: groups }, () => [1.4 * next() - 0.7, 1.4 * next() - 0.7]);
  const places = new Float32Array(2 * count);
  const codes = new Uint8Array(count);
  const values = new Float32Array(count);
  for (let at = 0; at < count; at++) {
    const code = Math.floor(next() * groups);
    const [x = 0, y = 0] = centres[code] ?? [];
    codes[at] = code;
    places[2 * at] = Math.min(1, Math.max(-1, x + 0.06 * normal()));
    places[2 * at + 1] = Math.min(1, Math.max(-1, y + 0.06 * normal()));
    values[at] = Math.max(0, normal() + code / groups);
  }
  return { places, codes, values, groups };
}

/** A wavy ring of 200 corners. @returns {Array<[number, number]>} */
export function ring() {
  return Array.from({ length: 200 }, (_, at) => {
    const turn = (2 * Math.PI * at) / 200;
    const reach = 0.5 + 0.1 * Math.sin(7 * turn);
    return [reach * Math.cos(turn), reach * Math.sin(turn)];
  });
}

/** How many points lie inside, one by one: what a lasso has to find. @param {Float32Array} places @param {Array<[number, number]>} corners */
export function inside(places, corners) {
  let count = 0;
  for (let at = 0; at < places.length; at += 2) {
    const [x, y] = [/** @type {number} */ (places[at]), /** @type {number} */ (places[at + 1])];
    let odd = false;
    for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
      const [ax, ay] = /** @type {[number, number]} */ (corners[i]);
      const [bx, by] = /** @type {[number, number]} */ (corners[j]);
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    }
    if (odd) count++;
  }
  return count;
}
