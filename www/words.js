/** Numbers as people read them. */

/** @param {number} bytes */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** How many of a thing there are. @param {number} count @param {string} thing */
export const many = (count, thing) => `${count.toLocaleString()} ${thing}${count === 1 ? "" : "s"}`;

/** A number in as few digits as tell it apart. @param {number} value */
export function short(value) {
  // Below zero by nothing is zero.
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "no value" : String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) return value.toExponential(2);
  return Number.isInteger(value) ? value.toLocaleString() : String(Number(value.toPrecision(4)));
}
