import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget, ordered, shuffle } from "../../www/view/order.js";

test("the order holds every cell once and is the same each time", () => {
  for (const count of [0, 1, 2, 1000]) {
    const order = shuffle(count);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      [...Array(count).keys()],
    );
    assert.deepEqual(order, shuffle(count));
  }
});

test("made ahead, a slice at a time, it is the same order", async () => {
  const count = 700_000;
  const wanted = shuffle(count);
  let turns = 0;
  const others = setInterval(() => turns++);
  await ordered(count);
  clearInterval(others);
  assert.ok(turns > 0, "others had their turn meanwhile");
  const made = shuffle(count);
  assert.deepEqual(made, wanted);
  assert.equal(shuffle(count), made, "it is not made again");
});

test("a prefix is a fair sample", () => {
  // Ten runs of a thousand cells, as categories are often stored: a tenth of the order should hold a tenth of each.
  const prefix = shuffle(10_000).subarray(0, 1000);
  const counts = new Array(10).fill(0);
  for (const cell of prefix) counts[Math.floor(cell / 1000)]++;
  const chi = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
  assert.ok(chi < 27.9, `chi squared ${chi} over nine degrees of freedom`); // one in a thousand
});

test("slow frames lower the budget, fast ones raise it, pauses do neither", () => {
  const budget = new Budget();
  const first = budget.next(10_000, 1e9);
  const slow = budget.next(10_100, 1e9);
  assert.ok(slow < first);
  assert.equal(budget.next(20_000, 1e9), slow);
  assert.ok(budget.next(20_016, 1e9) > slow);
  assert.equal(budget.next(20_032, 500), 500);
});
