/**
 * What is special about a cell, in one byte: bit 0 hidden, bit 1 selected, the others the number of its highlight colour, 0 for none,
 * 63 for a cell that a filter leaves out and that stays as a grey dot.
 *
 * @import { Highlight, State } from "../state.js"
 */

/** Colours that can be told apart in one byte; further ones look like the last. */
const COLOURS = 62;
const MUTED = 63 << 2;

/**
 * @param {number} cells how many there are
 * @param {Pick<State, "invisible" | "selection" | "highlights" | "filtered" | "muted">} state
 * @returns {{ flags: Uint8Array | null, marks: Float32Array }} no flags where no cell has any; three numbers per colour, 0 to 1
 */
export function flags(cells, { invisible, selection, highlights, filtered, muted }) {
  const colours = [...new Set(highlights.map(({ color }) => color))].slice(0, COLOURS);
  const marks = new Float32Array(3 * (colours.length + 1));
  for (const [at, color] of colours.entries()) {
    const value = Number.parseInt(color.slice(1), 16);
    marks.set(
      [value >> 16, (value >> 8) & 255, value & 255].map((band) => band / 255),
      3 * (at + 1),
    );
  }
  if (!invisible && !filtered && !selection?.cells.length && !highlights.length) return { flags: null, marks };
  const out = invisible ? invisible.slice(0, cells) : new Uint8Array(cells);
  for (const cell of selection?.cells ?? []) out[cell] = Number(out[cell]) | 2;
  for (const { color, cells: marked } of highlights) {
    const slot = (colours.indexOf(color) + 1 || COLOURS) << 2;
    for (const cell of marked) out[cell] = (Number(out[cell]) & 3) | slot;
  }
  for (let cell = 0; filtered && cell < cells; cell++) {
    if (filtered[cell]) out[cell] = muted ? Number(out[cell]) & 1 || MUTED : 1;
  }
  return { flags: out, marks };
}
