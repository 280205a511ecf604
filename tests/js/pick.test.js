import assert from "node:assert/strict";
import { test } from "node:test";
import { middles } from "../../www/view/middle.js";
import { nearest } from "../../www/view/pick.js";
import { strip } from "../../www/view/strip.js";

/** A 5 × 5 window with cells drawn at some pixels. @param {Array<[x: number, y: number, cell: number]>} drawn */
function picture(drawn) {
  const bytes = new Uint8Array(5 * 5 * 4);
  for (const [x, y, cell] of drawn) new DataView(bytes.buffer).setUint32((y * 5 + x) * 4, cell + 1, true);
  return bytes;
}

test("the cell nearest to the middle is picked", () => {
  assert.equal(nearest(picture([]), 5), -1);
  assert.equal(
    nearest(
      picture([
        [0, 2, 7],
        [2, 3, 0],
      ]),
      5,
    ),
    0,
  );
  assert.equal(
    nearest(
      picture([
        [2, 2, 16_777_300],
        [2, 3, 5],
      ]),
      5,
    ),
    16_777_300,
  );
});

test("corners are too far", () => {
  assert.equal(nearest(picture([[0, 0, 3]]), 5), -1);
});

test("names lie at medians, which strays do not move", () => {
  const coordinates = new Float32Array([0, 0, 1, 1, 2, 2, 900, -900, 3, Number.NaN, Number.NaN, 5, 8, 9]);
  const [first, second, third] = middles(coordinates, 2, new Uint8Array([0, 0, 0, 0, 255, 1, 2]), 3);
  assert.deepEqual(first, [2, 1, 0]);
  assert.equal(second, null);
  assert.deepEqual(third, [8, 9, 0]);
});

test("a strip keeps its first coordinate and stays within bounds", () => {
  const flat = strip(new Float32Array([5, 6, 7]));
  assert.deepEqual([flat[0], flat[2], flat[4]], [5, 6, 7]);
  assert.ok([1, 3, 5].every((at) => Math.abs(flat[at] ?? 9) <= 0.25));
});
