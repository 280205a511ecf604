/** Steps that several of the page's tests take: the sample drawn, its state, what cells lie where, what axe says. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before } from "node:test";
import { becomes, coloured, launch, ROOT, rested, serve, until, visit } from "./browser.js";

export const SAMPLE = resolve(ROOT, "www/sample/sample.h5ad");

/** @typedef {import("playwright-core").Page} Page */

/**
 * A browser and a server with a folder of data, for all tests of a file: there once the first of them begins, gone after the last.
 *
 * @param {string} [folder] @param {...string} more arguments of the server
 */
export function stage(folder = resolve(ROOT, "www/sample"), ...more) {
  const here = /** @type {{ browser: import("playwright-core").Browser, server: Awaited<ReturnType<typeof serve>> }} */ ({});
  before(async () => {
    here.browser = await launch();
    here.server = await serve(folder, ...more);
  });
  after(async () => {
    await here.browser?.close();
    here.server?.stop();
  });
  return here;
}

/**
 * The page with the sample drawn.
 *
 * @param {import("playwright-core").Browser} browser @param {{ url: string }} server
 * @param {import("playwright-core").BrowserContextOptions} [options] @param {string} [more] added to the address
 */
export async function sample(browser, server, options, more = "") {
  const visited = await visit(browser, `${server.url}?url=${encodeURIComponent("sample/sample.h5ad")}${more}`, options);
  await coloured(visited.page, "cell_type");
  return visited;
}

/** Colours by a field or gene, as a person does. @param {Page} page @param {string} name */
export async function choose(page, name) {
  const box = page.getByRole("searchbox", { name: "Find a field or gene" });
  await box.fill(name);
  await box.press("Enter");
  await coloured(page, name);
}

/** Waits until nothing is being read or computed. @param {Page} page */
export function idle(page) {
  const ask = async () => (await import(new URL("main.js", document.baseURI).href)).store.state.busy.length === 0;
  return until(page, ask, null, "nothing is under way");
}

/**
 * The graphics card takes the picture away, and gives it back.
 *
 * @param {Page} page @param {() => Promise<void>} [meanwhile] what is looked at without a picture
 */
export async function loseContext(page, meanwhile) {
  const context = "document.querySelector('#plot').getContext('webgl2')";
  await page.evaluate(`window.lose = ${context}.getExtension("WEBGL_lose_context"); window.lose.loseContext()`);
  await becomes(page, "graphics", "lost");
  await meanwhile?.();
  await page.evaluate("window.lose.restoreContext()");
  await becomes(page, "graphics", "ready");
  await rested(page);
}

/** One value of the state, as plain data. @param {Page | import("playwright-core").Frame} page @param {string} key @returns {Promise<any>} */
export function state(page, key) {
  return page.evaluate(async (name) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const plain = (/** @type {any} */ value) => {
      if (ArrayBuffer.isView(value)) return Array.from(/** @type {Uint8Array} */ (value));
      return value instanceof Set ? [...value] : value;
    };
    return JSON.parse(JSON.stringify(store.state[name], (_, value) => plain(value)) ?? "null");
  }, key);
}

/** @param {Page} page @param {Record<string, unknown>} change */
export function patch(page, change) {
  return page.evaluate(async (given) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch(given);
  }, change);
}

/** The selected cells. @param {Page} page @returns {Promise<number[]>} */
export async function selected(page) {
  return (await state(page, "selection"))?.cells ?? [];
}

/** How the first plot is seen: the matrix, its size, and where it lies in the window. @param {Page} page */
export function seen(page) {
  return page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { matrix } = await import(new URL("view/camera.js", document.baseURI).href);
    const { places } = await import(new URL("view/places.js", document.baseURI).href);
    const canvas = document.querySelector("#plot");
    const { left = 0, top = 0 } = canvas?.getBoundingClientRect() ?? {};
    const [{ width, height }] = places(1 + store.state.panes.length, canvas?.clientWidth ?? 0, canvas?.clientHeight ?? 0);
    return { matrix: [...matrix(store.state.camera, { width, height })], width, height, left, top };
  });
}

/** Where cells are on the screen, CSS pixels of the window, and how far each is from the next. @param {Page} page */
export function onScreen(page) {
  return page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { matrix, project } = await import(new URL("view/camera.js", document.baseURI).href);
    const canvas = document.querySelector("#plot");
    const frame = { width: canvas?.clientWidth ?? 0, height: canvas?.clientHeight ?? 0 };
    const { points, camera, dataset } = store.state;
    const view = matrix(camera, frame);
    const { left = 0, top = 0 } = canvas?.getBoundingClientRect() ?? {};
    /** @type {Array<[number, number]>} */
    const all = Array.from({ length: dataset.cells }, (_, cell) => {
      const at = cell * points.axes;
      return project(view, frame, points.drawn[at], points.drawn[at + 1], points.axes === 3 ? points.drawn[at + 2] : 0);
    });
    return all.map(([x, y], cell) => {
      let room = Infinity;
      for (const [other, [u, v]] of all.entries()) if (other !== cell) room = Math.min(room, Math.hypot(x - u, y - v));
      return { cell, x: x + left, y: y + top, room };
    });
  });
}

/** A cell with room around it, away from what lies over the plot. @param {Page} page */
export async function lonely(page) {
  const box = await page.locator("#plot").boundingBox();
  const free = (await onScreen(page)).filter(({ x, y }) => {
    return box && x > box.x + 20 && x < box.x + box.width - 20 && y > box.y + 80 && y < box.y + box.height - 80;
  });
  return free.reduce((best, one) => (one.room > best.room ? one : best));
}

const AXE = resolve(ROOT, "node_modules/axe-core/axe.min.js");

/** What axe has against the page as it is. @param {Page} page @returns {Promise<string[]>} */
export async function faults(page) {
  // By way of the debugger, which the page's policy does not bind.
  await page.evaluate(readFileSync(AXE, "utf8"));
  return page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, "axe").run(document, { resultTypes: ["violations"] });
    return violations.flatMap((/** @type {any} */ { id, help, nodes }) =>
      nodes.map((/** @type {any} */ { target, any }) => `${id} (${help}): ${target.join(" ")} ${any[0]?.message ?? ""}`),
    );
  });
}
