/** Choosing cells: outlines, the neighbour graph, sets of cells, filters, steps back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keeps, out } from "../../www/filters.js";
import { choosable, combined, invert, keep, select } from "../../www/select.js";
import { initial, Store } from "../../www/store.js";
import { bounds, fit, matrix, project } from "../../www/view/camera.js";
import { graph, grown, nearest } from "../../www/view/graph.js";
import { enclosed, inside, SLICE } from "../../www/view/lasso.js";
import { turn } from "../../www/view/moves.js";

/** Numbers that look random and are the same every time. @param {number} seed */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The plain way: every point against every edge. @param {Array<[number, number]>} outline @param {number} x @param {number} y */
function within(outline, x, y) {
  let odd = false;
  outline.forEach(([x1, y1], at) => {
    const [x2, y2] = outline[(at + 1) % outline.length] ?? [0, 0];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) odd = !odd;
  });
  return odd;
}

test("a lasso takes exactly the points that geometry puts inside it, in 2D and 3D, whatever its shape", () => {
  const dice = random(7);
  const frame = { width: 640.5, height: 480 };
  let taken = 0;
  for (const axes of /** @type {const} */ ([2, 3])) {
    const coordinates = Float32Array.from({ length: 20_000 * axes }, () => dice() * 2 - 1);
    coordinates[10] = Number.NaN;
    const camera = turn(fit(bounds(coordinates, axes), axes, frame), 0.4, 0.3);
    const view = matrix(camera, frame);
    for (let round = 0; round < 12; round++) {
      const corners = 3 + Math.floor(dice() * 40);
      const outline = Array.from(
        { length: corners },
        () => /** @type {[number, number]} */ ([dice() * 700 - 30, dice() * 520 - 20]),
      );
      const found = inside(coordinates, axes, view, frame, outline);
      const truth = [];
      for (let cell = 0; cell < 20_000; cell++) {
        const [x = 0, y = 0, z = 0] = coordinates.subarray(cell * axes, cell * axes + axes);
        const at = project(view, frame, x, y, z);
        if (at && at[0] >= 0 && at[1] >= 0 && at[0] < 641 && at[1] < 480 && within(outline, ...at)) truth.push(cell);
      }
      assert.deepEqual([...found], truth);
      taken += truth.length;
    }
  }
  assert.ok(taken > 10_000, `${taken} points were inside`);
});

test("many points are looked at a slice at a time, and the same are found", async () => {
  const dice = random(3);
  const cells = 5 * SLICE + 17;
  const coordinates = Float32Array.from({ length: cells * 2 }, () => dice() * 2 - 1);
  const frame = { width: 640, height: 480 };
  const view = matrix(fit(bounds(coordinates, 2), 2, frame), frame);
  const outline = /** @type {Array<[number, number]>} */ ([
    [100, 100],
    [500, 120],
    [300, 400],
  ]);
  let [pauses, asked, most] = [0, 0, 0];
  const counts = () => {
    asked++;
    return true;
  };
  const pause = async () => {
    pauses++;
    [asked, most] = [0, Math.max(most, asked)];
  };
  const found = await enclosed({ coordinates, axes: 2, matrix: view, frame, outline, counts }, pause);
  assert.deepEqual(found, inside(coordinates, 2, view, frame, outline));
  assert.equal(pauses, 5);
  assert.ok(found.length > SLICE && most > 0 && most < SLICE, `${most} at a time`);
  // So few that nobody waits.
  await enclosed({ coordinates: coordinates.subarray(0, 2000), axes: 2, matrix: view, frame, outline }, assert.fail);
});

test("two corners are a rectangle, fewer are nothing; what cannot be chosen is not", () => {
  const coordinates = new Float32Array([-0.5, 0, 0.5, 0, 0, 0.9]);
  const frame = { width: 100, height: 100 };
  const view = new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const box = (/** @type {Array<[number, number]>} */ corners, counts = (/** @type {number} */ _) => true) => [
    ...inside(coordinates, 2, view, frame, corners, counts),
  ];
  assert.deepEqual(
    box([
      [90, 60],
      [10, 40],
    ]),
    [0, 1],
  ); // prettier
  assert.deepEqual(box([[10, 10]]), []);
  assert.deepEqual(
    box(
      [
        [0, 0],
        [100, 100],
      ],
      (/** @type {number} */ cell) => cell !== 1,
    ),
    [0, 2],
  );
});

test("neighbours: step by step outwards, within a step by number", () => {
  //  0 - 1 - 2   5 alone, 3 - 4 apart; an edge to itself and one beyond the last cell count for nothing
  const made = graph([0, 2, 4, 3, 1], [1, 1, 3, 3, 9], 6);
  assert.deepEqual([...made.others.subarray(made.starts[1], made.starts[2])], [0, 2]);
  assert.deepEqual([...nearest(made, 0, 2)], [0, 1]);
  assert.deepEqual([...nearest(made, 0, 50)], [0, 1, 2]);
  assert.deepEqual([...nearest(made, 5, 50)], [5]);
  assert.deepEqual([...nearest(made, 0, 2, (cell) => cell !== 1)], [0, 2], "the way goes through what is hidden");
  assert.deepEqual([...grown(made, Uint32Array.of(2, 4))], [1, 2, 3, 4]);
});

test("sets of cells", () => {
  const [a, b] = [Uint32Array.of(1, 3, 5, 7), Uint32Array.of(3, 4, 7, 9)];
  assert.deepEqual([...combined("new", a, b)], [3, 4, 7, 9]);
  assert.deepEqual([...combined("add", a, b)], [1, 3, 4, 5, 7, 9]);
  assert.deepEqual([...combined("subtract", a, b)], [1, 5]);
  assert.deepEqual([...combined("intersect", a, b)], [3, 7]);
  assert.deepEqual([...combined("add", new Uint32Array(), b)], [3, 4, 7, 9]);
  assert.deepEqual([...combined("intersect", a, new Uint32Array())], []);
});

/** A store with ten cells of three categories, the last one's missing. */
function store() {
  const made = new Store(initial());
  const colour = /** @type {any} */ ({
    kind: "category",
    field: { key: "kind", path: "kind", labels: ["a", "b", "c"] },
    codes: Uint8Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2, 255),
  });
  made.patch({ dataset: /** @type {any} */ ({ cells: 10 }), colour });
  return made;
}

test("hidden, filtered and invisible cells cannot be chosen", () => {
  const { state } = store();
  const can = choosable({ ...state, hidden: new Set([1, -1]), filtered: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0) });
  assert.deepEqual([...Array(10).keys()].filter(can), [2, 3, 5, 6, 8]);
});

test("selections are taken back and done again; groups are kept", () => {
  const made = store();
  select(made, Uint32Array.of(1, 2), "lasso");
  made.patch({ combine: "add" });
  select(made, Uint32Array.of(5), "click");
  assert.deepEqual([...(made.state.selection?.cells ?? [])], [1, 2, 5]);
  keep(made, " mine ");
  assert.deepEqual(
    made.state.highlights.map(({ label, cells, type }) => [label, [...cells], type]),
    [["mine", [1, 2, 5], "click"]],
  );
  invert(made);
  assert.deepEqual([...(made.state.selection?.cells ?? [])], [0, 3, 4, 6, 7, 8, 9]);
  assert.deepEqual(made.state.history, { back: 4, forward: 0 });
  made.undo();
  made.undo();
  made.undo();
  assert.deepEqual(
    [[...(made.state.selection?.cells ?? [])], made.state.highlights, made.state.history],
    [[1, 2], [], { back: 1, forward: 3 }],
  );
  made.redo();
  made.redo();
  assert.equal(made.state.highlights.length, 1);
  select(made, Uint32Array.of(9), "click", "new");
  assert.deepEqual(made.state.history, { back: 4, forward: 0 }, "a new step ends what could be done again");
  made.redo();
  made.forget();
  made.undo();
  assert.deepEqual([...(made.state.selection?.cells ?? [])], [9]);
});

test("filters add up; those switched off do nothing", () => {
  const { state } = store();
  const colour = /** @type {any} */ (state.colour);
  const numbers = /** @type {any} */ ({ kind: "continuous", values: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, Number.NaN, 9) });
  const one = { id: 1, on: true, colour, out: new Set([1, -1]), missing: false };
  /** @type {import("../../www/state.js").Filter} */
  const two = { id: 2, on: true, colour: numbers, range: [2, 6], missing: true };
  const kept = (/** @type {any[]} */ filters) => {
    const mask = out(filters, 10);
    return [...Array(10).keys()].filter((cell) => !mask?.[cell]);
  };
  assert.deepEqual(kept([one]), [0, 2, 3, 5, 6, 8]);
  assert.deepEqual(kept([one, two]), [2, 3, 5, 6, 8]);
  assert.deepEqual(
    kept([
      { ...one, on: false },
      { ...two, missing: false },
    ]),
    [2, 3, 4, 5, 6],
  );
  assert.equal(out([{ ...one, out: new Set() }], 10), null);
  const far = { ...one, outliers: { most: 0.9, quantiles: Float32Array.of(0.1, 0.9, 0.95, Number.NaN) } };
  assert.deepEqual([0, 1, 2, 3].map(keeps(far)), [true, Math.fround(0.9) <= 0.9, false, false]);
});
