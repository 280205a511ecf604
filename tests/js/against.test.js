/** Two numbers per cell against each other: places, ranks, correlations, marks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { along, back, breather, placed, ranked, related, seen, ticks } from "../../www/view/against.js";

/** @typedef {import("../../www/view/against.js").Axis} Axis */

/** @param {number[]} values @param {Partial<Axis>} [more] @returns {Axis} */
const axis = (values, more) => {
  const finite = values.filter(Number.isFinite);
  return {
    values: Float32Array.from(values),
    low: finite.reduce((a, b) => Math.min(a, b)),
    high: finite.reduce((a, b) => Math.max(a, b)),
    log: false,
    sparse: false,
    ...more,
  };
};
const all = () => true;

test("ranks are those of a sort, equal ones share theirs, whatever the sign", async () => {
  let state = 7;
  const values = Float32Array.from({ length: 5000 }, (_, at) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return at % 3 ? ((state % 2001) - 1000) / 8 : at % 2 ? 0 : -0;
  });
  const sorted = [...values].sort((a, b) => a - b);
  const wanted = [...values].map((value) => {
    const from = sorted.indexOf(value);
    const to = sorted.lastIndexOf(value);
    return (from + to) / 2 + 1;
  });
  assert.deepEqual([...(await ranked(values, breather()))], wanted);
  assert.deepEqual([...(await ranked(new Float32Array(), breather()))], []);
});

test("an axis seen in part has its values where a camera over the whole of it sees them", () => {
  for (const log of [false, true]) {
    const one = axis([-40, 0, 3, 1e6], { log });
    for (const [middle, reach] of /** @type {Array<[number, number]>} */ ([
      [0, 1],
      [0.3, 0.25],
      [-0.9, 2],
    ])) {
      const part = along(seen(one, middle, reach));
      for (const value of [-40, -1, 0, 3, 1000, 1e6]) {
        const wanted = (along(one)(value) - middle) / reach;
        assert.ok(Math.abs(part(value) - wanted) < 1e-9, `${value} at ${part(value)} instead of ${wanted}`);
      }
    }
  }
});

test("a place leads back to its value, by the value and by the logarithm, below zero too", () => {
  for (const log of [false, true]) {
    const one = axis([-40, 0, 3, 1e6], { log });
    for (const value of [-40, -1, 0, 0.5, 3, 999, 1e6]) {
      const place = along(one)(value);
      assert.ok(Math.abs(place) <= 0.95 + 1e-9);
      assert.ok(Math.abs(back(one, place) - value) <= 1e-6 * Math.max(1, Math.abs(value)), `${log} ${value} ${back(one, place)}`);
    }
  }
});

test("cells without a value have no place; zeros are spread about theirs, each cell alike at every visit", async () => {
  const [x, y] = [axis([0, 0, 1, Number.NaN, 2], { sparse: true }), axis([1, 2, 3, 4, Infinity], { high: 4 })];
  const { exact, drawn } = await placed([x, y], false, breather());
  assert.deepEqual([exact[0], exact[2]], [exact[0], exact[0]]);
  assert.notEqual(drawn[0], drawn[2]);
  assert.ok(Math.abs(Number(drawn[0]) - Number(exact[0])) <= 0.03);
  assert.deepEqual([drawn[1], drawn[4], drawn[5]], [exact[1], exact[4], exact[5]]);
  assert.deepEqual([...exact.slice(6)], [Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  assert.deepEqual(await placed([x, y], false, breather()), { exact, drawn });
  const without = await placed([x, y], true, breather());
  assert.ok(Number.isNaN(Number(without.exact[0])) && !Number.isNaN(Number(without.exact[4])));
});

test("what is the same everywhere goes together with nothing; nobody's numbers are none", async () => {
  const told = await related([axis([1, 1, 1]), axis([1, 2, 3])], all, false, breather());
  assert.deepEqual(told, { cells: 3, pearson: Number.NaN, spearman: Number.NaN, zeros: [3, 0, 0, 0] });
  const none = await related([axis([1, 2]), axis([1, 2])], () => false, false, breather());
  assert.equal(none.cells, 0);
  const line = await related([axis([0, 1, 5, 9]), axis([9, 5, 1, 0])], all, false, breather());
  assert.equal(line.spearman, -1);
  assert.deepEqual(line.zeros, [2, 1, 1, 0]);
});

test("a few round marks within any axis", () => {
  for (const [low, high] of [
    [0, 1],
    [61, 1254],
    [-3.2, 4.1],
    [0, 1e-4],
    [0, 3e6],
    [29.5, 30.5],
  ]) {
    for (const log of [false, true]) {
      const found = ticks(axis([low ?? 0, high ?? 0], { log }));
      assert.ok(found.length >= 2 && found.length <= 14, `${low} ${high} ${log}: ${found}`);
      assert.ok(
        found.every(
          (value, at) => value >= (low ?? 0) - 1e-9 && value <= (high ?? 0) + 1e-9 && value > (found[at - 1] ?? -Infinity),
        ),
      );
    }
  }
  assert.deepEqual(ticks(axis([0, 5])), [0, 1, 2, 3, 4, 5]);
});

test("a million cells are gone through in slices", async () => {
  const one = axis(
    Array.from({ length: 1e6 }, (_, at) => (at % 7 ? 0 : at % 1000)),
    { log: true },
  );
  let breaths = 0;
  const count = () => {
    breaths++;
    return null;
  };
  await placed([one, one], false, count);
  assert.equal(breaths, 31);
  const { spearman } = await related([one, one], all, false, count);
  assert.ok(Math.abs(spearman - 1) < 1e-9);
  // Brought together, ranked in nine passes each, two logarithms, two correlations.
  assert.equal(breaths, 31 * (1 + 1 + 18 + 2 + 2));
});

test("an end that is called for ends it", async () => {
  const work = new AbortController();
  work.abort();
  await assert.rejects(placed([axis([1]), axis([1])], false, breather(work.signal)), { name: "AbortError" });
});
