/** Distributions and comparisons, against pandas and SciPy. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { coloured, download, drop, python, ROOT, shoot, text, visit } from "./browser.js";
import { choose, idle, SAMPLE, sample, stage, state } from "./shown.js";

const here = stage();
test("the distribution of a gene in each category has the figures of pandas", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await choose(page, "CD3E");
  await page.getByText("Distribution by category").click();
  const rows = page.locator(".spread tbody tr");
  await rows.first().waitFor();
  const shown = await rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  /** @type {Array<[string, number, number, number, number]>} */
  const truth = python(SAMPLE, "spread", JSON.stringify({ gene: "CD3E", by: "cell_type" }));
  assert.deepEqual(
    shown.map(([label, count]) => [label, Number(count?.replace(",", ""))]),
    truth.map(([label, count]) => [label, count]),
  );
  for (const [at, [, , mean, median, share]] of truth.entries()) {
    const [, , a, b, c] = shown[at] ?? [];
    assert.ok(Math.abs(Number(a) - mean) < 6e-4 * Math.max(1, mean), `${a} ${mean}`);
    assert.ok(Math.abs(Number(b) - median) < 6e-4 * Math.max(1, median), `${b} ${median}`);
    assert.equal(c, `${Math.round(100 * share)} %`);
  }
  await page.locator(".spread canvas").scrollIntoViewIfNeeded();
  await shoot(page, "violins");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("one category against all other cells: the genes that SciPy ranks first; stopped half way; coloured by one", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByLabel("First group").selectOption({ label: "NK" });
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator(".genes tbody tr").first().waitFor({ timeout: 120_000 });
  await idle(page);
  const truth = python(SAMPLE, "ranks", JSON.stringify({ by: "cell_type", label: "NK" }));
  const shown = await page
    .locator(".genes tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
  assert.equal(shown.length, 50);
  // Genes that differ by less than rounding may change places; figures are compared gene by gene.
  const best = new Map(truth.map((/** @type {any[]} */ [gene, z, auc, mean]) => [gene, { z, auc, mean }]));
  assert.deepEqual(
    shown.slice(0, 10).map(([gene]) => gene),
    truth.slice(0, 10).map((/** @type {any[]} */ [gene]) => gene),
  );
  for (const [gene, mean, , auc] of shown) {
    const wanted = best.get(gene);
    assert.ok(Math.abs(Number(auc) - wanted.auc) < 0.0051, `${gene}: ${auc} ${wanted.auc}`);
    assert.ok(Math.abs(Number(mean) - wanted.mean) < 0.006 * Math.max(1, wanted.mean), `${gene}: ${mean} ${wanted.mean}`);
  }
  await shoot(page, "compare");
  const [gene = ""] = shown[0] ?? [];
  await page.locator(".genes").getByRole("button", { name: gene, exact: true }).click();
  await coloured(page, gene);
  assert.equal((await state(page, "colour")).field.key, gene);

  await page.getByRole("button", { name: "Higher in the second" }).click();
  const lowest = await page.locator(".genes tbody tr th").first().textContent();
  assert.equal(lowest, truth.at(-1)[0]);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a comparison shows how far it is and is cancelled; what was found by then stays", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  // The first genes come; the others take as long as it takes to cancel.
  await page.evaluate(async () => {
    const { Engine } = await import(new URL("engine/client.js", document.baseURI).href);
    const read = Engine.prototype.readMany;
    let calls = 0;
    Engine.prototype.readMany = async function (/** @type {string[]} */ paths, /** @type {any} */ hooks) {
      const columns = await read.call(this, paths, hooks);
      if (calls++ === 0) return columns;
      await new Promise((_, fail) => hooks.signal.addEventListener("abort", () => fail(new DOMException("", "AbortError"))));
      return columns;
    };
  });
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByLabel("First group").selectOption({ label: "NK" });
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  const far = page.locator(".busy", { hasText: "Comparing NK with All other cells" });
  await far.getByText(/64 of 340 genes/).waitFor();
  const rows = page.getByRole("region", { name: "Genes that differ" }).locator("tbody tr");
  await rows.first().waitFor();
  const before = await rows.allTextContents();
  assert.ok(before.length > 3, `${before.length} rows while it runs`);
  await far.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Stopped after 64 of 340 genes").waitFor();
  // The same rows as before, and each of them one of the genes that were gone through, with the numbers of the whole comparison.
  assert.deepEqual(await rows.allTextContents(), before);
  const first = python(SAMPLE, "shape").genes.slice(0, 64);
  const shown = await rows.getByRole("button").allTextContents();
  for (const gene of shown) assert.ok(first.includes(gene), gene);
  assert.ok(await page.getByRole("button", { name: "Save all as CSV" }).isVisible());
  assert.equal((await state(page, "trouble")) ?? null, null);
  assert.match(await text(page.locator("#status")), /cancelled/);
  assert.deepEqual(errors, []);
  await page.context().close();
});

/** Compares a category with all other cells, to the end. @param {import("playwright-core").Page} page @param {string} label */
async function compared(page, label) {
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByLabel("First group").selectOption({ label });
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator(".genes tbody tr").first().waitFor({ timeout: 120_000 });
  await idle(page);
}

test("in small windows the tables of a comparison and of a distribution fit", async () => {
  const { page, errors } = await sample(here.browser, here.server, { viewport: { width: 760, height: 720 } });
  await compared(page, "NK");
  const fits = (/** @type {string} */ name) =>
    page.locator(name).evaluate((box) => ({ width: box.clientWidth, over: box.scrollWidth - box.clientWidth }));
  const genes = await fits(".wide");
  await shoot(page, "compare-narrow");
  assert.ok(genes.width > 150 && genes.width < 230 && genes.over <= 0, JSON.stringify(genes));
  await page.locator(".genes").getByRole("button").first().click();
  await page.getByRole("tab", { name: "Legend" }).click();
  await page.getByText("Distribution by category").click();
  await page.locator(".spread tbody tr").first().waitFor();
  const spread = await fits(".spread > div");
  await shoot(page, "violins-narrow");
  assert.ok(spread.over <= 0, JSON.stringify(spread));
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("of a scaled matrix nobody counts what is not zero: neither on the page nor in the table that is saved", async () => {
  const folder = resolve(ROOT, "build/page-scaled");
  mkdirSync(folder, { recursive: true });
  const make = `
import sys, anndata
a = anndata.read_h5ad(sys.argv[1])[:, :60].copy()
x = a.X.toarray()
a.X = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)
a.write_h5ad(sys.argv[2])
`;
  const file = resolve(folder, "scaled.h5ad");
  execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-c", make, SAMPLE, file]);
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, file);
  await coloured(page, "cell_type");
  await compared(page, "NK");
  assert.equal(await page.locator(".genes td[title^=more]").count(), 0);
  const table = await download(page, folder, () => page.getByRole("button", { name: "Save all as CSV" }).click());
  const [head, first = ""] = readFileSync(table, "utf8").split("\r\n");
  assert.equal(head, "gene,z,p,p_adjusted,auc,mean_first,mean_second");
  assert.equal(first.split(",").length, 7);
  await page.locator(".genes").getByRole("button").first().click();
  await page.getByRole("tab", { name: "Legend" }).click();
  await page.getByText("Distribution by category").click();
  await page.locator(".spread tbody tr").first().waitFor();
  assert.deepEqual(await page.locator(".spread thead th").allTextContents(), ["category", "cells", "mean", "median"]);
  assert.deepEqual(errors, []);
  await page.context().close();
});
