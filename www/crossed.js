/** How many cells each pair of categories of two columns shares. @import { CategoryColour } from "./state.js" */

/**
 * @param {CategoryColour} rows @param {CategoryColour} columns @param {(cell: number) => boolean} seen cells that count
 * @returns {{ counts: Uint32Array, across: string[], down: string[] }} row after row; names of rows and columns, that of no value last
 */
export function crossed(rows, columns, seen) {
  const [down, across] = [rows, columns].map(({ field: { labels } }) => [
    ...labels.map((label) => label || "(empty)"),
    "no value",
  ]);
  const [most, wide] = [rows.field.labels.length, columns.field.labels.length];
  const counts = new Uint32Array((most + 1) * (wide + 1));
  for (let cell = 0; cell < rows.codes.length; cell++) {
    if (!seen(cell)) continue;
    const at = Math.min(rows.codes[cell] ?? most, most) * (wide + 1) + Math.min(columns.codes[cell] ?? wide, wide);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { counts, across: across ?? [], down: down ?? [] };
}
