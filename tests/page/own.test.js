/**
 * The plot drawn by the processor, where WebGL is software or missing: chosen by itself there; the same pictures, the same cell under the
 * pointer, as the graphics card draws; nothing is sent to the card.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { becomes, coloured, download, launch, pixels, rested, shoot, until, visit } from "./browser.js";
import { choose, lonely, loseContext, patch, stage, state } from "./shown.js";

const here = stage();

/** @param {"auto" | "card" | "processor"} drawing @param {import("playwright-core").BrowserContextOptions} [options] */
async function sample(drawing, options) {
  const visited = await visit(
    here.browser,
    `${here.server.url}?url=${encodeURIComponent("sample/sample.h5ad")}`,
    options,
    drawing,
  );
  await coloured(visited.page, "cell_type");
  return visited;
}

/** Whether the processor draws now. @param {import("playwright-core").Page} page */
const own = (page) =>
  page.evaluate(async () => performance.getEntriesByName(new URL("view/plain.js", document.baseURI).href).length > 0);

/** The plot as the card and as the processor draw it. @param {import("playwright-core").Page} page @param {string} name */
async function both(page, name) {
  const shots = [];
  for (const drawing of ["card", "processor"]) {
    await patch(page, { drawing });
    await rested(page);
    shots.push(await page.locator("#plot").screenshot());
    await shoot(page, `own-${name}-${drawing}`);
  }
  return compare(page, shots);
}

/**
 * Two pictures: how far apart a band of a pixel is in the mean, the share of pixels that are clearly different, and the share that has
 * points on it at all.
 *
 * @param {import("playwright-core").Page} page @param {Buffer[]} shots
 */
function compare(page, shots) {
  const sources = shots.map((shot) => shot.toString("base64"));
  return page.evaluate(async (sources) => {
    const [a, b] = await Promise.all(
      sources.map(async (source) => {
        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(source), (letter) => letter.charCodeAt(0))]));
        const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
        pen?.drawImage(image, 0, 0);
        return pen?.getImageData(0, 0, image.width, image.height).data ?? new Uint8ClampedArray();
      }),
    );
    if (!a || !b || a.length !== b.length) throw new Error("pictures of different sizes");
    let [sum, far, drawn] = [0, 0, 0];
    for (let at = 0; at < a.length; at += 4) {
      let most = 0;
      for (let band = 0; band < 3; band++) {
        const gap = Math.abs(Number(a[at + band]) - Number(b[at + band]));
        sum += gap;
        most = Math.max(most, gap);
      }
      if (most > 48) far++;
      if (a[at] !== a[0] || a[at + 1] !== a[1] || a[at + 2] !== a[2]) drawn++;
    }
    return { mean: sum / (0.75 * a.length), far: far / (a.length / 4), drawn: drawn / (a.length / 4) };
  }, sources);
}

/**
 * Changes the state: the card and the processor draw it alike.
 *
 * @param {import("playwright-core").Page} page @param {string} name @param {Record<string, unknown>} change
 */
async function alike(page, name, change) {
  await patch(page, change);
  await becomes(page, "busy", []);
  const found = await both(page, name);
  // The driver rounds places within a pixel otherwise: a few rims differ, and which of two points at one depth is in front.
  if (process.env.TELL) console.log(name, JSON.stringify(found));
  assert.ok(found.drawn > 0.005 && found.mean < 1 && found.far < 0.004, `${name}: ${JSON.stringify(found)}`);
}

/**
 * Leaves out cells, and hides categories.
 *
 * @param {import("playwright-core").Page} page @param {number[] | null} filtered one per cell @param {number[]} hidden codes
 */
function leave(page, filtered, hidden) {
  return page.evaluate(
    async ({ filtered, hidden }) => {
      const { store } = await import(new URL("main.js", document.baseURI).href);
      store.patch({ filtered: filtered && Uint8Array.from(filtered), hidden: new Set(hidden) });
    },
    { filtered, hidden },
  );
}

test("where WebGL is software the processor draws, unless the person chooses the card; the choice is kept", async () => {
  const { page, errors } = await sample("auto");
  assert.equal(await own(page), true);
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByLabel("Drawn by").selectOption("card");
  await becomes(page, "drawing", "card");
  await page.reload();
  await coloured(page, "cell_type");
  assert.equal(await own(page), false);
  assert.equal(await state(page, "drawing"), "card");
  await page.getByRole("button", { name: "How it is drawn" }).click();
  assert.equal(await page.getByLabel("Drawn by").inputValue(), "card");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the same pictures: colours, marks, filters, lines, density, side by side, 2D and 3D", async () => {
  const { page, errors } = await sample("card");
  const cells = Number((await state(page, "dataset")).cells);
  const every = (/** @type {number} */ step, from = 0) =>
    Array.from({ length: Math.floor((cells - from) / step) }, (_, at) => from + at * step);
  const filtered = Array.from({ length: cells }, (_, cell) => (cell % 5 === 0 ? 1 : 0));
  const same = (/** @type {string} */ name, /** @type {Record<string, unknown>} */ change) => alike(page, name, change);
  const none = { selection: null, highlights: [], opacity: 1, size: 1, density: false, edges: false, flow: null, panes: [] };
  await same("plain", {});
  await same("marked", {
    selection: { cells: every(40), source: "lasso" },
    highlights: [{ id: "a", color: "#ff00ff", cells: every(60, 7) }],
  });
  await leave(page, filtered, [2]);
  await same("filtered", { opacity: 0.5, size: 2.5 });
  await same("density", { density: true });
  await leave(page, null, []);
  await same("lines", { ...none, edges: true, flow: { field: "velocity_umap", style: "streams" } });
  await same("hovered", { ...none, hover: { cell: 5, x: 10, y: 10 } });
  await choose(page, "n_counts");
  await same("ranked", { ...none, hover: null });
  await same("turned", { dimension: 3 });
  await same("turned-marked", { selection: { cells: every(40), source: "lasso" }, size: 2 });
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByRole("button", { name: "Keep this colouring beside" }).click();
  await page.keyboard.press("Escape");
  await same("beside", {});
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the same pictures of specks and of discs, seen through and left out, in 2D and 3D, on a fine screen", async () => {
  const { page, errors } = await sample("card", { deviceScaleFactor: 2 });
  const cells = Number((await state(page, "dataset")).cells);
  const ring = Array.from({ length: 50 }, (_, at) => 97 * at);
  const marks = {
    selection: { cells: ring, source: "lasso" },
    highlights: [{ id: "a", color: "#ff00ff", cells: ring.map((cell) => cell + 1) }],
    hover: { cell: 5, x: 1, y: 1 },
  };
  for (const dimension of [2, 3]) {
    await leave(page, null, []);
    await patch(page, { dimension, selection: null, highlights: [], hover: null });
    await page.locator(`#plot[aria-label*="in ${dimension}D"]`).waitFor();
    await alike(page, `specks-${dimension}`, { size: 0.35, opacity: 0.3 });
    await alike(page, `discs-${dimension}`, { size: 9, opacity: 0.3 });
    await leave(
      page,
      Array.from({ length: cells }, (_, cell) => (cell % 5 === 0 ? 1 : 0)),
      [1, 3],
    );
    await alike(page, `all-${dimension}`, { size: 4, opacity: 0.4, ...marks });
  }
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the same cell is named under the pointer; what becomes of the context is nothing to the processor", async () => {
  const { page, errors } = await sample("processor");
  const { cell, x, y } = await lonely(page);
  const named = async (/** @type {number} */ wanted) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.hover?.cell === wanted;
  };
  for (const drawing of ["card", "processor"]) {
    await patch(page, { drawing, hover: null });
    await rested(page);
    await page.mouse.move(x - 20, y);
    await page.mouse.move(x, y);
    await until(page, named, cell, `cell ${cell} is named by the ${drawing}`);
  }
  await page.mouse.move(5, 5);
  await patch(page, { hover: null, edges: true });
  await becomes(page, "busy", []);
  await rested(page);
  const plot = async () => {
    await rested(page);
    return page.locator("#plot").screenshot();
  };
  const before = await plot();
  const lose = "window.lose = document.querySelector('#plot').getContext('webgl2').getExtension('WEBGL_lose_context'); lose.";
  await page.evaluate(`${lose}loseContext()`);
  // Coloured anew and back while there is no context.
  await choose(page, "n_counts");
  assert.equal(await state(page, "graphics"), "ready");
  assert.ok(!before.equals(await plot()), "other colours");
  await choose(page, "cell_type");
  assert.ok(before.equals(await plot()), "the same picture without a context");
  await page.evaluate("lose.restoreContext()");
  assert.ok(before.equals(await plot()), "the same picture after the context came back");
  // And the card draws with the context that came back.
  await patch(page, { drawing: "card" });
  const card = await plot();
  await loseContext(page);
  assert.ok(card.equals(await plot()), "the same picture, lines and all, by the card after its context came back");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("nothing is sent to the card: not places, not colours, not the picture; and what is saved is what is seen", async () => {
  const { page, errors } = await sample("processor");
  await page.addInitScript(() => {
    const { prototype } = WebGL2RenderingContext;
    Object.assign(globalThis, { sent: 0 });
    for (const way of /** @type {const} */ (["bufferData", "bufferSubData", "texImage2D", "texSubImage2D"])) {
      const kept = /** @type {any} */ (prototype[way]);
      /** @type {any} */ (prototype)[way] = function (/** @type {any[]} */ ...given) {
        for (const one of given)
          if (ArrayBuffer.isView(one)) Reflect.set(globalThis, "sent", Reflect.get(globalThis, "sent") + one.byteLength);
        return kept.apply(this, given);
      };
    }
  });
  const sent = () => page.evaluate("globalThis.sent");
  await page.goto(`${here.server.url}?url=${encodeURIComponent("sample/sample.h5ad")}`);
  await coloured(page, "cell_type");
  for (const change of [
    { edges: true },
    { density: true },
    { flow: { field: "velocity_umap", style: "arrows" } },
    { density: false },
  ]) {
    await patch(page, change);
    await becomes(page, "busy", []);
    await rested(page);
  }
  await choose(page, "n_counts");
  assert.equal(await sent(), 0);
  // The same picture is saved as by the card.
  const folder = mkdtempSync(join(tmpdir(), "cellucid-"));
  const saved = async () => {
    await rested(page);
    await page.getByRole("button", { name: "Save…" }).click();
    const path = await download(page, folder, () =>
      page.locator("#save").getByRole("button", { name: "PNG", exact: true }).click(),
    );
    await page.keyboard.press("Escape");
    return readFileSync(path);
  };
  const mine = await saved();
  assert.equal(await sent(), 0);
  await patch(page, { drawing: "card" });
  await rested(page);
  assert.ok(Number(await sent()) > 0, "the card is sent what it draws");
  const found = await compare(page, [await saved(), mine]);
  assert.ok(found.drawn > 0.005 && found.mean < 1 && found.far < 0.004, JSON.stringify(found));
  rmSync(folder, { recursive: true });
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("without any WebGL the processor draws all cells, as the card does", async () => {
  const plain = await launch({ graphics: false });
  try {
    const shown = await visit(plain, `${here.server.url}?url=${encodeURIComponent("sample/sample.h5ad")}`);
    await coloured(shown.page, "cell_type");
    // The notice lies over the plot only where there is no WebGL.
    await shown.page.locator("#graphics").getByRole("button", { name: "Close" }).click();
    await rested(shown.page);
    const mine = await pixels(shown.page);
    const { page } = await sample("card");
    await rested(page);
    const card = await pixels(page);
    assert.ok(Math.abs(mine.drawn - card.drawn) < 0.1 * card.drawn, `${mine.drawn} pixels and ${card.drawn}`);
    assert.deepEqual(shown.errors, []);
    await page.context().close();
  } finally {
    await plain.close();
  }
});
