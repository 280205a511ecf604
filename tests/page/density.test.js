/** Shading by density: what lies alone stays to be seen, what lies on each other blends; marks stay on top; it is kept in a link. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, coloured, launch, pixels, rested, shoot, visit } from "./browser.js";
import { loseContext, patch, sample, stage } from "./shown.js";

const here = stage();

/**
 * Two categories at three places: a crowd of the first with a tenth of the second mixed in, a single cell of the first, a single cell
 * of the second. What is drawn in the middle of each, 0 to 255.
 *
 * @param {import("playwright-core").Page} page
 */
async function made(page) {
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { points, colour, dataset } = store.state;
    const [drawn, codes] = [new Float32Array(2 * dataset.cells), new Uint8Array(dataset.cells)];
    for (let cell = 0; cell < dataset.cells; cell++) {
      codes[cell] = cell % 10 === 0 ? 1 : 0;
      // The crowd: all in one place; two cells apart from it, and two corners to span the plot.
      const place = { 0: [0.5, 0.5], 1: [-0.5, 0.5], 2: [-1, -1], 3: [1, 1] }[cell] ?? [0, 0];
      drawn.set(place, 2 * cell);
    }
    store.patch({ points: { ...points, drawn, coordinates: drawn }, colour: { ...colour, codes }, size: 3 });
  });
  await rested(page);
}

/** Colours of the plot at places of the data. @param {import("playwright-core").Page} page @returns {Promise<Array<[number, number, number]>>} */
async function seen(page) {
  await rested(page);
  const shot = (await page.screenshot()).toString("base64");
  return page.evaluate(async (source) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { matrix, project } = await import(new URL("view/camera.js", document.baseURI).href);
    const canvas = document.querySelector("#plot");
    const { left = 0, top = 0 } = canvas?.getBoundingClientRect() ?? {};
    const frame = { width: canvas?.clientWidth ?? 0, height: canvas?.clientHeight ?? 0 };
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(source), (letter) => letter.charCodeAt(0))]));
    const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
    pen?.drawImage(image, 0, 0);
    const view = matrix(store.state.camera, frame);
    return [
      [0, 0],
      [-0.5, 0.5],
      [0.5, 0.5],
      [0.5, -0.5],
    ].map(([x, y]) => {
      const [across = 0, down = 0] = project(view, frame, x, y, 0);
      return /** @type {[number, number, number]} */ (
        [...(pen?.getImageData(Math.round(across + left), Math.round(down + top), 1, 1).data ?? [])].slice(0, 3)
      );
    });
  }, shot);
}

/** @param {number[]} a @param {number[]} b */
const apart = (a, b) => Math.max(...a.map((band, at) => Math.abs(band - (b[at] ?? 0))));

test("a crowd is the mean of its colours, a cell alone is faint, a marked one is not; off again all is as before", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await made(page);
  const [crowd, first, second, ground] = await seen(page);
  assert.ok(crowd && first && second && ground);
  // Without: whichever is drawn last, hides all others.
  assert.ok(apart(crowd, first) < 3 || apart(crowd, second) < 3, `${crowd} ${first} ${second}`);
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByLabel("Shade by density").check();
  const [mixed, faint, , empty] = await seen(page);
  assert.ok(mixed && faint && empty);
  assert.deepEqual(empty, ground);
  const mean = first.map((band, at) => 0.9 * band + 0.1 * (second[at] ?? 0));
  assert.ok(apart(mixed, mean) <= 6, `${mixed} where the mean is ${mean}`);
  assert.ok(
    apart(faint, ground) > 8 && apart(faint, ground) < 0.6 * apart(first, ground),
    `${faint} between ${ground} and ${first}`,
  );
  await shoot(page, "density-made");
  // A mark is a mark.
  await patch(page, { selection: { cells: [1], source: "lasso" } });
  const [, marked] = await seen(page);
  assert.ok(marked && apart(marked, first) < 3, `${marked} ${first}`);
  await patch(page, { selection: null });
  await page.getByLabel("Shade by density").uncheck();
  assert.deepEqual(await seen(page), [crowd, first, second, ground]);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("in 2D, 3D, side by side and after a lost context; kept in the link", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const plain = await pixels(page);
  await patch(page, { density: true });
  await rested(page);
  const dense = await pixels(page);
  // Cells alone are faint, but there.
  assert.ok(dense.drawn > 0.6 * plain.drawn && dense.drawn < 1.1 * plain.drawn, `${dense.drawn} of ${plain.drawn} pixels`);
  await shoot(page, "density-2d");
  const before = await page.locator("#plot").screenshot();
  await loseContext(page);
  assert.ok(before.equals(await page.locator("#plot").screenshot()), "the same picture after the context came back");
  const link = await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const [{ capture }, { link }] = await Promise.all(
      ["capture.js", "restore.js"].map((name) => import(new URL(name, document.baseURI).href)),
    );
    return link(capture(store.state), new URL("sample/sample.h5ad", document.baseURI).href);
  });
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByRole("button", { name: "Keep this colouring beside" }).click();
  await page.keyboard.press("Escape");
  await rested(page);
  await shoot(page, "density-beside");
  await patch(page, { panes: [], dimension: 3 });
  await becomes(page, "busy", []);
  await rested(page);
  await shoot(page, "density-3d");
  assert.deepEqual(errors, []);
  await page.context().close();

  const other = await visit(here.browser, link, { colorScheme: "dark" });
  await coloured(other.page, "cell_type");
  await becomes(other.page, "density", true);
  await rested(other.page);
  await shoot(other.page, "density-dark");
  assert.deepEqual(other.errors, []);
  await other.page.context().close();
});

test("without WebGL the processor shades", async () => {
  const plain = await launch({ graphics: false });
  const { page, errors } = await sample(plain, here.server);
  await page.locator("#graphics").getByRole("button", { name: "Close" }).click();
  await made(page);
  await page.getByRole("button", { name: "How it is drawn" }).click();
  const [, alone, , ground] = await seen(page);
  await page.getByLabel("Shade by density").check();
  await becomes(page, "density", true);
  const [, faint, , empty] = await seen(page);
  assert.ok(alone && ground && faint && empty);
  assert.deepEqual(empty, ground);
  assert.ok(
    apart(faint, ground) > 8 && apart(faint, ground) < 0.6 * apart(alone, ground),
    `${faint} between ${ground} and ${alone}`,
  );
  await shoot(page, "density-plain");
  assert.deepEqual(errors, []);
  await plain.close();
});
