/** Gene sets: kept, changed, removed, coloured by, drawn by category, from files and to files, in a session, at the next visit. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { coloured, download, python, ROOT, shoot } from "./browser.js";
import { faults, SAMPLE, sample, stage, state } from "./shown.js";

const here = stage();
const GENES = ["CD3E", "CD3D", "TRAC"];

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const part = (page) => page.getByRole("region", { name: "Gene sets" });
/** Its own words, not those about the list of genes. @param {Page} page */
const words = (page) => part(page).getByRole("status");

/** @param {Page} page */
async function open(page) {
  if (await part(page).isVisible()) return;
  await page.getByRole("button", { name: "Genes: sets, score, dot plot…" }).press("Enter");
  await part(page).waitFor();
}

/** Keeps a set, by keyboard. @param {Page} page @param {string} name @param {string} genes @param {string} [about] */
async function keep(page, name, genes, about = "") {
  await page.getByLabel("Names of genes").fill(genes);
  await part(page).getByLabel("Name of the gene set").fill(name);
  await part(page).getByLabel("Description of the gene set").fill(about);
  await part(page).getByLabel("Name of the gene set").press("Enter");
}

/** What is kept, as name: genes. @param {Page} page */
const kept = async (page) =>
  (await state(page, "sets")).map(
    (/** @type {{ name: string, genes: Array<{ symbol: string }> }} */ { name, genes }) =>
      `${name}: ${genes.map(({ symbol }) => symbol).join(" ")}`,
  );

test("kept, renamed, changed, removed and taken back; coloured by its score as Python has it; each gene by category", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await open(page);
  await keep(page, "", "CD3E");
  assert.equal(await words(page).innerText(), "Give the set a name.");
  await keep(page, "T cells", "");
  assert.match(await words(page).innerText(), /^Write the genes of the set/);
  await keep(page, "T cells", "cd3e, CD3D TRAC\nNOSUCH1 NOSUCH2", "of the immune kind");
  assert.equal(await words(page).innerText(), "T cells is kept: 5 genes. 2 names of it are not in this dataset.");
  await page.getByText("3 genes; not in the dataset: NOSUCH1, NOSUCH2").waitFor();
  // What is changed then is the one that was kept.
  await keep(page, "T", GENES.join(" "), "of the immune kind");
  assert.equal(await words(page).innerText(), "T cells is T now: 3 genes.");
  assert.deepEqual(await kept(page), ["T: CD3E CD3D TRAC"]);
  await part(page).getByRole("button", { name: "T", exact: true }).press("Enter");
  await keep(page, "NK", "NKG7 GNLY");
  await keep(page, "B", "MS4A1");
  // It was open still: so that is another name for it.
  assert.deepEqual(await kept(page), ["T: CD3E CD3D TRAC", "B: MS4A1"]);
  await part(page).getByRole("button", { name: "Remove B" }).press("Enter");
  assert.deepEqual(await kept(page), ["T: CD3E CD3D TRAC"]);
  await page.keyboard.press("Escape");
  await page.locator("#plot").focus();
  await page.keyboard.press("Control+z");
  assert.deepEqual(await kept(page), ["T: CD3E CD3D TRAC", "B: MS4A1"]);
  await open(page);
  await shoot(page, "sets");
  assert.deepEqual(await faults(page), []);

  await part(page).getByRole("button", { name: "Colour by T" }).press("Enter");
  await coloured(page, "T");
  const { values } = await state(page, "colour");
  const truth = python(SAMPLE, "score", JSON.stringify({ genes: GENES }));
  for (const [cell, value] of truth.entries())
    assert.ok(Math.abs(values[cell] - value) < 1e-5 * Math.max(1, Math.abs(value)), cell);
  assert.equal(await page.locator("#legend-panel").getByText("Score of 3 genes").count(), 1);

  await open(page);
  await part(page).getByRole("button", { name: "T", exact: true }).press("Enter");
  assert.equal(await page.getByLabel("Names of genes").inputValue(), GENES.join("\n"));
  // Written out they are the set still, whatever the order.
  await page.getByLabel("Names of genes").fill("TRAC CD3D CD3E");
  await page.locator("#score").getByLabel("How genes are put together").selectOption("mean");
  await page.getByRole("button", { name: "Colour by the score" }).press("Enter");
  await coloured(page, "T");
  assert.deepEqual((await state(page, "wanted")).by, "mean");
  await open(page);
  await page.getByLabel("Names of genes").fill(GENES.join("\n"));
  await page.locator("#score").getByRole("button", { name: "Heat map…" }).press("Enter");
  const box = page.getByRole("dialog", { name: "Genes by category" });
  await box.locator("tbody tr").first().waitFor();
  assert.deepEqual(await box.locator("thead th").allTextContents(), GENES);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("from CELLxGENE's table and from GMT, and to both; in a session; there again at the next visit, another dataset has its own", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const folder = resolve(ROOT, "build/screenshots");
  await open(page);
  const table = [
    "gene_set_name,gene_set_description,gene_symbol,gene_description",
    'T cells,"all, of any kind",CD3E,epsilon',
    'T cells,"all, of any kind",CD3D,',
    "not here,,NOSUCH,",
  ].join("\n");
  writeFileSync(resolve(folder, "sets.csv"), table);
  await page.locator("#sets-file").setInputFiles(resolve(folder, "sets.csv"));
  await words(page).getByText("2 gene sets from sets.csv. 1 of them have no gene of this dataset.").waitFor();
  writeFileSync(resolve(folder, "sets.gmt"), "NK\tkillers\tNKG7\tGNLY\nT cells\tagain\tTRAC\n");
  await page.locator("#sets-file").setInputFiles(resolve(folder, "sets.gmt"));
  await words(page).getByText("2 gene sets from sets.gmt. 1 took the place of one of the same name").waitFor();
  assert.deepEqual(await kept(page), ["T cells: TRAC", "not here: NOSUCH", "NK: NKG7 GNLY"]);
  assert.ok(await part(page).getByRole("button", { name: "Colour by not here" }).isDisabled());

  const saved = await download(page, folder, () => part(page).getByRole("button", { name: "Save as CSV" }).click());
  assert.deepEqual(readFileSync(saved, "utf8").trim().split("\r\n"), [
    "gene_set_name,gene_set_description,gene_symbol,gene_description",
    "T cells,again,TRAC,",
    "not here,,NOSUCH,",
    "NK,killers,NKG7,",
    "NK,killers,GNLY,",
  ]);
  const lines = await download(page, folder, () => part(page).getByRole("button", { name: "Save as GMT" }).click());
  assert.equal(readFileSync(lines, "utf8"), "T cells\tagain\tTRAC\nnot here\t\tNOSUCH\nNK\tkillers\tNKG7\tGNLY\n");

  // What is no such file says so, with what to do, and takes nothing away.
  writeFileSync(resolve(folder, "list.txt"), "CD3E\nCD3D\n");
  await page.locator("#sets-file").setInputFiles(resolve(folder, "list.txt"));
  const alert = page.locator("#trouble article");
  await alert.getByText("These are no gene sets.").waitFor();
  await alert
    .locator(".advice")
    .getByText("A table begins with the line gene_set_name,gene_set_description,gene_symbol,gene_description")
    .waitFor();
  assert.equal((await kept(page)).length, 3);
  await alert.getByRole("button", { name: "Close" }).click();

  await page.getByRole("button", { name: "Save…" }).click();
  const session = await download(page, folder, () => page.getByRole("button", { name: "Save session" }).click());
  // The reference's reader takes it, and knows of the part.
  const program = "import sys, cellucid; print(*cellucid.CellucidSessionBundle(sys.argv[1]).list_chunk_ids())";
  const ids = execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-W", "ignore", "-c", program, session])
    .toString()
    .split(/\s+/);
  assert.ok(ids.includes("cellucid-wasm/gene-sets"), ids.join(" "));
  // The next visit.
  await page.reload();
  await coloured(page, "cell_type");
  await open(page);
  assert.deepEqual(await kept(page), ["T cells: TRAC", "not here: NOSUCH", "NK: NKG7 GNLY"]);
  assert.deepEqual(await state(page, "history"), { back: 0, forward: 0 });
  for (const name of ["T cells", "not here", "NK"])
    await part(page)
      .getByRole("button", { name: `Remove ${name}` })
      .click();
  assert.deepEqual(await kept(page), []);
  await page.keyboard.press("Escape");
  await page.reload();
  await coloured(page, "cell_type");
  assert.deepEqual(await kept(page), []);
  await page.getByRole("button", { name: "Save…" }).click();
  await page.locator("#session-file").setInputFiles(session);
  await page.getByText("3 gene sets").waitFor();
  assert.deepEqual(await kept(page), ["T cells: TRAC", "not here: NOSUCH", "NK: NKG7 GNLY"]);
  await page.keyboard.press("Escape");
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { description } = store.state.dataset;
    store.patch({ dataset: { ...store.state.dataset, description: { ...description, id: "another" } } });
  });
  assert.deepEqual(await kept(page), []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("hundreds of sets are found by a part of their name; in a narrow, dark window it fits, and axe is content", async () => {
  const { page, errors } = await sample(here.browser, here.server, {
    viewport: { width: 360, height: 640 },
    colorScheme: "dark",
  });
  const file = resolve(ROOT, "build/screenshots/many.gmt");
  writeFileSync(file, Array.from({ length: 500 }, (_, at) => `SET_${at}\tx\tCD3E\tNKG7\tG${at}\n`).join(""));
  await page.getByRole("button", { name: "Colour by", exact: true }).click();
  await open(page);
  await page.locator("#sets-file").setInputFiles(file);
  await words(page).getByText("500 gene sets from many.gmt.").waitFor();
  await part(page).getByText("440 more: a part of a name finds them").waitFor();
  await part(page).getByLabel("Find a gene set").fill("set_49");
  assert.equal(
    await part(page)
      .getByRole("button", { name: /^Colour by/ })
      .count(),
    11,
  );
  const { left, right, over } = await page.locator("#score").evaluate((one) => {
    const { left, right } = one.getBoundingClientRect();
    return { left, right, over: one.scrollWidth - one.clientWidth };
  });
  assert.ok(left >= 0 && right <= 360 && over <= 0, JSON.stringify({ left, right, over }));
  await part(page).scrollIntoViewIfNeeded();
  await shoot(page, "sets-narrow");
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(errors, []);
  await page.context().close();
});
