/**
 * Points on the screen: the page's renderer beside others, in fresh browsers, in turn. Without a graphics card the browser draws in
 * software, which is what is measured here: ratios, not speeds.
 *
 * @typedef {{ ms: number, told: number, sent: number, put: number }} Step time until the pixels are there, until the call returned; bytes sent
 * to the graphics driver, bytes of pictures put on a canvas
 * @typedef {object} Drawn
 * @property {Step} first
 * @property {Step} frame
 * @property {Step} recolour
 * @property {number} [card] bytes that recolouring sends to a graphics card, where the processor draws instead
 * @property {{ ms: number, found: number, wanted: number } | null} lasso
 * @property {number} pixels share of the canvas that is not ground
 */
import { launch } from "./browser.js";
import { serve } from "./serve.js";

/** Longest that one of them may take. */
const PATIENCE = 300_000;
export const RENDERERS = ["ours", "regl", "three"];

/**
 * Each of them once.
 *
 * @param {number} count of points @param {number} first which one begins
 * @param {(system: string, drawn: Drawn) => void} tell
 */
export async function drawing(count, first, tell) {
  const site = await serve("");
  try {
    for (let at = 0; at < RENDERERS.length; at++) {
      const name = RENDERERS[(at + first) % RENDERERS.length] ?? "";
      const { browser } = await launch(["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]);
      try {
        const page = await browser.newPage();
        await page.goto(`${site.url}/page/draw.html`);
        const fault = new Promise((_, fail) => page.once("pageerror", fail));
        const late = new Promise((_, fail) => setTimeout(fail, PATIENCE, new Error(`${name} did not draw in time`)).unref());
        const work = page.evaluate(
          ([name, count]) => /** @type {any} */ (globalThis).draw(name, count),
          /** @type {const} */ ([name, count]),
        );
        /** @type {Drawn} */
        const drawn = await Promise.race([work, fault, late]);
        check(name, drawn);
        tell(name, drawn);
      } finally {
        await browser.close();
      }
    }
  } finally {
    site.stop();
  }
}

/** @param {string} name @param {Drawn} drawn */
function check(name, { pixels, lasso }) {
  if (pixels < 0.05) throw new Error(`${name} drew next to nothing: ${pixels} of the canvas`);
  // A point on the very line may fall to either side.
  if (lasso && Math.abs(lasso.found - lasso.wanted) > 1e-3 * lasso.wanted) {
    throw new Error(`${name} selected ${lasso.found} points, not ${lasso.wanted}`);
  }
}
