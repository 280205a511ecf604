/** A million cells: what is sent to the graphics card, how much is drawn while the plot moves, which cell is picked, which lie in a rectangle. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { before, test } from "node:test";
import { coloured, python, ROOT, rested, shoot, until, visit } from "./browser.js";
import { choose, patch, seen, selected, stage } from "./shown.js";

const CELLS = 1_000_000;
const FILE = resolve(ROOT, "build/bench/1000000x10_csc_gzip.h5ad");

const here = stage(resolve(ROOT, "build/bench"));
before(() => {
  assert.ok(existsSync(FILE), "build/bench is not there: ./check large makes it");
});

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ bytes: number, palette: number, draws: number[] }} Tally bytes of cells and of palettes sent, points of each draw */

/** Counts from now on; each call gives what came since the last. @param {Page} page @returns {Promise<() => Promise<Tally>>} */
async function counting(page) {
  await page.evaluate(() => {
    const { prototype } = WebGL2RenderingContext;
    const tally = { bytes: 0, palette: 0, draws: /** @type {number[]} */ ([]) };
    Object.assign(globalThis, { tally });
    const { bufferData, texImage2D, drawElements } = prototype;
    prototype.bufferData = function (/** @type {any[]} */ ...given) {
      tally.bytes += typeof given[1] === "number" ? 0 : (given[1]?.byteLength ?? 0);
      return bufferData.apply(this, /** @type {any} */ (given));
    };
    prototype.texImage2D = function (/** @type {any[]} */ ...given) {
      tally.palette += given.at(-1)?.byteLength ?? 0;
      return texImage2D.apply(this, /** @type {any} */ (given));
    };
    prototype.drawElements = function (mode, many, type, offset) {
      tally.draws.push(many);
      return drawElements.call(this, mode, many, type, offset);
    };
  });
  return () =>
    page.evaluate(() => {
      const tally = Reflect.get(globalThis, "tally");
      const now = structuredClone(tally);
      Object.assign(tally, { bytes: 0, palette: 0, draws: [] });
      return now;
    });
}

/** Of the cells that lie outermost in many directions, the one with most room: it, and where it is once everything is in sight. @param {Page} page */
function outermost(page) {
  return page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { drawn } = store.state.points;
    const count = drawn.length / 2;
    const found = new Set(
      Array.from({ length: 24 }, (_, at) => {
        const [x, y] = [Math.cos((at * Math.PI) / 12), Math.sin((at * Math.PI) / 12)];
        let [best, most] = [0, -Infinity];
        for (let cell = 0; cell < count; cell++) {
          const far = x * drawn[2 * cell] + y * drawn[2 * cell + 1];
          if (far > most) [best, most] = [cell, far];
        }
        return best;
      }),
    );
    let [lonely, room] = [0, 0];
    for (const cell of found) {
      let least = Infinity;
      for (let other = 0; other < count; other++) {
        const away = Math.hypot(drawn[2 * other] - drawn[2 * cell], drawn[2 * other + 1] - drawn[2 * cell + 1]);
        if (other !== cell && away < least) least = away;
      }
      if (least > room) [lonely, room] = [cell, least];
    }
    return { cell: lonely, place: [drawn[2 * lonely], drawn[2 * lonely + 1]] };
  });
}

test("a million cells are drawn, coloured, moved, picked and enclosed", { timeout: 580_000 }, async () => {
  // By the card, as on most people's computers: what the processor draws is looked at towards the end.
  const { page, errors } = await visit(here.browser, `${here.server.url}?url=data/1000000x10_csc_gzip.h5ad`, {
    viewport: { width: 1100, height: 640 },
  });
  await coloured(page, "cell_type");
  const tally = await counting(page);

  // Numbers: two bytes per cell and a palette. A category hidden: the palette alone.
  await choose(page, "n_counts");
  const numbers = await tally();
  assert.equal(numbers.bytes, 2 * CELLS);
  assert.ok(numbers.palette > 0 && numbers.palette <= 2048, `${numbers.palette} bytes of palette`);
  assert.deepEqual([...new Set(numbers.draws)], [CELLS]);
  await choose(page, "cell_type");
  assert.equal((await tally()).bytes, 2 * CELLS);
  await page.locator(".categories input[type=checkbox]").first().uncheck();
  await rested(page);
  const hidden = await tally();
  assert.deepEqual([hidden.bytes, hidden.palette], [0, 1024]);
  await page.locator(".categories input[type=checkbox]").first().check();
  await rested(page);
  await tally();

  // While it moves a part is drawn, the beginning of a shuffled order; at rest all of it. Nothing is sent.
  await page.locator("#plot").focus();
  await page.keyboard.press("+");
  await page.keyboard.press("-");
  await rested(page);
  const moved = await tally();
  assert.deepEqual([moved.bytes, moved.palette], [0, 0]);
  assert.equal(moved.draws.at(-1), CELLS);
  assert.ok(Number(moved.draws[0]) < CELLS / 2, `${moved.draws[0]} points in the first frame of a movement`);
  await shoot(page, "million");

  // The cell that lies alone is the one picked, among all that there are.
  const { cell, place } = await outermost(page);
  await patch(page, { camera: null });
  const near = {
    ...(await page.evaluate(async () => (await import(new URL("main.js", document.baseURI).href)).store.state.camera)),
  };
  await patch(page, { camera: { ...near, target: [...place, 0], reach: near.reach / 30 } });
  await rested(page);
  const view = await seen(page);
  const [x, y] = [view.left + view.width / 2, view.top + view.height / 2];
  await page.mouse.move(x - 12, y);
  await page.mouse.move(x, y);
  const named = async (/** @type {number} */ wanted) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.hover?.cell === wanted;
  };
  await until(page, named, cell, `cell ${cell} is named`);
  // By the processor, too; which draws in several frames, and sends the card nothing at all, neither colours nor the picture.
  await patch(page, { drawing: "processor", hover: null });
  await rested(page);
  await tally();
  await choose(page, "n_counts");
  await choose(page, "cell_type");
  assert.deepEqual(await tally(), { bytes: 0, palette: 0, draws: [] });
  await page.mouse.move(x - 12, y);
  await page.mouse.move(x, y);
  await until(page, named, cell, `cell ${cell} is named by the processor`);
  await shoot(page, "million-own");
  await patch(page, { drawing: "card" });
  await rested(page);
  await patch(page, { camera: null });
  await rested(page);

  // A rectangle takes the very cells that NumPy finds in it; what is sent are their flags, one byte each.
  await tally();
  await page.locator("#plot").focus();
  await page.keyboard.press("r");
  const { left, top, width, height, matrix } = await seen(page);
  const [west, north, east, south] = [0.3 * width, 0.35 * height, 0.6 * width, 0.7 * height].map(Math.round);
  await page.mouse.move(left + Number(west), top + Number(north));
  await page.mouse.down();
  await page.mouse.move(left + Number(east), top + Number(south), { steps: 3 });
  await page.mouse.up();
  // Found a slice at a time, between frames.
  const taken = async () => (await import(new URL("main.js", document.baseURI).href)).store.state.selection !== null;
  await until(page, taken, null, "cells are selected");
  await rested(page);
  assert.equal((await tally()).bytes, CELLS);
  const outline = [
    [west, north],
    [east, north],
    [east, south],
    [west, south],
  ];
  const truth = python(FILE, "inside", JSON.stringify({ key: "X_umap", matrix, width, height, outline }));
  assert.ok(truth.length > 50_000, `${truth.length} cells`);
  const found = await selected(page);
  assert.equal(found.length, truth.length);
  assert.ok(found.every((one, at) => one === truth[at]));
  assert.deepEqual(errors, []);
  await page.context().close();
});
