/** Steps that tests of the scatter plot take: opened with two fields, what is dragged in it, and what Python says of the same. */
import { python } from "./browser.js";
import { SAMPLE } from "./shown.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ cells: number, pearson: number, spearman: number, zeros: number[], ends: Array<[number, number]>, inside: number[] }} Truth */

/** @param {Record<string, unknown>} asked @returns {Truth} */
export const truth = (asked) => python(SAMPLE, "against", JSON.stringify(asked));

/** @param {Page} page */
export const panel = (page) => page.getByRole("region", { name: "Scatter plot" });

/** Opens it with two fields, by keyboard. @param {Page} page @param {string} x @param {string} y */
export async function open(page, x, y) {
  await page.getByRole("button", { name: "Scatter plot…" }).press("Enter");
  for (const [side, name] of [
    ["X", x],
    ["Y", y],
  ]) {
    const input = panel(page).getByLabel(`${side}: field or gene`);
    await input.fill(String(name));
    await input.press("Tab");
  }
  await drawn(page, x, y);
}

/** @param {Page} page @param {string} x @param {string} y */
export async function drawn(page, x, y) {
  await panel(page)
    .getByRole("img", { name: new RegExp(`across ${x} from .*, up ${y} from .*Spearman`, "i") })
    .waitFor();
  await panel(page).locator("canvas[data-drawn]").waitFor();
}

/**
 * A drag within the plot, between shares of its sides.
 *
 * @param {Page} page @param {Array<[number, number]>} way @param {string} [key] held
 * @returns {Promise<Array<[number, number]>>} the shares that it went by: a mouse is at whole pixels
 */
export async function drag(page, way, key) {
  const { x = 0, y = 0, width = 1, height = 1 } = (await panel(page).locator("canvas").boundingBox()) ?? {};
  if (key) await page.keyboard.down(key);
  /** @type {Array<[number, number]>} */
  const gone = [];
  for (const [step, [u, v]] of way.entries()) {
    const [left, top] = [Math.round(x + u * width), Math.round(y + (1 - v) * height)];
    await page.mouse.move(left, top);
    if (!step) await page.mouse.down();
    gone.push([(left - x) / width, 1 - (top - y) / height]);
  }
  await page.mouse.up();
  if (key) await page.keyboard.up(key);
  return gone;
}

/** The ranges that are written. @param {Page} page @returns {Promise<Array<[number, number]>>} */
export async function ranges(page) {
  const one = async (/** @type {string} */ side) =>
    /** @type {[number, number]} */ (
      await Promise.all(
        ["least", "greatest"].map(async (end) => Number(await panel(page).getByLabel(`${side}: ${end}`).inputValue())),
      )
    );
  return [await one("X"), await one("Y")];
}
