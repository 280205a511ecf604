/** Two fields against each other: what is told and selected against Python, by hand and by keyboard, saved, restored, in a narrow window. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { drag, drawn, open, panel, ranges, truth } from "./against.js";
import { download, python, ROOT, shoot, until } from "./browser.js";
import { choose, faults, SAMPLE, sample, selected, stage, state } from "./shown.js";

const here = stage();

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./against.js").Truth} Truth */

/** What is told of two fields. @param {Page} page */
const words = (page) => panel(page).getByRole("status").innerText();

/** The same in numbers. @param {string} text */
function numbers(text) {
  const found = text.match(/^([\d,]+) cells?\. Pearson (-?[\d.]+\d)( \(of the logarithms\))?, Spearman (-?[\d.]+\d)\./);
  const zeros = text.match(/Zero in both: ([\d,]+); in .+ only: ([\d,]+); in .+ only: ([\d,]+); in neither: ([\d,]+)\./);
  const whole = (/** @type {string | undefined} */ one) => Number(one?.replaceAll(",", ""));
  return {
    cells: whole(found?.[1]),
    pearson: Number(found?.[2]),
    spearman: Number(found?.[4]),
    zeros: zeros && [zeros[4], zeros[2], zeros[3], zeros[1]].map(whole),
  };
}

/** @param {string} text @param {Truth} wanted @param {boolean} [sparse] */
function agrees(text, wanted, sparse = false) {
  const { pearson, spearman, ...rest } = numbers(text);
  assert.ok(Math.abs(pearson - wanted.pearson) < 6e-4, `${text}: ${wanted.pearson}`);
  assert.ok(Math.abs(spearman - wanted.spearman) < 6e-4, `${text}: ${wanted.spearman}`);
  const [none, second, first, both] = wanted.zeros;
  assert.deepEqual(rest, { cells: wanted.cells, zeros: sparse ? [none, first, second, both] : null }, text);
}

/** Into a box for numbers: there Firefox's driver adds to what is written. @param {Page} page @param {string} label @param {string} text */
async function type(page, label, text) {
  const box = panel(page).getByLabel(label);
  await box.evaluate((one) => {
    if (one instanceof HTMLInputElement) one.value = "";
  });
  await box.fill(text);
}

test("numbers of cells, correlations, zeros; a rectangle, ranges and a lasso select the cells that Python does", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await open(page, "n_genes", "n_counts");
  agrees(await words(page), truth({ fields: ["n_genes", "n_counts"] }));
  await shoot(page, "scatter");

  // A rectangle by hand; what it has written selects the same by keyboard.
  await drag(page, [
    [0.3, 0.2],
    [0.7, 0.6],
  ]);
  await panel(page).getByText("By numbers").click();
  const written = await ranges(page);
  const fields = ["n_genes", "n_counts"];
  const wanted = truth({ fields, ranges: written }).inside;
  assert.ok(wanted.length > 50 && wanted.length < 4950, String(wanted.length));
  assert.deepEqual(await selected(page), wanted);
  assert.equal((await state(page, "selection")).source, "rectangle");
  await shoot(page, "scatter-selected");
  await page.evaluate(async () => (await import(new URL("main.js", document.baseURI).href)).store.patch({ selection: null }));
  const again = panel(page).getByRole("button", { name: "Select these cells" });
  await again.press("Enter");
  assert.deepEqual(await selected(page), wanted);

  // More, less, what is in both: with the same modifiers as in the first plot, and by ranges that are typed.
  await drag(
    page,
    [
      [0.6, 0.4],
      [0.99, 0.99],
    ],
    "Shift",
  );
  const more = truth({ fields, ranges: await ranges(page) }).inside;
  const both = new Set([...wanted, ...more]);
  assert.ok(both.size > wanted.length);
  assert.deepEqual(
    await selected(page),
    [...both].sort((a, b) => a - b),
  );
  await page.getByRole("button", { name: "Lasso (L)" }).click();
  await page.getByRole("button", { name: /^Take out of the selection/ }).click();
  await type(page, "X: least", "60");
  await type(page, "X: greatest", "1e9");
  await type(page, "Y: least", "0");
  await type(page, "Y: greatest", "1e9");
  assert.deepEqual(
    [await ranges(page), await state(page, "combine")],
    [
      [
        [60, 1e9],
        [0, 1e9],
      ],
      "subtract",
    ],
  );
  await panel(page).getByLabel("Y: greatest").press("Enter");
  const out = new Set(
    truth({
      fields,
      ranges: [
        [60, 1e9],
        [0, 1e9],
      ],
    }).inside,
  );
  const left = [...both].filter((cell) => !out.has(cell)).sort((a, b) => a - b);
  assert.deepEqual(await selected(page), left);

  // The lasso encloses what it does in the picture: by the logarithm, the outline in shares of the axes.
  await page.getByRole("button", { name: "New selection" }).click();
  await panel(page).getByLabel("X by the logarithm of value + 1").check();
  await panel(page).getByLabel("Y by the logarithm of value + 1").check();
  await until(
    page,
    async () => document.querySelector("#scatter [role=status]")?.textContent?.includes("logarithms") ?? false,
    null,
    "logarithms",
  );
  agrees(await words(page), truth({ fields, log: [true, true] }));
  const way = /** @type {Array<[number, number]>} */ ([
    [0.2, 0.2],
    [0.8, 0.3],
    [0.7, 0.75],
    [0.4, 0.5],
  ]);
  const gone = await drag(page, way);
  // The ends of the axes lie a fortieth of the side from the ends of the plot.
  const outline = gone.map((corner) => corner.map((share) => (share - 0.025) / 0.95));
  const inside = truth({ fields, log: [true, true], outline }).inside;
  const lassoed = await selected(page);
  // Places have half the digits there.
  const differ = new Set([...inside, ...lassoed]).size - inside.filter((cell) => lassoed.includes(cell)).length;
  assert.ok(inside.length > 200 && differ <= 2, `${inside.length}, ${differ} differ`);
  await shoot(page, "scatter-log");

  // Backwards is said, with what to do.
  await type(page, "Y: least", "9");
  await type(page, "Y: greatest", "3");
  await again.press("Enter");
  assert.match(await words(page), /^Y: the least is more than the greatest/);
  assert.deepEqual(await selected(page), lassoed);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("genes with many zeros, what is filtered left out, without zeros; saved as pictures and as a table; in a session", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  const fields = ["CD3E", "NKG7"];
  await page.getByRole("button", { name: "Genes: sets, score, dot plot…" }).click();
  await page.getByLabel("Names of genes").fill(fields.join("\n"));
  await page.locator("#score").getByRole("button", { name: "Scatter plot…" }).click();
  await drawn(page, "CD3E", "NKG7");
  await panel(page).getByRole("button", { name: "Close the scatter plot" }).click();
  await open(page, "cd3e", "nkg7");
  agrees(await words(page), truth({ fields }), true);
  await shoot(page, "scatter-genes");
  await panel(page).getByLabel("Without zeros").check();
  const without = truth({ fields, without: true });
  await panel(page)
    .getByText(`${without.cells.toLocaleString("en")} cells.`)
    .waitFor();
  agrees(await words(page), without);
  // A rectangle over all takes what is shown.
  await drag(page, [
    [0.01, 0.01],
    [0.99, 0.99],
  ]);
  assert.equal((await selected(page)).length, without.cells);
  await panel(page).getByLabel("Without zeros").uncheck();

  const name = "CD3E against NKG7";
  const folder = resolve(ROOT, "build/screenshots");
  const file = await download(page, folder, () => panel(page).getByRole("button", { name: "Save as CSV" }).click());
  const lines = readFileSync(file, "utf8")
    .trim()
    .split("\r\n")
    .map((line) => line.split(","));
  assert.deepEqual(lines[0], ["cell", "CD3E", "NKG7", "cell_type", "selected"]);
  const [x, y, labels] = [python(SAMPLE, "var", "CD3E"), python(SAMPLE, "var", "NKG7"), python(SAMPLE, "obs", "cell_type").cells];
  const names = python(SAMPLE, "names");
  const chosen = new Set(await selected(page));
  assert.equal(lines.length, 5001);
  for (const [cell, [own, a, b, label, marked]] of lines.slice(1).entries()) {
    assert.deepEqual([own, Math.fround(Number(a)), Math.fround(Number(b)), label], [names[cell], x[cell], y[cell], labels[cell]]);
    assert.equal(marked, chosen.has(cell) ? "1" : "0");
  }
  const svg = readFileSync(
    await download(page, folder, () => panel(page).getByRole("button", { name: "Save as SVG" }).click()),
    "utf8",
  );
  // One for each cell, and those of the key.
  assert.equal(svg.match(/<circle /g)?.length, 5000 + 16);
  for (const wanted of [...fields, "Pearson", "CD4 T"]) assert.ok(svg.includes(wanted), wanted);
  const png = readFileSync(await download(page, folder, () => panel(page).getByRole("button", { name: "Save as PNG" }).click()));
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.match(name, /against/);

  // A session brings it back, whatever is open by then.
  await panel(page).getByLabel("Y by the logarithm of value + 1").check();
  await page.getByRole("button", { name: "Save…" }).click();
  const session = await download(page, folder, () => page.getByRole("button", { name: "Save session" }).click());
  await page.keyboard.press("Escape");
  await panel(page).getByRole("button", { name: "Close the scatter plot" }).press("Enter");
  await panel(page).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Save…" }).click();
  await page.locator("#session-file").setInputFiles(session);
  await drawn(page, "CD3E", "NKG7");
  assert.ok(await panel(page).getByLabel("Y by the logarithm of value + 1").isChecked());
  await page.keyboard.press("Escape");

  // Cells that a filter leaves out count for nothing, and are not selected.
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { fromLegend } = await import(new URL("filters.js", document.baseURI).href);
    const { labels } = store.state.colour.field;
    store.patch({ hidden: new Set([...labels.keys()].filter((code) => code !== labels.indexOf("NK"))), selection: null });
    fromLegend(store);
  });
  const only = truth({ fields, by: "cell_type", label: "NK", log: [false, true] });
  await panel(page)
    .getByText(`${only.cells.toLocaleString("en")} cells.`)
    .waitFor();
  agrees(await words(page), only, true);
  await drag(page, [
    [0.01, 0.01],
    [0.99, 0.99],
  ]);
  assert.equal((await selected(page)).length, only.cells);

  // A name that is nobody's.
  const input = panel(page).getByLabel("X: field or gene");
  await input.fill("no such gene");
  await input.press("Tab");
  assert.match(await words(page), /^No numbers and no gene of this dataset are called “no such gene”/);
  assert.equal(await input.inputValue(), "CD3E");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("coloured by numbers, hovered in both plots; another dataset closes it", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await choose(page, "pseudotime");
  await page.getByRole("button", { name: "Against another field…" }).click();
  // It begins with the numbers that are shown.
  await panel(page).getByRole("status").getByText("Pearson").waitFor();
  assert.equal(await panel(page).getByLabel("X: field or gene").inputValue(), "pseudotime");
  const last = python(SAMPLE, "obs", "pseudotime");
  const best = last.indexOf(Math.max(...last));
  const { x, y } = await page.evaluate(async (cell) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { along } = await import(new URL("view/against.js", document.baseURI).href);
    const box = document.querySelector("#scatter canvas")?.getBoundingClientRect();
    const { values, summary } = store.state.colour;
    const place = along({ ...summary, log: false })(values[cell]);
    return { x: (box?.left ?? 0) + ((place + 1) / 2) * (box?.width ?? 0), y: box };
  }, best);
  assert.ok(x > 0 && y);
  for (let up = 0.1; up < 1; up += 0.02) {
    await page.mouse.move(x, Number(y?.y) + up * Number(y?.height));
    if ((await state(page, "hover"))?.cell === best) break;
  }
  assert.equal((await state(page, "hover")).cell, best);
  assert.ok(await page.locator("#tooltip").isVisible());
  await shoot(page, "scatter-hover");
  await page.mouse.move(2, 2);
  assert.equal(await state(page, "hover"), null);
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ source: { ...store.state.source } });
  });
  await panel(page).waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
  await page.context().close();
});

for (const [width, height, scheme] of /** @type {const} */ ([
  [360, 700, "dark"],
  [900, 640, "light"],
]))
  test(`in a window of ${width} by ${height}, ${scheme}, it fits, and axe is content`, async () => {
    const { page, errors } = await sample(here.browser, here.server, { viewport: { width, height }, colorScheme: scheme });
    const sheet = page.getByRole("button", { name: "Colour by", exact: true });
    const narrow = await sheet.isVisible();
    if (narrow) await sheet.click();
    await page.getByRole("button", { name: "Scatter plot…" }).click();
    if (narrow) await sheet.click();
    await panel(page).getByRole("status").getByText("Pearson").waitFor();
    await panel(page).locator("canvas[data-drawn]").waitFor();
    const { left, right, over } = await panel(page).evaluate((one) => {
      const { left, right } = one.getBoundingClientRect();
      return { left, right, over: one.scrollWidth - one.clientWidth };
    });
    assert.ok(left >= 0 && right <= width && over <= 0, JSON.stringify({ left, right, over }));
    await panel(page).getByText("By numbers").click();
    await shoot(page, `scatter-${width}`);
    assert.deepEqual(await faults(page), []);
    assert.deepEqual(errors, []);
    await page.context().close();
  });
