import assert from "node:assert/strict";
import { test } from "node:test";
import { bounds, fit, matrix, project } from "../../www/view/camera.js";
import { pan, turn, zoom } from "../../www/view/moves.js";

const frame = { width: 800, height: 600 };
const flat = new Float32Array([-1, -0.5, 1, 0.5, 0, 0, Number.NaN, 3, 0.25, 0.125]);

/** @param {[number, number] | null} found @param {[number, number]} wanted @param {number} [slack] */
function near(found, wanted, slack = 1e-3) {
  assert.ok(found, "the point lies behind the eye");
  assert.ok(Math.hypot(found[0] - wanted[0], found[1] - wanted[1]) < slack, `${found} is not ${wanted}`);
}

test("bounds leave out what is not finite", () => {
  const box = bounds(new Float32Array([0, 0, 4, 2, Number.NaN, 1, Number.POSITIVE_INFINITY, -1]), 2);
  assert.deepEqual(box.centre, [2, 0.5, 0]);
  assert.deepEqual(box.half, [2, 1.5, 0]);
});

test("bounds of nothing can still be looked at", () => {
  for (const coordinates of [new Float32Array(), new Float32Array([Number.NaN, Number.NaN]), new Float32Array([3, 3])]) {
    const camera = fit(bounds(coordinates, 2), 2, frame);
    assert.ok(matrix(camera, frame).every(Number.isFinite));
  }
});

test("everything fits into the frame, wide or tall", () => {
  for (const size of [frame, { width: 300, height: 900 }, { width: 1, height: 1 }]) {
    const camera = fit(bounds(flat, 2), 2, size);
    const view = matrix(camera, size);
    for (const [x, y] of [
      [-1, -0.5],
      [1, 3],
    ]) {
      const at = project(view, size, x ?? 0, y ?? 0, 0);
      assert.ok(at && at[0] >= 0 && at[0] <= size.width && at[1] >= 0 && at[1] <= size.height, `${at}`);
    }
  }
});

test("up is up", () => {
  for (const dimension of [2, 3]) {
    const camera = fit(bounds(new Float32Array([-1, -1, -1, 1, 1, 1]), 3), dimension, frame);
    const view = matrix({ ...camera, yaw: 0, pitch: 0 }, frame);
    const [above, below] = [project(view, frame, 0, 0.5, 0), project(view, frame, 0, -0.5, 0)];
    assert.ok(above && below && above[1] < below[1]);
    const [left, right] = [project(view, frame, -0.5, 0, 0), project(view, frame, 0.5, 0, 0)];
    assert.ok(left && right && left[0] < right[0]);
  }
});

test("panning moves points by as many pixels as the pointer", () => {
  for (const dimension of [2, 3]) {
    const camera = fit(bounds(new Float32Array([-1, -1, -1, 1, 1, 1]), 3), dimension, frame);
    const [x, y, z] = camera.target;
    near(project(matrix(pan(camera, 37, -21, frame), frame), frame, x, y, z), [437, 279], 0.01);
  }
});

test("zooming keeps the place under the pointer", () => {
  const camera = fit(bounds(flat, 2), 2, frame);
  const before = project(matrix(camera, frame), frame, 0.25, 0.125, 0);
  assert.ok(before);
  const closer = zoom(camera, 3, frame, before[0], before[1]);
  near(project(matrix(closer, frame), frame, 0.25, 0.125, 0), before, 0.01);
  assert.ok(Math.abs(closer.reach * 3 - camera.reach) < 1e-9);
});

test("zoom has ends", () => {
  let camera = fit(bounds(flat, 2), 2, frame);
  for (let step = 0; step < 100; step++) camera = zoom(camera, 10, frame, 700, 20);
  assert.ok(camera.reach >= camera.home / 2000 && matrix(camera, frame).every(Number.isFinite));
  for (let step = 0; step < 100; step++) camera = zoom(camera, 0.1, frame, 700, 20);
  assert.ok(camera.reach <= camera.home * 4);
});

test("turning leaves the target in the middle, and a flat plot alone", () => {
  const box = bounds(new Float32Array([-1, -1, -1, 1, 1, 3]), 3);
  const orbit = turn(fit(box, 3, frame), 1.2, 9);
  near(project(matrix(orbit, frame), frame, ...box.centre), [400, 300]);
  assert.ok(orbit.pitch < Math.PI / 2);
  const even = fit(box, 2, frame);
  assert.equal(turn(even, 1, 1), even);
});

test("a point behind the eye is nowhere", () => {
  const camera = { ...fit(bounds(new Float32Array([-1, -1, -1, 1, 1, 1]), 3), 3, frame), yaw: 0, pitch: 0 };
  assert.equal(project(matrix(camera, frame), frame, 0, 0, 100), null);
});
