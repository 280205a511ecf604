/** Two fingers on either plot: what was between them stays between them, as much larger as they have moved apart; and nothing is drawn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn, open, panel, ranges, truth } from "./against.js";
import { FIREFOX, shoot } from "./browser.js";
import { onScreen, patch, sample, selected, stage, state } from "./shown.js";

const here = stage();
const FIELDS = ["n_genes", "n_counts"];
/** Firefox' driver has no fingers. */
const skip = FIREFOX;

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {[number, number]} Spot in CSS pixels of the window */

/** Fingers that go down where a way begins, along it together, and up where it ends. @param {Page} page */
async function hand(page) {
  const session = await page.context().newCDPSession(page);
  /** @param {"touchStart" | "touchMove" | "touchEnd"} type @param {Spot[]} spots */
  const touch = async (type, spots) => {
    const touchPoints = spots.map(([x, y], id) => ({ x, y, id }));
    await session.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  return {
    touch,
    /** @param {Spot[]} from @param {Spot[]} to */
    async move(from, to) {
      await touch("touchStart", from);
      for (const part of [0.25, 0.5, 0.75, 1]) {
        const between = ([x, y] = [0, 0], [u, v] = [0, 0]) => /** @type {Spot} */ ([x + (u - x) * part, y + (v - y) * part]);
        await touch(
          "touchMove",
          from.map((spot, finger) => between(spot, to[finger])),
        );
      }
      await touch("touchEnd", []);
    },
  };
}

/** @param {Spot[]} spots @returns {Spot} */
const middle = ([[x, y] = [0, 0], [u, v] = [0, 0]]) => [(x + u) / 2, (y + v) / 2];
/** @param {Spot[]} spots */
const apart = ([[x, y] = [0, 0], [u, v] = [0, 0]]) => Math.hypot(u - x, v - y);

/** Two ways about a place: apart and aside, and together again. @param {number} x @param {number} y @returns {Array<[Spot[], Spot[]]>} */
const ways = (x, y) => [
  [
    [
      [x - 40, y - 30],
      [x + 40, y + 30],
    ],
    [
      [x - 60, y - 40],
      [x + 132, y + 104],
    ],
  ],
  [
    [
      [x - 90, y + 40],
      [x + 70, y + 40],
    ],
    [
      [x - 60, y + 20],
      [x + 40, y + 20],
    ],
  ],
];

test("two fingers on the first plot: every cell is where they take it, in 2D; in 3D nothing turns", { skip }, async () => {
  const { page, errors } = await sample(here.browser, here.server, { hasTouch: true });
  const fingers = await hand(page);
  const box = await page.locator("#plot").boundingBox();
  assert.ok(box);
  for (const [from, to] of ways(box.x + box.width / 2, box.y + box.height / 2)) {
    const before = (await onScreen(page)).map(({ x, y }) => [x, y]);
    await fingers.move(from, to);
    const after = (await onScreen(page)).map(({ x, y }) => [x, y]);
    const factor = apart(to) / apart(from);
    const [[x, y], [u, v]] = [middle(from), middle(to)];
    for (const [cell, [left = 0, top = 0]] of before.entries()) {
      const [across = 0, down = 0] = after[cell] ?? [];
      const off = Math.hypot(u + (left - x) * factor - across, v + (top - y) * factor - down);
      assert.ok(off < 0.5, `cell ${cell} is ${off} pixels off`);
    }
  }
  assert.equal(await state(page, "selection"), null);
  await shoot(page, "fingers");

  await page.getByRole("button", { name: "3D" }).click();
  await page.locator('#plot[aria-label*="in 3D"]').waitFor();
  const level = await state(page, "camera");
  const [[from, to] = [[], []]] = ways(box.x + box.width / 2, box.y + box.height / 2);
  await fingers.move(from, to);
  const { yaw, pitch, reach } = await state(page, "camera");
  assert.deepEqual([yaw, pitch], [level.yaw, level.pitch]);
  assert.ok(Math.abs((level.reach / reach) * apart(from) - apart(to)) < 0.5, `${level.reach} ${reach}`);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a finger draws a lasso; one that is joined by another moves the plot, and selects nothing", { skip }, async () => {
  const { page, errors } = await sample(here.browser, here.server, { hasTouch: true });
  const fingers = await hand(page);
  const box = await page.locator("#plot").boundingBox();
  assert.ok(box);
  await patch(page, { tool: "lasso" });
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  /** @type {Spot[]} */
  const around = [
    [x - 120, y - 120],
    [x + 120, y - 120],
    [x + 120, y + 120],
    [x - 120, y + 120],
  ];
  const [begin, ...rest] = around;
  assert.ok(begin);
  await fingers.touch("touchStart", [begin]);
  for (const spot of rest) await fingers.touch("touchMove", [spot]);
  await fingers.touch("touchEnd", []);
  const inside = (await onScreen(page)).flatMap(({ x: left, y: top }, cell) =>
    Math.max(Math.abs(left - x), Math.abs(top - y)) < 120 ? [cell] : [],
  );
  assert.ok(inside.length > 50);
  assert.deepEqual(await selected(page), inside);
  assert.equal((await state(page, "selection")).source, "lasso");

  await patch(page, { selection: null });
  const camera = await state(page, "camera");
  await fingers.touch("touchStart", [begin]);
  for (const spot of rest.slice(0, 2)) await fingers.touch("touchMove", [spot]);
  const [, last = begin] = rest;
  await fingers.touch("touchStart", [last, [x, y]]);
  await fingers.touch("touchMove", [last, [x - 50, y - 50]]);
  await fingers.touch("touchEnd", []);
  assert.equal(await state(page, "selection"), null);
  assert.notDeepEqual(await state(page, "camera"), camera);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("two fingers on the scatter plot: the ranges are those that they leave, with Python's cells", { skip }, async () => {
  const { page, errors } = await sample(here.browser, here.server, { hasTouch: true });
  await open(page, "n_genes", "n_counts");
  await drawn(page, "n_genes", "n_counts");
  await panel(page).getByText("By numbers").press("Enter");
  const canvas = panel(page).locator("canvas");
  const fingers = await hand(page);
  const seen = async () => {
    await canvas.press("a");
    return ranges(page);
  };
  await canvas.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 };
  for (const [from, to] of ways(Math.round(x + width / 2), Math.round(y + height / 2))) {
    const before = await seen();
    await fingers.move(from, to);
    const after = await seen();
    const factor = apart(to) / apart(from);
    const [[left, top], [across, down]] = [middle(from), middle(to)];
    /** Where what is at a place now was before. */
    const was = [
      [x, x + width].map((edge) => (left + (edge - across) / factor - x) / width),
      [y + height, y].map((edge) => 1 - (top + (edge - down) / factor - y) / height),
    ];
    for (const [side, [low = 0, high = 1]] of was.entries()) {
      const [least = 0, most = 0] = before[side] ?? [];
      const wanted = [low, high].map((share) => least + share * (most - least));
      const off = (after[side] ?? []).map((end, at) => Math.abs(end - (wanted[at] ?? 0)) / (most - least));
      assert.ok(Math.max(...off) < 1e-3, `${side}: ${after[side]} instead of ${wanted}`);
    }
    assert.deepEqual(await selected(page), truth({ fields: FIELDS, ranges: after }).inside);
  }
  assert.deepEqual(errors, []);
  await page.context().close();
});
