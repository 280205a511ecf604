/** The scatter plot seen closer: every gesture and its twin on the keyboard, with the ranges that they must come to and Python's cells. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { drag, open, panel, ranges, truth } from "./against.js";
import { download, FIREFOX, python, ROOT, shoot, until } from "./browser.js";
import { faults, patch, SAMPLE, sample, selected, stage, state } from "./shown.js";

const here = stage();
const FIELDS = ["n_genes", "n_counts"];
/** What a press of plus or minus, and of an arrow, does. */
const [CLOSER, STEP] = [1.25, 40];
/** What is free at either end of an axis, of half its side. */
const EDGE = 0.05;

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ x: number, y: number, reach: number }} Seen the middle and half a side, -1 to 1 being everything */

const WHOLE = { x: 0, y: 0, reach: 1 };
/** @param {Seen} seen @param {number} factor @param {number} u @param {number} v share of either side that stays, from below @returns {Seen} */
const zoomed = ({ x, y, reach }, factor, u = 0.5, v = 0.5) => ({
  x: x + reach * (2 * u - 1) * (1 - 1 / factor),
  y: y + reach * (2 * v - 1) * (1 - 1 / factor),
  reach: reach / factor,
});
/** @param {Seen} seen @param {number} across @param {number} down what the points move by, of the sides @returns {Seen} */
const panned = ({ x, y, reach }, across, down) => ({ x: x - 2 * reach * across, y: y + 2 * reach * down, reach });

/** Of the axis, without what is free at its ends. @param {number} place -1 to 1 */
const share = (place) => (place + 1 - EDGE) / (2 * (1 - EDGE));
const { ends } = truth({ fields: FIELDS });
/** @param {number} side @param {number} place -1 to 1 @param {boolean} [log] */
function value(side, place, log = false) {
  const [low = 0, high = 0] = (ends[side] ?? []).map((end) => (log ? Math.log1p(end) : end));
  const found = low + share(place) * (high - low);
  return log ? Math.expm1(found) : found;
}
/** The values at both ends of what is seen. @param {Seen} seen @param {boolean} [log] @returns {Array<[number, number]>} */
const extent = ({ x, y, reach }, log) =>
  [x, y].map((middle, side) => [value(side, middle - reach, log), value(side, middle + reach, log)]);

/** @param {Array<[number, number]>} found @param {Array<[number, number]>} wanted @param {string} what */
function near(found, wanted, what) {
  for (const [side, [low, high]] of wanted.entries()) {
    const [least = 0, most = 0] = found[side] ?? [];
    const off = Math.max(Math.abs(least - low), Math.abs(most - high)) / (high - low);
    assert.ok(off < 1e-4, `${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

/** Selects all that is seen, with A, and compares ranges and cells. @param {Page} page @param {Seen} seen @param {string} what */
async function sees(page, seen, what) {
  await panel(page).locator("canvas").press("a");
  assert.equal((await state(page, "selection")).source, "view", what);
  const written = await ranges(page);
  near(written, extent(seen), what);
  const inside = truth({ fields: FIELDS, ranges: written }).inside;
  assert.ok(inside.length > 5, what);
  assert.deepEqual(await selected(page), inside, what);
  await panel(page).locator("canvas").press("Escape");
  assert.equal(await state(page, "selection"), null);
}

/** @param {Page} page @param {...string} keys */
async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

/** Waits until axes are by logarithms. @param {Page} page */
async function logarithms(page) {
  for (const side of ["X", "Y"]) await panel(page).getByLabel(`${side} by the logarithm of value + 1`).check();
  await panel(page).getByRole("status").getByText("logarithms").waitFor();
}

/** Python's cells for an outline by logarithms; places have half the digits in the page. @param {Page} page @param {Array<[number, number]>} outline */
async function encloses(page, outline) {
  const { inside } = truth({ fields: FIELDS, log: [true, true], outline: outline.map((corner) => corner.map(share)) });
  const found = new Set(await selected(page));
  const differ = new Set([...inside, ...found]).size - inside.filter((cell) => found.has(cell)).length;
  assert.ok(inside.length > 100 && differ <= 2, `${inside.length}, ${differ} differ`);
  assert.equal((await state(page, "selection")).source, "lasso");
}

/** The cell with most room around it, and where it lies, in CSS pixels of the plot. @param {{ width: number, height: number }} frame */
function alone({ width, height }) {
  const [xs, ys] = FIELDS.map((key, side) => {
    const [low = 0, high = 0] = ends[side] ?? [];
    const values = /** @type {number[]} */ (python(SAMPLE, "obs", key));
    return values.map((one) => EDGE / 2 + ((one - low) / (high - low)) * (1 - EDGE));
  });
  const places = (xs ?? []).map((u, cell) => /** @type {[number, number]} */ ([u * width, (1 - (ys?.[cell] ?? 0)) * height]));
  const rooms = places.map(([x, y], cell) => {
    let room = Math.min(x, y, width - x, height - y) - 20;
    for (const [other, [u, v]] of places.entries()) if (other !== cell) room = Math.min(room, Math.hypot(x - u, y - v));
    return room;
  });
  const cell = rooms.indexOf(Math.max(...rooms));
  const [x = 0, y = 0] = places[cell] ?? [];
  return { cell, x, y };
}

/** @param {Page} page */
async function box(page) {
  const found = await panel(page).locator("canvas").boundingBox();
  assert.ok(found);
  return found;
}

test("plus, minus, arrows, 0, wheel, double click and a drag with the right button show what they must, told and with its axes", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await open(page, "n_genes", "n_counts");
  const canvas = panel(page).locator("canvas");
  await panel(page).getByText("By numbers").press("Enter");
  const { x, y, width, height } = await box(page);
  await canvas.focus();
  assert.equal(await canvas.evaluate((one) => one.matches(":focus-visible") && document.activeElement === one), true);
  assert.ok(await panel(page).locator(".cross").isVisible());
  const keys = await canvas.getAttribute("aria-describedby");
  assert.match(
    (await page.locator(`#${keys}`).textContent()) ?? "",
    /^Arrow keys move the plot, plus and minus zoom, 0 shows everything/,
  );
  const told = await canvas.getAttribute("aria-label");
  await sees(page, WHOLE, "everything");

  await press(page, "+", "+", "+", "-", "+");
  let seen = zoomed(WHOLE, CLOSER ** 3);
  await sees(page, seen, "plus");
  await press(page, "ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowUp");
  seen = panned(seen, (2 * STEP) / width, (1.25 * STEP) / height);
  // What is seen is told, once it is at rest, and in the plot's own words.
  const label = (await canvas.getAttribute("aria-label")) ?? "";
  assert.notEqual(label, told);
  const [, extents = ""] = label.match(/^Scatter plot: (across n_genes from .+, up n_counts from [^;]+);/) ?? [];
  assert.ok(extents, label);
  await page.locator("#status").getByText(`In the scatter plot: ${extents}`).waitFor();
  await sees(page, seen, "arrows");
  // The axes are marked within it.
  const [[low, high] = [0, 0]] = extent(seen);
  const marks = await panel(page).locator(".crossplot > svg text[text-anchor=middle]:not([font-weight])").allTextContents();
  assert.ok(marks.length > 1 && marks.every((mark) => Number(mark) >= low && Number(mark) <= high), marks.join());
  await shoot(page, "scatter-closer");
  await press(page, "0");
  assert.equal(await canvas.getAttribute("aria-label"), told);
  await sees(page, WHOLE, "0");

  // The place under the pointer stays.
  const [left, top] = [Math.round(x + 0.3 * width), Math.round(y + 0.6 * height)];
  const [u, v] = [(left - x) / width, 1 - (top - y) / height];
  await page.mouse.move(left, top);
  await page.mouse.wheel(0, -240);
  await until(
    page,
    async (before) => document.querySelector("#scatter canvas")?.getAttribute("aria-label") !== before,
    told,
    "it is seen closer",
  );
  seen = zoomed(WHOLE, Math.exp(0.5), u, v);
  await sees(page, seen, "wheel");
  // Firefox's driver makes two clicks of a double click.
  if (FIREFOX) await canvas.dispatchEvent("dblclick", { clientX: left, clientY: top });
  else await page.mouse.dblclick(left, top);
  seen = zoomed(seen, CLOSER ** 3, u, v);
  await sees(page, seen, "double click");
  await page.mouse.down({ button: "right" });
  await page.mouse.move(left - 30, top + 50);
  await page.mouse.up({ button: "right" });
  seen = panned(seen, -30 / width, 50 / height);
  await sees(page, seen, "right button");

  // A picture has what is seen, and the button shows everything.
  const file = await download(page, resolve(ROOT, "build/screenshots"), () =>
    panel(page).getByRole("button", { name: "Save as SVG" }).click(),
  );
  const circles = readFileSync(file, "utf8").match(/<circle /g)?.length ?? 0;
  // Those of the key, too.
  assert.equal(circles - 16, truth({ fields: FIELDS, ranges: extent(seen) }).inside.length);
  await panel(page).getByRole("button", { name: "Show all" }).press("Enter");
  await sees(page, WHOLE, "Show all");
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a rectangle by keyboard is ranges as one by hand; added with Shift, dropped with Escape", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await open(page, "n_genes", "n_counts");
  const canvas = panel(page).locator("canvas");
  await panel(page).getByText("By numbers").press("Enter");
  const { width, height } = await box(page);
  await canvas.focus();
  // The middle is where the first corner is set, and where the other is by then.
  await press(page, "+", "ArrowRight", "ArrowDown", " ");
  assert.equal(await panel(page).locator(".over circle").count(), 1);
  const first = panned(zoomed(WHOLE, CLOSER), -STEP / width, -STEP / height);
  await press(page, "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp", "+");
  const second = panned(first, (3 * STEP) / width, (2 * STEP) / height);
  await shoot(page, "scatter-rectangle-by-keyboard");
  await press(page, "Enter");
  let written = await ranges(page);
  const wanted = [first, second].map((one) => [value(0, one.x), value(1, one.y)]);
  near(
    written,
    [0, 1].map((side) => {
      const [a = 0, b = 0] = wanted.map((corner) => corner[side] ?? 0);
      return [Math.min(a, b), Math.max(a, b)];
    }),
    "rectangle",
  );
  const inside = truth({ fields: FIELDS, ranges: written }).inside;
  assert.ok(inside.length > 20, String(inside.length));
  assert.deepEqual(await selected(page), inside);
  assert.equal((await state(page, "selection")).source, "rectangle");
  assert.equal(await panel(page).locator(".over circle").count(), 0);

  // With Shift it is added; Escape drops corners, and only then what is selected.
  await press(page, "0", " ", "ArrowLeft", "ArrowDown", "ArrowDown", "Shift+Enter");
  written = await ranges(page);
  const both = new Set([...inside, ...truth({ fields: FIELDS, ranges: written }).inside]);
  assert.ok(both.size > inside.length);
  assert.deepEqual(
    await selected(page),
    [...both].sort((a, b) => a - b),
  );
  await press(page, " ", "Escape");
  assert.deepEqual([await panel(page).locator(".over circle").count(), (await selected(page)).length], [0, both.size]);
  await press(page, "Escape");
  assert.equal(await state(page, "selection"), null);

  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a lasso by keyboard keeps its corners with the cells; one by hand encloses what is seen; axes by logarithms", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await open(page, "n_genes", "n_counts");
  const canvas = panel(page).locator("canvas");
  await logarithms(page);
  const { width, height } = await box(page);
  await canvas.focus();
  await press(page, "l", "+", "+");
  assert.equal(await state(page, "tool"), "lasso");
  let seen = zoomed(WHOLE, CLOSER ** 2);
  /** @type {Array<[number, number]>} */
  const outline = [];
  for (const [across = 0, down = 0] of [
    [2, 1],
    [-3, 1],
    [-1, -3],
    [2, -1],
  ]) {
    for (let step = 0; step < Math.abs(across); step++) await press(page, across > 0 ? "ArrowLeft" : "ArrowRight");
    for (let step = 0; step < Math.abs(down); step++) await press(page, down > 0 ? "ArrowUp" : "ArrowDown");
    await press(page, " ");
    // What an arrow points at comes into view: the points go the other way.
    seen = panned(seen, (across * STEP) / width, (down * STEP) / height);
    outline.push([seen.x, seen.y]);
  }
  await shoot(page, "scatter-lasso-by-keyboard");
  await press(page, "-", "-", "-", "Enter");
  await encloses(page, outline);

  await press(page, "0", "+", "+");
  const gone = await drag(page, [
    [0.1, 0.2],
    [0.9, 0.25],
    [0.6, 0.9],
  ]);
  seen = zoomed(WHOLE, CLOSER ** 2);
  await encloses(
    page,
    gone.map(([u, v]) => [seen.x + seen.reach * (2 * u - 1), seen.y + seen.reach * (2 * v - 1)]),
  );

  // Other fields are seen whole, whatever was seen before.
  await panel(page).getByRole("button", { name: "Swap" }).press("Enter");
  await panel(page)
    .getByRole("img", { name: /across n_counts/ })
    .waitFor();
  await panel(page).getByText("By numbers").press("Enter");
  await canvas.press("a");
  near((await ranges(page)).reverse(), extent(WHOLE, true), "swapped");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a cell is named by a click, and by Enter with the cross on it", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await open(page, "n_genes", "n_counts");
  const frame = await box(page);
  const one = alone(frame);
  const clicked = (/** @type {number} */ cell) =>
    until(
      page,
      async (wanted) => {
        const { clicked, hover } = (await import(new URL("main.js", document.baseURI).href)).store.state;
        return clicked?.cell === wanted && hover?.cell === wanted;
      },
      cell,
      "the cell is clicked and named",
    );
  await page.mouse.click(frame.x + one.x, frame.y + one.y);
  await clicked(one.cell);
  assert.ok(await page.locator("#tooltip").isVisible());
  assert.equal(await state(page, "selection"), null);
  await patch(page, { clicked: null, hover: null });
  // Brought under the cross, as far as whole pixels go.
  await page.mouse.move(frame.x + one.x, frame.y + one.y);
  await page.mouse.down({ button: "right" });
  await page.mouse.move(frame.x + frame.width / 2, frame.y + frame.height / 2, { steps: 3 });
  await page.mouse.up({ button: "right" });
  await page.mouse.move(2, 2);
  await patch(page, { clicked: null, hover: null });
  await panel(page).locator("canvas").press("Enter");
  await clicked(one.cell);
  // A selecting tool selects it.
  await press(page, "r", "Enter");
  await until(
    page,
    async () => (await import(new URL("main.js", document.baseURI).href)).store.state.selection !== null,
    null,
    "it is selected",
  );
  assert.deepEqual(await selected(page), [one.cell]);
  assert.deepEqual(errors, []);
  await page.context().close();
});
