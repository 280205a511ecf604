/**
 * Where plots side by side lie.
 *
 * @typedef {{ left: number, top: number, width: number, height: number }} Place CSS pixels
 */

/**
 * Equal boxes in rows, as nearly square as the room allows.
 *
 * @param {number} count @param {number} width @param {number} height
 * @returns {Place[]}
 */
export function places(count, width, height) {
  let [columns, best] = [1, 0];
  for (let tried = 1; tried <= count; tried++) {
    const side = Math.min(width / tried, height / Math.ceil(count / tried));
    if (side > best) [columns, best] = [tried, side];
  }
  const rows = Math.ceil(count / columns);
  const size = { width: Math.floor(width / columns), height: Math.floor(height / rows) };
  return Array.from({ length: count }, (_, at) => {
    return { ...size, left: (at % columns) * size.width, top: Math.floor(at / columns) * size.height };
  });
}
