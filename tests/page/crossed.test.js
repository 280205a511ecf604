/** The categories shown by those of another column: cells and parts against pandas, by keyboard, saved, in a narrow window. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { download, python, ROOT, shoot } from "./browser.js";
import { faults, SAMPLE, sample, stage } from "./shown.js";

const here = stage();

test("cells of each pair, parts of rows and columns, what is filtered left out", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  /** @type {{ index: string[], columns: string[], data: number[][] }} */
  const wanted = python(SAMPLE, "crossed", JSON.stringify({ rows: "cell_type", columns: "sample" }));
  await page.getByRole("button", { name: "By another field…" }).press("Enter");
  const box = page.getByRole("dialog", { name: "cell_type by another field" });
  await box.getByLabel("Columns").selectOption("sample");
  await box.locator("thead th", { hasText: wanted.columns[0] ?? "" }).waitFor();
  const shown = () =>
    box.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
  assert.deepEqual(await box.locator("thead th").allTextContents(), wanted.columns);
  assert.deepEqual(
    await shown(),
    wanted.index.map((name, row) => [name, ...(wanted.data[row] ?? []).map((count) => count.toLocaleString("en"))]),
  );
  await shoot(page, "crossed");

  const sums = wanted.data.map((row) => row.reduce((sum, count) => sum + count, 0));
  await box.getByLabel("Told as").selectOption("row");
  const part = (/** @type {number} */ count, /** @type {number} */ of) => `${((100 * count) / of).toFixed(1)} %`;
  assert.deepEqual(
    (await shown()).map(([, ...cells]) => cells),
    wanted.data.map((row, at) => row.map((count) => part(count, sums[at] ?? 1))),
  );
  await box.getByLabel("Told as").selectOption("column");
  const tall = wanted.columns.map((_, at) => wanted.data.reduce((sum, row) => sum + (row[at] ?? 0), 0));
  assert.deepEqual(
    (await shown()).map(([, ...cells]) => cells),
    wanted.data.map((row) => row.map((count, at) => part(count, tall[at] ?? 1))),
  );

  const table = await download(page, resolve(ROOT, "build/screenshots"), () =>
    box.getByRole("button", { name: "Save as CSV" }).click(),
  );
  const lines = readFileSync(table, "utf8").trim().split("\r\n");
  assert.deepEqual(lines, [
    ["cell_type", ...wanted.columns].join(","),
    ...wanted.index.map((name, row) => [name, ...(wanted.data[row] ?? [])].join(",")),
  ]);
  await page.keyboard.press("Escape");
  await box.waitFor({ state: "detached" });

  // Cells that a filter leaves out do not count.
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { fromLegend } = await import(new URL("filters.js", document.baseURI).href);
    store.patch({ hidden: new Set(store.state.colour.field.labels.keys().filter((/** @type {number} */ code) => code !== 2)) });
    fromLegend(store);
  });
  await page.getByRole("button", { name: "By another field…" }).click();
  await box.getByLabel("Columns").selectOption("sample");
  await box.locator("thead th", { hasText: wanted.columns[0] ?? "" }).waitFor();
  assert.deepEqual(
    (await shown()).map(([name]) => name),
    [wanted.index[2]],
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("in a narrow, dark window it fits", async () => {
  const { page, errors } = await sample(here.browser, here.server, {
    viewport: { width: 360, height: 640 },
    colorScheme: "dark",
  });
  await page.getByRole("button", { name: "Legend" }).click();
  await page.getByRole("button", { name: "By another field…" }).click();
  const box = page.getByRole("dialog", { name: "cell_type by another field" });
  await box.getByLabel("Columns").selectOption("leiden");
  await box.locator("tbody tr").first().waitFor();
  const { left, right, over } = await box.evaluate((one) => {
    const { left, right } = one.getBoundingClientRect();
    return { left, right, over: one.scrollWidth - one.clientWidth };
  });
  assert.ok(left >= 0 && right <= 360 && over <= 0, JSON.stringify({ left, right, over }));
  await shoot(page, "crossed-narrow");
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(errors, []);
  await page.context().close();
});
