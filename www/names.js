/** Cells by their names, from a list in any form that people paste. */

/**
 * Names are parted by lines, commas, semicolons, tabs or bars, with or without quotes; by spaces only where what lies between is no name.
 * A name that no cell has fits one that differs by the case of letters, or that alone has a number behind it (`-1`), if there is no more
 * than one. Numbers that differ are other samples.
 *
 * @param {string} text @param {string[]} names of all cells
 * @returns {{ cells: Uint32Array, found: number, missing: string[] }} cells ascending; how many names were found; those that were not
 */
export function named(text, names) {
  const lines = [...new Set(text.split(/[\n\r\t,;|]+/).map(bare))].filter(Boolean);
  const words = (/** @type {string} */ line) => line.split(/\s+/).map(bare).filter(Boolean);
  const wanted = new Set([...lines, ...lines.flatMap(words)]);
  const exact = gather(names, wanted, (name) => name);
  const asked = new Set(lines.flatMap((line) => (exact.has(line) ? [line] : words(line))));
  const close = near(
    names,
    [...asked].filter((name) => !exact.has(name)),
  );
  /** @type {Set<number>} */
  const cells = new Set();
  const missing = [];
  for (const name of asked) {
    const own = exact.get(name) ?? close(name);
    if (!own) missing.push(name);
    for (const cell of own ?? []) cells.add(cell);
  }
  return { cells: Uint32Array.from(cells).sort(), found: asked.size - missing.length, missing };
}

/** @param {string} text */
const bare = (text) => text.replace(/^[\s"'`\uFEFF]+|[\s"'`]+$/g, "");
/** @param {string} name */
const lower = (name) => name.toLowerCase();
/** @param {string} name */
const plain = (name) => lower(name).replace(/-\d+$/, "");
/** @param {string} name */
const first = (name) => lower(name).replace(/-1$/, "");

/** @param {string[]} names @param {string[]} lost @returns {(name: string) => number[] | undefined} */
function near(names, lost) {
  if (!lost.length) return () => undefined;
  const same = gather(names, new Set(lost.flatMap((name) => [lower(name), first(name)])), lower);
  const numbered = gather(names, new Set(lost.map(lower)), plain);
  return (name) => [same.get(lower(name)), numbered.get(lower(name)), same.get(first(name))].find((own) => own?.length === 1);
}

/**
 * The cells of each name that is wanted: gone through once, so that a million names cost no table of them.
 *
 * @param {string[]} names @param {Set<string>} wanted @param {(name: string) => string} as
 */
function gather(names, wanted, as) {
  /** @type {Map<string, number[]>} */
  const found = new Map();
  for (const [cell, name] of names.entries()) {
    const key = as(name);
    if (!wanted.has(key)) continue;
    const own = found.get(key);
    if (own) own.push(cell);
    else found.set(key, [cell]);
  }
  return found;
}
