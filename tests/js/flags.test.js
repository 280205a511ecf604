import assert from "node:assert/strict";
import { test } from "node:test";
import { flags } from "../../www/view/flags.js";

/** @param {string} color @param {number[]} cells */
const group = (color, cells) => ({ id: color, label: "", color, cells: Uint32Array.from(cells) });
const none = { invisible: null, selection: null, highlights: [], filtered: null, muted: true };

test("nothing special takes no memory", () => {
  assert.equal(flags(5, none).flags, null);
  assert.equal(flags(5, { ...none, selection: { cells: new Uint32Array(), source: "lasso" } }).flags, null);
});

test("hidden, selected and highlighted meet in one byte, the newest highlight wins", () => {
  const state = {
    ...none,
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
  assert.equal(marks.length, 63 * 3);
  assert.deepEqual([made?.[0], made?.[61], made?.[62], made?.[79]], [1 << 2, 62 << 2, 62 << 2, 62 << 2]);
});

test("what filters leave out is grey or gone, whatever else it is", () => {
  const state = {
    ...none,
    invisible: Uint8Array.from([1, 0, 0, 0]),
    filtered: Uint8Array.from([1, 1, 0, 1]),
    highlights: [group("#ff0000", [1, 2])],
  };
  assert.deepEqual([...(flags(4, state).flags ?? [])], [1, 63 << 2, 4, 63 << 2]);
  assert.deepEqual([...(flags(4, { ...state, muted: false }).flags ?? [])], [1, 1, 4, 1]);
});
