/**
 * Tasks of the page's main thread above 50 ms with a million cells, as Chromium tells them, step by step: what people do first, then once more.
 *
 *     node bench/tasks.js [processor|card] [--times 3]
 *
 * With what `./check large module` makes. Prints a table for doc/SPEED.md; run it on an otherwise idle machine.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { coloured, launch, ROOT, rested, serve, visit } from "../tests/page/browser.js";
import { choose, idle } from "../tests/page/shown.js";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { times: { type: "string", default: "3" } } });
const drawing = positionals[0] === "card" ? "card" : "processor";

/** @typedef {import("playwright-core").Page} Page */
/** @type {Array<[what: string, act: (page: Page) => Promise<unknown>]>} */
const STEPS = [
  ["first hover", (page) => page.locator("#plot").hover()],
  ["a gene", (page) => choose(page, "Gene00003")],
  ["another gene", (page) => choose(page, "Gene00007")],
  ["a column of numbers", (page) => choose(page, "n_counts")],
  ["a column of categories", (page) => choose(page, "cell_type")],
  [
    "zooming in and out",
    async (page) => {
      await page.locator("#plot").focus();
      for (const key of ["+", "+", "-", "-"]) await page.keyboard.press(key);
    },
  ],
  ["saving's dialog", (page) => dialog(page, "Save…")],
  [
    "a rectangle",
    async (page) => {
      await page.locator("#plot").focus();
      await page.keyboard.press("r");
      const box = await page.locator("#plot").boundingBox();
      const at = (/** @type {number} */ x, /** @type {number} */ y) =>
        /** @type {const} */ ([(box?.x ?? 0) + x * (box?.width ?? 0), (box?.y ?? 0) + y * (box?.height ?? 0)]);
      await page.mouse.move(...at(0.3, 0.35));
      await page.mouse.down();
      await page.mouse.move(...at(0.6, 0.7), { steps: 6 });
      await page.mouse.up();
      await page.waitForFunction(async () => {
        const { store } = await import(new URL("main.js", document.baseURI).href);
        return store.state.selection !== null;
      });
    },
  ],
];

/** @param {Page} page @param {string} name */
async function dialog(page, name) {
  await page.getByRole("button", { name, exact: true }).click();
  await page.keyboard.press("Escape");
}

const server = await serve(resolve(ROOT, "build/bench"));
const browser = await launch();
/** Durations of each step, a list for each time. @type {Map<string, number[][]>} */
const found = new Map();
try {
  for (let time = 0; time < Number(values.times); time++) {
    const { page } = await visit(browser, server.url, { viewport: { width: 1100, height: 640 } }, drawing);
    await page.evaluate(() => {
      /** @type {number[]} */
      const tasks = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: "longtask",
      });
    });
    /** @param {string} what @param {(page: Page) => Promise<unknown>} act */
    const watched = async (what, act) => {
      await act(page);
      await idle(page);
      await rested(page);
      const tasks = await page.evaluate(async () => {
        // Long tasks are told after they have ended.
        await new Promise((next) => setTimeout(next, 300));
        return Reflect.get(globalThis, "tasks").splice(0);
      });
      found.set(what, [...(found.get(what) ?? []), tasks]);
    };
    await watched("opening", async () => {
      const address = new URL("data/1000000x10_csc_gzip.h5ad", server.url).href;
      await page.getByPlaceholder("https://").fill(address);
      await page.getByRole("button", { name: "Open", exact: true }).click();
      await coloured(page, "cell_type");
    });
    for (const [what, act] of STEPS) await watched(what, act);
    await page.context().close();
  }
} finally {
  await browser.close();
  server.stop();
}
console.log(`Drawn by the ${drawing === "card" ? "card" : "processor"}, ms of each task above 50, visit by visit:\n`);
console.log("| | long tasks |\n| --- | --- |");
for (const [what, times] of found) {
  const said = times.map((tasks) => tasks.map((ms) => ms.toFixed(0)).join(", ") || "none");
  console.log(`| ${what} | ${said.every((one) => one === "none") ? "none" : said.join("; ")} |`);
}
