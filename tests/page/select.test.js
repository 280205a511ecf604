/** Selecting: each gesture, its twin on the keyboard, and the event it makes, against the cells that Python finds. */
import assert from "node:assert/strict";

import { test } from "node:test";
import { becomes, python, rested, shoot, text, type, until } from "./browser.js";
import { choose, lonely, patch, SAMPLE, sample, seen, selected, stage, state } from "./shown.js";

const here = stage();
/** @typedef {import("playwright-core").Page} Page */

/** Collects the events the page would tell whoever embeds it. @param {Page} page */
async function listen(page) {
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { watch } = await import(new URL("bridge/watch.js", document.baseURI).href);
    const events = /** @type {any[]} */ ([]);
    Object.assign(globalThis, { events });
    watch(store, (/** @type {any} */ event) => events.push(event));
  });
  /** @returns {Promise<any[]>} */
  return async () => {
    const events = await page.evaluate(() =>
      Reflect.get(globalThis, "events")
        .filter((/** @type {any} */ { type }) => type === "selection" || type === "click")
        .map((/** @type {any} */ event) => ({ ...event, cells: event.cells && [...event.cells] })),
    );
    return events;
  };
}

/** Draws through corners, in pixels of the plot. @param {Page} page @param {Array<[number, number]>} corners */
async function draw(page, corners) {
  const { left, top } = await seen(page);
  const [[x, y] = [0, 0], ...rest] = corners;
  await page.mouse.move(left + x, top + y);
  await page.mouse.down();
  for (const [u, v] of rest) await page.mouse.move(left + u, top + v);
  await page.mouse.up();
}

/** What Python finds in an outline. @param {Page} page @param {Array<[number, number]>} outline @param {string} [key] @returns {Promise<number[]>} */
async function truth(page, outline, key = "X_umap") {
  const { matrix, width, height } = await seen(page);
  return python(SAMPLE, "inside", JSON.stringify({ key, matrix, width, height, outline }));
}

const both = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a.filter((cell) => b.includes(cell));

test("lasso: new, added, taken out, kept in common, by modifier and by button; each step an event, taken back and done again", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const events = await listen(page);
  await page.getByRole("button", { name: "Lasso (L)" }).click();
  /** @type {Array<[number, number]>} */
  const one = [
    [200, 150],
    [460, 180],
    [430, 330],
    [300, 420],
    [180, 300],
  ];
  /** @type {Array<[number, number]>} */
  const two = [
    [350, 200],
    [560, 210],
    [600, 460],
    [380, 480],
  ];
  const [first, second] = [await truth(page, one), await truth(page, two)];
  assert.ok(first.length > 100 && second.length > 100 && both(first, second).length > 10);
  await draw(page, one);
  assert.deepEqual(await selected(page), first);
  assert.match(await text(page.locator("#chosen")), new RegExp(`^${first.length.toLocaleString("en-US")} selected`));
  await page.keyboard.down("Shift");
  await draw(page, two);
  await page.keyboard.up("Shift");
  const sum = [...new Set([...first, ...second])].sort((a, b) => a - b);
  assert.deepEqual(await selected(page), sum);
  await shoot(page, "lasso");
  await page.keyboard.down("Alt");
  await draw(page, one);
  await page.keyboard.up("Alt");
  const rest = second.filter((cell) => !first.includes(cell));
  assert.deepEqual(await selected(page), rest);
  await page.getByRole("button", { name: "Undo" }).click();
  assert.deepEqual(await selected(page), sum);
  await page.getByRole("button", { name: "Redo" }).click();
  await page.locator("#plot").focus();
  await page.keyboard.press("Control+z");
  await page.getByRole("button", { name: "Keep only what is in both (Shift and Alt)" }).click();
  await draw(page, one);
  assert.deepEqual(await selected(page), first);
  await page.getByRole("button", { name: "Take out of the selection (Alt or Ctrl)" }).click();
  await draw(page, two);
  assert.deepEqual(
    await selected(page),
    first.filter((cell) => !second.includes(cell)),
  );
  const told = await events();
  assert.deepEqual(
    told.map(({ type, source }) => `${type} ${source}`),
    Array(8).fill("selection lasso"),
  );
  assert.deepEqual(
    told.map(({ cells }) => cells.length),
    [first, sum, rest, sum, rest, sum, first, await selected(page)].map(({ length }) => length),
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a hand that is faster than the page: the corners it passed between two frames are kept", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.getByRole("button", { name: "Lasso (L)" }).click();
  /** @type {Array<[number, number]>} */
  const outline = [
    [180, 150],
    [470, 170],
    [440, 430],
    [200, 410],
  ];
  const { left, top } = await seen(page);
  const corners = outline.map(([x, y]) => ({ clientX: left + x, clientY: top + y }));
  await page.evaluate(() => {
    addEventListener("pointerdown", ({ pointerId }) => Object.assign(globalThis, { pointerId }), { capture: true });
  });
  await page.mouse.move(corners[0]?.clientX ?? 0, corners[0]?.clientY ?? 0);
  await page.mouse.down();
  // One event for all of the way, as browsers send it when they had no time for more; it ends where it began.
  await page.evaluate((way) => {
    const pointerId = Reflect.get(globalThis, "pointerId");
    const coalescedEvents = way.map((at) => new PointerEvent("pointermove", { pointerId, ...at }));
    document
      .querySelector("#plot")
      ?.dispatchEvent(new PointerEvent("pointermove", { pointerId, ...way[0], coalescedEvents, buttons: 1 }));
  }, corners);
  await page.mouse.up();
  const wanted = await truth(page, outline);
  assert.ok(wanted.length > 300);
  assert.deepEqual(await selected(page), wanted);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the lasso in 3D, a hidden category left alone, and its twin on the keyboard", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.getByRole("button", { name: "3D" }).click();
  await page.locator('#plot[aria-label*="in 3D"]').waitFor();
  await rested(page);
  await patch(page, { tool: "lasso" });
  /** @type {Array<[number, number]>} */
  const outline = [
    [200, 200],
    [520, 180],
    [560, 420],
    [330, 520],
  ];
  const kinds = python(SAMPLE, "obs", "cell_type");
  await page.locator(".categories input[type=checkbox]").nth(2).uncheck();
  const found = (await truth(page, outline, "X_umap_3d")).filter((cell) => kinds.cells[cell] !== kinds.labels[2]);
  assert.ok(found.length > 100);
  await draw(page, outline);
  assert.deepEqual(await selected(page), found);

  // Corners are set in the middle, with Space; the plot moves beneath it.
  await page.getByRole("button", { name: "2D", exact: true }).click();
  await page.locator('#plot[aria-label*="in 2D"]').waitFor();
  await rested(page);
  await page.locator("#plot").focus();
  await page.keyboard.press("Escape");
  assert.deepEqual(await selected(page), []);
  await page.keyboard.press("l");
  const press = async (/** @type {string[]} */ ...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const corners = [];
  for (const way of [["ArrowLeft", "ArrowUp"], ["ArrowRight"], ["ArrowDown"], ["ArrowLeft"]]) {
    for (const key of way) for (let step = 0; step < 14; step++) await press(key);
    await press(" ");
    corners.push((await state(page, "camera")).target);
  }
  assert.deepEqual(await state(page, "outline"), corners);
  await shoot(page, "lasso-by-keyboard");
  const view = await seen(page);
  const shape = corners.map(([x, y]) => {
    const [a = 0, b = 0, e = 0, f = 0] = [view.matrix[0], view.matrix[5], view.matrix[12], view.matrix[13]];
    return /** @type {[number, number]} */ ([((a * x + e + 1) * view.width) / 2, ((1 - b * y - f) * view.height) / 2]);
  });
  const wanted = (await truth(page, shape)).filter((cell) => kinds.cells[cell] !== kinds.labels[2]);
  assert.ok(wanted.length > 50);
  await press("Enter");
  assert.deepEqual(await selected(page), wanted);
  assert.deepEqual(await state(page, "outline"), []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("rectangle, everything in view, everything, the others", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const events = await listen(page);
  await page.locator("#plot").focus();
  await page.keyboard.press("r");
  assert.equal(await state(page, "tool"), "rectangle");
  const found = await truth(page, [
    [150, 120],
    [420, 120],
    [420, 400],
    [150, 400],
  ]);
  await draw(page, [
    [150, 120],
    [300, 500],
    [420, 400],
  ]);
  assert.deepEqual(await selected(page), found);
  await page.keyboard.press("i");
  const others = [...Array(5000).keys()].filter((cell) => !found.includes(cell));
  assert.deepEqual(await selected(page), others);
  await page.keyboard.press("Control+a");
  assert.equal((await selected(page)).length, 5000);
  for (let step = 0; step < 4; step++) await page.keyboard.press("+");
  const { width, height } = await seen(page);
  const inView = await truth(page, [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ]);
  assert.ok(inView.length > 50 && inView.length < 4000);
  await page.keyboard.press("a");
  assert.deepEqual(await selected(page), inView);
  await page.keyboard.press("Escape");
  const told = await events();
  assert.deepEqual(
    told.map(({ source }) => source),
    ["rectangle", "invert", "all", "view", "clear"],
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a click selects a cell, with Ctrl it is put in and taken out; Enter does it for the cell in the middle", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const events = await listen(page);
  const { cell, x, y } = await lonely(page);
  const has = async (/** @type {number[]} */ cells) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return JSON.stringify([...(store.state.selection?.cells ?? [])]) === JSON.stringify(cells);
  };
  await page.mouse.click(x, y);
  await until(
    page,
    async () => Reflect.get(globalThis, "events").some((/** @type {any} */ { type }) => type === "click"),
    null,
    "it is clicked",
  );
  assert.deepEqual(await selected(page), [], "moving is not selecting");
  await page.keyboard.down("Control");
  await page.mouse.click(x, y);
  await until(page, has, [cell], "it is selected");
  await page.mouse.click(x, y);
  await page.keyboard.up("Control");
  await until(page, has, [], "it is not selected any more");
  await patch(page, { tool: "lasso" });
  await page.mouse.click(x, y);
  await until(page, has, [cell], "it is selected");
  // The cell moves into the middle, and Enter takes it from there.
  await page.keyboard.press("Escape");
  await page.evaluate(async (at) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { points, camera } = store.state;
    const [left, top] = points.drawn.subarray(at * 2, at * 2 + 2);
    store.patch({ camera: { ...camera, target: [left, top, 0] }, selection: null });
  }, cell);
  await rested(page);
  await page.locator("#plot").focus();
  await page.keyboard.press("Enter");
  await until(page, has, [cell], "it is selected from the keyboard");
  const told = await events();
  const clicks = told.filter(({ type }) => type === "click").map((event) => event.cell);
  assert.deepEqual(clicks, Array(5).fill(cell));
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("neighbours along the graph, from a click and from the keyboard; all neighbours of a selection", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const events = await listen(page);
  const { cell, x, y } = await lonely(page);
  await page.getByRole("button", { name: "Neighbours (N)" }).click();
  await type(page.getByLabel("How many neighbours"), "120");
  const wanted = python(SAMPLE, "near", JSON.stringify({ cell, most: 120 }));
  assert.equal(wanted.length, 120);
  await page.mouse.click(x, y);
  const ready = async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return (store.state.selection?.cells.length ?? 0) > 0 && !store.state.busy.length;
  };
  await until(page, ready, null, "neighbours are selected");
  assert.deepEqual(await selected(page), wanted);
  await shoot(page, "neighbours");
  assert.equal((await events()).at(-1).source, "knn");
  await patch(page, { selection: null, near: 13 });
  await page.evaluate(async (at) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { points, camera } = store.state;
    store.patch({ camera: { ...camera, target: [...points.drawn.subarray(at * 2, at * 2 + 2), 0] } });
  }, cell);
  await rested(page);
  await page.locator("#plot").focus();
  await page.keyboard.press("n");
  await page.keyboard.press("Enter");
  await until(page, ready, null, "neighbours are selected");
  const few = python(SAMPLE, "near", JSON.stringify({ cell, most: 13 }));
  assert.deepEqual(await selected(page), few);
  await page.getByRole("tab", { name: "Cells" }).click();
  await page.getByRole("button", { name: "Add neighbours" }).click();
  const more = async (/** @type {number} */ than) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.selection.cells.length > than;
  };
  await until(page, more, few.length, "the selection has grown");
  const grown = new Set();
  for (const one of few)
    for (const other of python(SAMPLE, "near", JSON.stringify({ cell: one, most: 5000, rings: 1 }))) grown.add(other);
  assert.deepEqual(
    await selected(page),
    [...grown].sort((a, b) => a - b),
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("from the legend: a category, a range of numbers; kept as groups with what they are made of", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const events = await listen(page);
  const kinds = python(SAMPLE, "obs", "cell_type");
  const of = (/** @type {string} */ label) =>
    kinds.cells.flatMap((/** @type {string} */ kind, /** @type {number} */ cell) => (kind === label ? [cell] : []));
  const [one, two] = [kinds.labels[4], kinds.labels[7]];
  const row = page.locator(".categories li").nth(4);
  await row.hover();
  await row.getByRole("button", { name: `Select ${one}` }).click();
  assert.deepEqual(await selected(page), of(one));
  await page.locator(".categories input[type=checkbox]").nth(7).focus();
  await page.keyboard.press("Shift+S");
  assert.deepEqual(
    await selected(page),
    [...of(one), ...of(two)].sort((a, b) => a - b),
  );
  await page.getByRole("tab", { name: "Cells" }).click();
  await page.getByLabel("Name of the group").fill("Two kinds");
  await page.getByLabel("Name of the group").press("Enter");
  const [group] = await state(page, "highlights");
  assert.deepEqual([group.label, group.type, group.cells], ["Two kinds", "annotation", await selected(page)]);
  const parts = page.locator("[aria-label='Selected cells'] .parts li");
  const shown = await parts.evaluateAll((rows) =>
    rows.map((one) => [
      one.querySelector(".name")?.textContent,
      Number(one.querySelector(".number")?.textContent?.replace(",", "")),
    ]),
  );
  assert.deepEqual(
    new Map(/** @type {any} */ (shown)),
    new Map([
      [one, of(one).length],
      [two, of(two).length],
    ]),
  );
  await shoot(page, "groups");

  await page.getByRole("tab", { name: "Legend" }).click();
  await choose(page, "n_counts");
  const counts = python(SAMPLE, "obs", "n_counts");
  const middle = [...counts].sort((a, b) => a - b)[2500];
  await type(page.getByLabel("Lower end of the colours, as a number"), String(middle));
  await type(page.getByLabel("Upper end of the colours, as a number"), "1e9");
  await page.getByRole("button", { name: "Select these cells" }).click();
  assert.deepEqual(
    await selected(page),
    counts.flatMap((/** @type {number} */ value, /** @type {number} */ cell) => (value >= middle ? [cell] : [])),
  );
  await page.getByRole("tab", { name: "Cells" }).click();
  await page.getByRole("button", { name: "Select its cells: Two kinds" }).click();
  assert.deepEqual(await selected(page), group.cells);
  await page.getByRole("button", { name: "Remove the group: Two kinds" }).click();
  await becomes(page, "highlights", []);
  const told = await events();
  assert.deepEqual(
    told.map(({ source }) => source),
    ["annotation", "annotation", "range", "group"],
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});
