/** Legend, filters, scores and what lies over the plot: each against what Python finds. */
import assert from "node:assert/strict";

import { test } from "node:test";
import { becomes, coloured, pixels, python, rested, shoot, text, type, until, values } from "./browser.js";
import { choose, idle, lonely, loseContext, patch, SAMPLE, sample, stage, state } from "./shown.js";

const here = stage();
/** @typedef {import("playwright-core").Page} Page */

/** How many pixels of the plot have a colour. @param {Page} page @param {string} hex */
async function painted(page, hex) {
  return page.evaluate(async (wanted) => {
    const canvas = document.querySelector("canvas");
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ theme: store.state.theme + 1 });
    return new Promise((done) => {
      canvas?.addEventListener(
        "drawn",
        () => {
          const copy = new OffscreenCanvas(canvas.width, canvas.height);
          const pen = copy.getContext("2d");
          pen?.drawImage(canvas, 0, 0);
          const { data } = pen?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
          const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(wanted.slice(at, at + 2), 16));
          let count = 0;
          for (let at = 0; at < data.length; at += 4) if (data[at] === r && data[at + 1] === g && data[at + 2] === b) count++;
          done(count);
        },
        { once: true },
      );
    });
  }, hex);
}

test("categories have the colours that the file gives them; another colour is chosen, and taken back", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const given = python(SAMPLE, "uns", "cell_type_colors");
  const shown = page.locator(".categories input[type=color]");
  assert.deepEqual(await shown.evaluateAll((inputs) => inputs.map((one) => Reflect.get(one, "value"))), given);
  assert.ok((await painted(page, given[6])) > 1000);
  await shown.nth(6).fill("#ff00ff");
  assert.ok((await painted(page, "#ff00ff")) > 1000);
  assert.equal(await painted(page, given[6]), 0);
  await page.getByRole("button", { name: "Reset colours" }).click();
  assert.ok((await painted(page, given[6])) > 1000);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("ramps: their colours, reversed, by the logarithm, between percentiles; zeros of a gene apart", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await choose(page, "CD3E");
  const zeros = python(SAMPLE, "var", "CD3E").filter((/** @type {number} */ value) => value === 0).length;
  assert.match(await text(page.locator("#legend-panel dl")), new RegExp(`Exactly zero${zeros.toLocaleString("en-US")} cells`));
  assert.ok((await painted(page, "#dcdee3")) > 5000, "zeros have a colour of their own");
  const one = await pixels(page);
  await page.getByLabel("Colours of the ramp").selectOption("viridis");
  await becomes(page, "ramp", { name: "viridis", reverse: false, log: false });
  const high = "#fde725";
  const before = await painted(page, high);
  await page.getByLabel("Reverse").check();
  const after = await painted(page, high);
  assert.ok(before > 0 && after !== before && (await painted(page, "#440154")) > 0, `${before} ${after}`);
  assert.notDeepEqual(await pixels(page), one);
  await page.getByLabel("Log").check();
  await page.getByRole("button", { name: "1–99 %" }).click();
  const sorted = python(SAMPLE, "var", "CD3E")
    .filter((/** @type {number} */ value) => value !== 0)
    .sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
  const at = (/** @type {number} */ share) => {
    const place = share * (sorted.length - 1);
    return sorted[Math.floor(place)] + (sorted[Math.ceil(place)] - sorted[Math.floor(place)]) * (place % 1);
  };
  const range = await state(page, "range");
  assert.ok(Math.abs(range[0] - at(0.01)) < 1e-6 && Math.abs(range[1] - at(0.99)) < 1e-6, `${range}`);
  await shoot(page, "ramp");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("several genes as a score: the values are those of NumPy; what is not there is said; recent fields come back", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.getByRole("button", { name: "Genes: sets, score, dot plot" }).click();
  await page.getByLabel("Names of genes").fill("CD3D, cd3e\nTRAC; nonsense");
  await page.getByText("3 genes; not in the dataset: nonsense").waitFor();
  await shoot(page, "score");
  await page.getByRole("button", { name: "Colour by the score" }).click();
  await coloured(page, "CD3D, CD3E, TRAC");
  const genes = ["CD3D", "CD3E", "TRAC"].map((gene) => python(SAMPLE, "var", gene));
  const truth = python(SAMPLE, "score", JSON.stringify({ genes: ["CD3D", "CD3E", "TRAC"] }));
  const drawn = await values(page);
  const off = Math.max(...drawn.map((value, cell) => Math.abs(Number(value) - truth[cell])));
  assert.ok(off < 1e-5 && new Set(drawn).size > 1000, `${off}`);
  assert.equal(genes.length, 3);
  await page.locator("#recent").getByRole("button", { name: "cell_type" }).click();
  await coloured(page, "cell_type");
  await page.locator("#recent").getByRole("button", { name: "CD3D, CD3E, TRAC" }).click();
  await coloured(page, "CD3D, CD3E, TRAC");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("filters: categories, a range and outliers add up; switched off and taken away; nothing left out can be selected", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const kinds = python(SAMPLE, "obs", "cell_type");
  const counts = python(SAMPLE, "obs", "n_counts");
  await page.locator(".categories input[type=checkbox]").nth(0).uncheck();
  await page.locator(".categories input[type=checkbox]").nth(5).uncheck();
  await page.getByRole("tab", { name: "Filters" }).click();
  await page.getByRole("button", { name: "Keep what the legend shows" }).click();
  const gone = [kinds.labels[0], kinds.labels[5]];
  const left = () =>
    page.evaluate(async () => {
      const { store } = await import(new URL("main.js", document.baseURI).href);
      const { filtered, dataset } = store.state;
      return Array.from({ length: dataset.cells }, (_, cell) => cell).filter((cell) => !filtered?.[cell]);
    });
  const every = [...Array(5000).keys()];
  const first = every.filter((cell) => !gone.includes(kinds.cells[cell]));
  assert.deepEqual(await left(), first);
  await rested(page);
  const grey = await pixels(page);
  await page.getByLabel("Cells left out stay as grey dots").uncheck();
  await rested(page);
  assert.ok((await pixels(page)).drawn < grey.drawn);

  await choose(page, "n_counts");
  await page.getByRole("button", { name: "By n_counts" }).click();
  const middle = [...counts].sort((a, b) => a - b)[3000];
  await type(page.getByLabel("From, n_counts"), String(middle));
  await type(page.getByLabel("To, n_counts"), "1000000000");
  const both = first.filter((cell) => counts[cell] >= middle);
  assert.deepEqual(await left(), both);
  await page.getByText(`${both.length.toLocaleString("en-US")} of 5,000 cells pass.`).waitFor();
  await shoot(page, "filters");
  await page.locator("#plot").focus();
  await page.keyboard.press("Control+a");
  assert.deepEqual((await state(page, "selection")).cells, both);
  await page.keyboard.press("Escape");
  await page.getByRole("checkbox", { name: "n_counts" }).uncheck();
  assert.deepEqual(await left(), first);
  await page.keyboard.press("Control+z");
  assert.deepEqual(await left(), both);

  await choose(page, "cell_type");
  await page.getByRole("button", { name: "Outliers" }).click();
  const three = async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.filters.length === 3;
  };
  await until(page, three, null, "the filter is there");
  const far = python(SAMPLE, "outliers", JSON.stringify({ by: "cell_type", most: 0.95 }));
  assert.ok(far.length > 100);
  assert.deepEqual(
    await left(),
    both.filter((cell) => !far.includes(cell)),
  );
  await page.getByRole("button", { name: "Remove all" }).click();
  assert.deepEqual(await left(), every);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("plots side by side share the camera; the cell under the pointer is the same in each; chosen columns are told", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await choose(page, "CD3E");
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByRole("button", { name: "Keep this colouring beside" }).click();
  await page.locator("#look").getByText("lineage").click();
  await until(
    page,
    async () => (await import(new URL("main.js", document.baseURI).href)).store.state.tips.length === 1,
    null,
    "the column is there",
  );
  await page.keyboard.press("Escape");
  await choose(page, "leiden");
  assert.deepEqual(await page.locator(".pane .name").allTextContents(), ["leiden", "CD3E"]);
  await rested(page);
  await shoot(page, "side-by-side");
  const both = await pixels(page);
  assert.ok(both.colours > 20, "categories and a ramp at once");

  // The same place in either plot is the same cell.
  const width = await page.locator("#plot").evaluate((canvas) => canvas.clientWidth);
  const at = await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { matrix, project } = await import(new URL("view/camera.js", document.baseURI).href);
    const canvas = document.querySelector("#plot");
    const frame = { width: Math.floor((canvas?.clientWidth ?? 0) / 2), height: canvas?.clientHeight ?? 0 };
    const { points, camera, dataset } = store.state;
    const view = matrix(camera, frame);
    const places = Array.from({ length: dataset.cells }, (_, cell) =>
      project(view, frame, points.drawn[2 * cell], points.drawn[2 * cell + 1], 0),
    );
    let [best, room] = [0, 0];
    for (const [cell, [x, y]] of places.entries()) {
      if (y < 90 || y > frame.height - 90) continue;
      let least = Infinity;
      for (const [other, [u, v]] of places.entries()) if (other !== cell) least = Math.min(least, Math.hypot(x - u, y - v));
      if (least > room) [best, room] = [cell, least];
    }
    const { left = 0, top = 0 } = canvas?.getBoundingClientRect() ?? {};
    const [x = 0, y = 0] = places[best] ?? [];
    return { cell: best, x: x + left, y: y + top };
  });
  const named = async (/** @type {number} */ wanted) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.hover?.cell === wanted;
  };
  for (const shift of [0, Math.floor(width / 2)]) {
    await page.mouse.move(at.x + shift - 15, at.y);
    await page.mouse.move(at.x + shift, at.y);
    await until(page, named, at.cell, `cell ${at.cell} is named`);
  }
  const tip = await text(page.locator("#tooltip"));
  assert.ok(tip.includes(`lineage${python(SAMPLE, "obs", "lineage").cells[at.cell]}`), tip);
  await page.getByRole("button", { name: "Swap CD3E with the first plot" }).click();
  assert.deepEqual(await page.locator(".pane .name").allTextContents(), ["CD3E", "leiden"]);
  await page.getByRole("button", { name: "Close the plot of leiden" }).click();
  await becomes(page, "panes", []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("lines between neighbours and a vector field, in 2D and 3D, over a lost context", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const plain = await pixels(page);
  await page.getByRole("button", { name: "How it is drawn" }).click();
  const look = page.locator("#look");
  await look.getByText("Lines between neighbours").click();
  await idle(page);
  await page.keyboard.press("Escape");
  await page.mouse.move(0, 0);
  await rested(page);
  let lines = await pixels(page);
  // What is there is drawn a moment later.
  for (let tries = 0; tries < 20 && lines.drawn <= 1.05 * plain.drawn; tries++) {
    await page.waitForTimeout(200);
    lines = await pixels(page);
  }
  assert.ok(lines.drawn > 1.05 * plain.drawn, `${lines.drawn} over ${plain.drawn}`);
  for (const style of ["streams", "arrows"]) {
    await patch(page, { edges: false, flow: { field: python(SAMPLE, "fields")[0], style } });
    await idle(page);
    await rested(page);
    const flow = await pixels(page);
    assert.ok(flow.drawn > 1.01 * plain.drawn, `${style}: ${flow.drawn} over ${plain.drawn}`);
    await shoot(page, style);
    if (style === "streams") continue;
    await loseContext(page);
    assert.deepEqual(await pixels(page), flow);
  }
  await patch(page, { flow: null, dimension: 3 });
  await page.locator('#plot[aria-label*="in 3D"]').waitFor();
  await rested(page);
  const solid = await pixels(page);
  await patch(page, { flow: { field: python(SAMPLE, "fields")[0], style: "arrows" } });
  await idle(page);
  await rested(page);
  assert.ok((await pixels(page)).drawn > 1.005 * solid.drawn);
  assert.deepEqual(errors, []);
  assert.ok((await lonely(page)).room > 0);
  await page.context().close();
});
