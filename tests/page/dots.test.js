/** Over everything: a dot plot, genes by categories, against pandas, by keyboard, saved; the list of keys. Both clean for axe. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { coloured, download, python, ROOT, shoot } from "./browser.js";
import { SAMPLE, sample, stage } from "./shown.js";

const here = stage();
const GENES = ["CD3E", "NKG7", "LYZ", "MS4A1"];

/** What axe has against the page as it is. @param {import("playwright-core").Page} page @returns {Promise<string[]>} */
async function faults(page) {
  await page.evaluate(readFileSync(resolve(ROOT, "node_modules/axe-core/axe.min.js"), "utf8"));
  return page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, "axe").run(document, { resultTypes: ["violations"] });
    return violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes[0].target}`);
  });
}

test("means and shares of each gene in each category; coloured by one; saved as a table", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  // All by keyboard.
  await page.getByRole("button", { name: "Several genes: score, dot plot…" }).press("Enter");
  await page.getByLabel("Names of genes").fill(GENES.join("\n"));
  await page.getByRole("button", { name: "Dot plot…", exact: true }).press("Enter");
  const box = page.getByRole("dialog", { name: "Genes by category" });
  await box.locator("tbody tr").first().waitFor();
  assert.deepEqual(await box.locator("thead th").allTextContents(), GENES);
  const rows = await box
    .locator("tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
  /** @type {Map<string, Array<[string, number, number, number, number]>>} */
  const truth = new Map(GENES.map((gene) => [gene, python(SAMPLE, "spread", JSON.stringify({ gene, by: "cell_type" }))]));
  assert.equal(rows.length, 16);
  for (const [label, ...cells] of rows) {
    for (const [at, words] of cells.entries()) {
      const [, , mean = 0, , share = 0] = truth.get(GENES[at] ?? "")?.find(([name]) => name === label) ?? [];
      const [, told = "", part = ""] = words.match(/^mean (\S+), in (\d+) %$/) ?? [];
      assert.ok(Math.abs(Number(told) - mean) < 6e-4 * Math.max(1, mean), `${label} ${GENES[at]}: ${words}, ${mean}`);
      assert.equal(Number(part), Math.round(100 * share));
    }
  }
  // A dot is as large as its share: the largest of a gene is that of the category that has it most.
  const across = await box.locator("tbody tr td:nth-child(2) .dot").evaluateAll((all) => all.map((one) => one.clientWidth));
  const shares = rows.map(([, words = ""]) => Number(words.match(/(\d+) %/)?.[1]));
  assert.equal(across.indexOf(Math.max(...across)), shares.indexOf(Math.max(...shares)));
  await shoot(page, "dots");

  assert.deepEqual(await faults(page), []);

  await box.getByLabel("Each gene by its own range").check();
  await box.getByText("mean, each gene by its own range.").waitFor();
  const table = await download(page, resolve(ROOT, "build/screenshots"), () =>
    box.getByRole("button", { name: "Save as CSV" }).click(),
  );
  const lines = readFileSync(table, "utf8").trim().split("\r\n");
  assert.equal(lines[0], "gene,cell_type,cells,mean,share_above_zero");
  assert.equal(lines.length, 1 + 16 * GENES.length);
  await box.getByLabel("Categories").selectOption("lineage");
  await box.locator("tbody tr").nth(5).waitFor();
  await box.locator("tbody tr").nth(6).waitFor({ state: "detached" });

  await box.getByRole("button", { name: "LYZ" }).press("Enter");
  await coloured(page, "LYZ");
  assert.equal(await box.count(), 0);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the list of keys: by its key, by its button, not while typing", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const box = page.getByRole("dialog", { name: "Keys and gestures" });
  await page.getByRole("searchbox", { name: "Find a field or gene" }).press("?");
  assert.equal(await box.count(), 0);
  await page.locator("#plot").focus();
  await page.keyboard.press("?");
  await box.getByText("take back, do again").waitFor();
  assert.deepEqual(await faults(page), []);
  await shoot(page, "keys");
  await page.keyboard.press("Escape");
  await box.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Keys and gestures" }).click();
  await box.getByRole("button", { name: "Close" }).click();
  await box.waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
  await page.context().close();
});
