import assert from "node:assert/strict";
import { test } from "node:test";
import { flags } from "../../www/view/flags.js";

/** @param {string} color @param {number[]} cells */
const group = (color, cells) => ({ id: color, label: "", color, cells: Uint32Array.from(cells) });
const none = { invisible: null, selection: null, highlights: [] };

test("nothing special takes no memory", () => {
  assert.equal(flags(5, none).flags, null);
  assert.equal(flags(5, { ...none, selection: { cells: new Uint32Array(), source: "lasso" } }).flags, null);
});

test("hidden, selected and highlighted meet in one byte, the newest highlight wins", () => {
  const state = {
    invisible: Uint8Array.from([1, 0, 0, 0, 1]),
    selection: { cells: Uint32Array.from([1, 4]), source: "lasso" },
    highlights: [group("#ff0000", [1, 2]), group("#0000ff", [2]), group("#ff0000", [4])],
  };
  const { flags: made, marks } = flags(5, state);
  assert.deepEqual([...(made ?? [])], [1, 4 | 2, 8, 0, 4 | 2 | 1]);
  assert.deepEqual([...marks], [0, 0, 0, 1, 0, 0, 0, 0, 1]);
  assert.deepEqual([...state.invisible], [1, 0, 0, 0, 1], "the state is left alone");
});

test("more colours than fit look like the last that does", () => {
  const highlights = Array.from({ length: 80 }, (_, at) => group(`#0000${(at + 16).toString(16)}`, [at]));
  const { flags: made, marks } = flags(80, { ...none, highlights });
  assert.equal(marks.length, 64 * 3);
  assert.deepEqual([made?.[0], made?.[62], made?.[63], made?.[79]], [1 << 2, 63 << 2, 63 << 2, 63 << 2]);
});
