/** Lists of names as people paste them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { named } from "../../www/names.js";

const NAMES = ["AAAC-1", "AAAG-1", "AAAT-1", "AAAT-2", "twice", "twice", "T cell 7", "b"];

/** @param {string} text */
const cells = (text) => {
  const { cells, found, missing } = named(text, NAMES);
  return [[...cells], found, missing];
};

test("lines, commas, quotes, tabs, spaces, other systems' line ends, a byte order mark", () => {
  for (const text of [
    "AAAG-1\nAAAC-1",
    "AAAC-1\r\nAAAG-1\r\n",
    "\uFEFFAAAC-1, AAAG-1",
    `"AAAC-1","AAAG-1"`,
    "['AAAC-1', 'AAAG-1']".replace(/[[\]]/g, ""),
    "AAAC-1\tAAAG-1\t",
    "  AAAC-1   AAAG-1 ",
    "AAAC-1;AAAG-1|AAAC-1",
  ])
    assert.deepEqual(cells(text), [[0, 1], 2, []], JSON.stringify(text));
});

test("a name with spaces is one; words that are none are told, each once", () => {
  assert.deepEqual(cells("T cell 7\nnobody\nnobody, AAAC-1"), [[0, 6], 2, ["nobody"]]);
  assert.deepEqual(cells(""), [[], 0, []]);
  assert.deepEqual(cells(" ,\n;"), [[], 0, []]);
});

test("all cells of a name; another case or without a number where that fits one name alone", () => {
  assert.deepEqual(cells("twice"), [[4, 5], 1, []]);
  assert.deepEqual(cells("aaac-1 B"), [[0, 7], 2, []]);
  assert.deepEqual(cells("AAAC AAAT"), [[0], 1, ["AAAT"]]);
  assert.deepEqual(cells("AAAG-3 b-1 B-2"), [[7], 1, ["AAAG-3", "B-2"]]);
});

test("a hundred thousand of a million", () => {
  const names = Array.from({ length: 1e6 }, (_, at) => `CELL${at}-1`);
  const text = names.filter((_, at) => at % 10 === 0).join("\n");
  const { cells, found, missing } = named(text, names);
  assert.deepEqual([cells.length, cells[1], found, missing.length], [100_000, 10, 100_000, 0]);
});
