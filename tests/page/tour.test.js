/**
 * The run-through of doc/FIRST_STEPS.md, step by step as it is written there, and its pictures. They go to build/tour; to renew those
 * that are kept:
 *
 *     PICTURES=doc/first-steps node --test tests/page/tour.test.js
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { open, panel } from "./against.js";
import { becomes, coloured, FIREFOX, ROOT, rested, visit } from "./browser.js";
import { choose, idle, selected, stage } from "./shown.js";

const FOLDER = resolve(ROOT, process.env.PICTURES ?? "build/tour");

const here = stage();
/** @typedef {import("playwright-core").Page} Page */

test("a newcomer's first ten minutes", { timeout: 300_000 }, async () => {
  mkdirSync(FOLDER, { recursive: true });
  const { page, errors } = await visit(here.browser, here.server.url, { viewport: { width: 1200, height: 750 } });
  /** @type {string[]} */
  const taken = [];
  const picture = async (/** @type {string} */ name, /** @type {Page | import("playwright-core").Locator} */ part = page) => {
    taken.push(`${name}.jpg`);
    await part.screenshot({ path: resolve(FOLDER, `${name}.jpg`), type: "jpeg", quality: 56 });
  };

  // 1. Open
  await page.getByRole("button", { name: "Try the sample as .h5ad" }).waitFor();
  await picture("1-open");
  await page.getByRole("button", { name: "Try the sample as .h5ad" }).click();
  await coloured(page, "cell_type");

  // 2. Look
  await page.getByText("Names on the plot").click();
  await rested(page);
  await picture("2-look");

  // 3. Colour
  await choose(page, "CD3E");
  await page.getByText("Distribution by category").click();
  await page.locator(".spread tbody tr").first().waitFor();
  await picture("3-gene");
  await page.locator("#recent").getByRole("button", { name: "cell_type" }).click();
  await coloured(page, "cell_type");
  await open(page, "CD3E", "NKG7");
  await page.mouse.move(0, 0);
  await picture("3-scatter", panel(page));
  await panel(page).getByRole("button", { name: "Close the scatter plot" }).click();
  await rested(page);

  // 4. Select
  await page.getByRole("button", { name: "Lasso (L)" }).click();
  const { x = 0, y = 0, width = 0, height = 0 } = (await page.locator("#plot").boundingBox()) ?? {};
  const outline = [
    [0.1, 0.25],
    [0.28, 0.2],
    [0.36, 0.4],
    [0.33, 0.62],
    [0.2, 0.66],
    [0.1, 0.5],
  ];
  for (const [at, [u = 0, v = 0]] of outline.entries()) {
    await page.mouse.move(x + u * width, y + v * height, { steps: 4 });
    if (at === 0) await page.mouse.down();
  }
  await page.mouse.up();
  assert.ok((await selected(page)).length > 300);
  await page.getByRole("tab", { name: "Cells" }).click();
  await page.getByLabel("Name of the group").fill("T cells");
  await page.locator("#cells-panel .parts").first().waitFor();
  await picture("4-select");
  await page.getByRole("button", { name: "Keep", exact: true }).click();

  // 5. Compare
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByLabel("First group").selectOption({ label: "T cells" });
  await page.getByLabel("Second group").selectOption({ label: "All other cells" });
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator(".genes tbody tr").first().waitFor({ timeout: 120_000 });
  await idle(page);
  await picture("5-compare");
  // By the categories of what is coloured.
  await page.locator("#compare-panel").getByRole("button", { name: "Dot plot…" }).click();
  const figure = page.getByRole("dialog", { name: "Genes by category" });
  await figure.locator("tbody tr").first().waitFor();
  await figure.locator("td circle").first().waitFor();
  await picture("5-figure");
  await figure.getByRole("button", { name: "Close" }).click();

  // 6. Filter
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Legend" }).click();
  await page.locator("#plot").focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("v");
  const monocytes = page.locator(".categories li", { hasText: "CD14" });
  // Firefox's driver makes two clicks of a double click.
  if (FIREFOX) {
    await monocytes.hover();
    await monocytes.getByRole("button", { name: /^Show only/ }).click();
  } else await monocytes.dblclick({ position: { x: 120, y: 12 } });
  await page.getByRole("tab", { name: "Filters" }).click();
  await page.getByRole("button", { name: "Keep what the legend shows" }).click();
  await becomes(page, "hidden", []);
  await rested(page);
  await picture("6-filter");
  await page.getByRole("button", { name: "Remove all" }).click();

  // 7. Side by side, with the velocity
  await page.getByRole("tab", { name: "Legend" }).click();
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByRole("button", { name: "Keep this colouring beside" }).click();
  await page.getByLabel("Vector field", { exact: true }).selectOption("velocity_umap");
  await idle(page);
  await page.keyboard.press("Escape");
  await choose(page, "pseudotime");
  await page.mouse.move(0, 0);
  await rested(page);
  await picture("7-beside");

  // 8. Save
  await page.getByRole("button", { name: "Save…" }).click();
  await page.locator("#save").getByRole("button", { name: "PNG" }).waitFor();
  await picture("8-save");
  assert.deepEqual(errors, []);

  // The text shows these pictures, and they are light.
  const text = readFileSync(resolve(ROOT, "doc/FIRST_STEPS.md"), "utf8");
  const shown = [...text.matchAll(/\(first-steps\/([^)]+)\)/g)].map(([, name]) => name);
  assert.deepEqual(shown, taken);
  const bytes = taken.reduce((sum, name) => sum + statSync(resolve(ROOT, "doc/first-steps", name)).size, 0);
  assert.ok(bytes < 700_000, `the pictures take ${bytes} bytes`);
});
