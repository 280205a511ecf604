/** Over everything: a dot plot, genes by categories, against pandas, by keyboard, saved; the list of keys. Both clean for axe. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { coloured, download, drop, python, ROOT, shoot, visit } from "./browser.js";
import { faults, SAMPLE, sample, stage } from "./shown.js";

const here = stage();
const GENES = ["CD3E", "NKG7", "LYZ", "MS4A1"];

test("means and shares of each gene in each category; coloured by one; saved as a table", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  // All by keyboard.
  await page.getByRole("button", { name: "Genes: sets, score, dot plot…" }).press("Enter");
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
  const across = await box
    .locator("tbody tr td:nth-child(2) circle")
    .evaluateAll((all) => all.map((one) => Number(one.getAttribute("r"))));
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

/** What Python finds of each gene in each category: cells, mean, median, share that is not zero. @param {string} by */
const truth = (by) =>
  new Map(GENES.map((gene) => [gene, new Map(python(SAMPLE, "spread", JSON.stringify({ gene, by })).map(keyed))]));
/** @param {[string, number, number, number, number]} row @returns {[string, { count: number, mean: number, median: number, share: number }]} */
const keyed = ([label, count, mean, median, share]) => [label, { count, mean, median, share }];
/** @param {number} told @param {number} [wanted] */
const near = (told, wanted = Number.NaN) => Math.abs(told - wanted) < 6e-4 * Math.max(1, Math.abs(wanted));

test("heat map and violins of the same genes, against pandas; as pictures that hold all names and marks; in a narrow, dark window", async () => {
  const { page, errors } = await sample(here.browser, here.server, {
    viewport: { width: 360, height: 700 },
    colorScheme: "dark",
  });
  await page.getByRole("button", { name: "Colour by" }).click();
  await page.getByRole("button", { name: "Genes: sets, score, dot plot…" }).click();
  await page.getByLabel("Names of genes").fill(GENES.join(" "));
  await page.getByRole("button", { name: "Heat map…" }).press("Enter");
  const box = page.getByRole("dialog", { name: "Genes by category" });
  await box.getByRole("region", { name: "Heat map" }).locator("tbody tr").first().waitFor();
  const fills = () =>
    box
      .locator("tbody tr")
      .evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll("td [fill]")].map((one) => one.getAttribute("fill"))));
  const rows = await box.locator("tbody th").allTextContents();
  const facts = truth("cell_type");
  // By its own range, each gene has both ends of the colours, where its mean is least and greatest.
  await box.getByLabel("Each gene by its own range").check();
  const heat = await fills();
  for (const [at, gene] of GENES.entries()) {
    const means = rows.map((label) => facts.get(gene)?.get(label)?.mean ?? 0);
    const column = heat.map((row) => row[at]);
    const ends = [Math.min(...means), Math.max(...means)].map((end) => column[means.indexOf(end)]);
    assert.equal(new Set(ends).size, 2, gene);
    assert.ok(
      column.every((fill, row) => means[row] === Math.max(...means) || fill !== ends[1]),
      gene,
    );
  }
  await shoot(page, "heat-narrow");
  const fits = await box.evaluate((one) => ({ left: one.getBoundingClientRect().left, over: one.scrollWidth - one.clientWidth }));
  assert.ok(fits.left >= 0 && fits.over <= 0, JSON.stringify(fits));
  assert.deepEqual(await faults(page), []);

  await box.getByLabel("Drawn as").selectOption("violins");
  await box.getByRole("region", { name: "Violins" }).locator("td path").first().waitFor();
  const told = await box
    .locator("tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
  for (const [label = "", ...cells] of told) {
    for (const [at, words] of cells.entries()) {
      const [, median, mean, part] = words.match(/^median (\S+), mean (\S+), in (\d+) %$/) ?? [];
      const wanted = facts.get(GENES[at] ?? "")?.get(label);
      assert.ok(near(Number(median), wanted?.median) && near(Number(mean), wanted?.mean), `${label} ${GENES[at]}: ${words}`);
      assert.equal(Number(part), Math.round(100 * (wanted?.share ?? -1)));
    }
  }
  await shoot(page, "violins-several");
  assert.deepEqual(await faults(page), []);

  // As pictures: every name, and one mark for each gene in each category.
  const folder = resolve(ROOT, "build/screenshots");
  const drawn = readFileSync(
    await download(page, folder, () => box.getByRole("button", { name: "Save as SVG" }).click()),
    "utf8",
  );
  const found = await page.evaluate((source) => {
    const svg = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
    const names = [...svg.querySelectorAll("text")].map(({ textContent }) => textContent);
    return {
      names,
      medians: svg.querySelectorAll("g > circle").length,
      wide: svg.getAttribute("width"),
      tall: svg.getAttribute("height"),
    };
  }, drawn);
  for (const name of [...GENES, ...rows]) assert.ok(found.names.includes(name), name);
  assert.equal(found.medians, GENES.length * rows.length);
  const picture = readFileSync(await download(page, folder, () => box.getByRole("button", { name: "Save as PNG" }).click()));
  assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [2 * Number(found.wide), 2 * Number(found.tall)]);
  const table = readFileSync(
    await download(page, folder, () => box.getByRole("button", { name: "Save as CSV" }).click()),
    "utf8",
  );
  const [head, ...lines] = table
    .trim()
    .split("\r\n")
    .map((line) => line.split(","));
  assert.deepEqual(head, ["gene", "cell_type", "cells", "mean", "share_above_zero", "median"]);
  for (const [gene = "", label = "", ...numbers] of lines) {
    const { count = 0, mean = 0, median = 0, share = 0 } = facts.get(gene)?.get(label) ?? {};
    for (const [at, wanted] of [count, mean, share, median].entries())
      assert.ok(near(Number(numbers[at]), wanted), `${gene} ${label}`);
  }
  assert.equal(lines.length, GENES.length * rows.length);

  await box.getByLabel("Drawn as").selectOption("dots");
  assert.equal(await box.locator("tbody circle").count(), GENES.length * rows.length);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a column's distribution as a figure: violins by the categories that were chosen", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.getByRole("searchbox", { name: "Find a field or gene" }).fill("n_counts");
  await page.keyboard.press("Enter");
  await coloured(page, "n_counts");
  await page.getByText("Distribution by category").click();
  await page.getByLabel("Categories to compare").selectOption("phase");
  await page.locator(".spread tbody tr").first().waitFor();
  await page.getByRole("button", { name: "As a figure…" }).click();
  const box = page.getByRole("dialog", { name: "Genes by category" });
  await box.locator("td path").first().waitFor();
  assert.deepEqual(await box.locator("tbody th").allTextContents(), await page.locator(".spread tbody th").allTextContents());
  const medians = (await box.locator("tbody td").allTextContents()).map(
    (words) => words.match(/median ([^\s,]+(?:,\d+)?),/)?.[1],
  );
  assert.deepEqual(medians, await page.locator(".spread tbody td:nth-child(4)").allTextContents());
  await shoot(page, "violins-column");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("without categories it is said, and there is nothing to save", async () => {
  const folder = resolve(ROOT, "build/page-dots");
  mkdirSync(folder, { recursive: true });
  const file = resolve(folder, "bare.h5ad");
  const make = `
import sys, anndata, numpy as np
a = anndata.AnnData(np.ones((20, 3), "float32"))
a.obsm["X_umap"] = np.random.default_rng(1).normal(size=(20, 2)).astype("float32")
a.write_h5ad(sys.argv[1])
`;
  execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-W", "ignore", "-c", make, file]);
  const { page, errors } = await visit(here.browser, here.server.url);
  await drop(page, file);
  await page.getByText("Choose a field or a gene: what its colours mean is told here.").waitFor();
  await page.getByRole("button", { name: "Genes: sets, score, dot plot…" }).click();
  await page.getByLabel("Names of genes").fill("0 1");
  await page.getByRole("button", { name: "Violins…" }).click();
  await page.getByText("There is no category to show genes by.").waitFor();
  for (const form of ["PNG", "SVG", "CSV"]) assert.ok(await page.getByRole("button", { name: `Save as ${form}` }).isDisabled());
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
