/** Cells by name: a list that is pasted or in a file selects them, names go to the clipboard; against the names that Python reads. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { BINARY, chooseFolder, coloured, download, python, ROOT, shoot, until, visit } from "./browser.js";
import { SAMPLE, sample, selected, stage } from "./shown.js";

const here = stage();
const FOLDER = resolve(ROOT, "build/page-names");
/** @typedef {import("playwright-core").Page} Page */

/** The box for names, opened by keyboard. @param {Page} page */
async function open(page) {
  await page.getByRole("tab", { name: "Cells" }).click();
  await page.getByText("Select by name").press("Enter");
  return page.getByLabel("Names of cells");
}

/** @param {Page} page @param {string} words */
const says = (page, words) => page.locator(".pasted").getByText(words).waitFor();

/** What the clipboard is given, from now on. @param {Page} page @param {boolean} works */
const clipboard = (page, works) =>
  page.evaluate((works) => {
    const writeText = async (/** @type {string} */ text) => {
      if (!works) throw new Error("not here");
      Object.assign(globalThis, { copied: text });
    };
    Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
  }, works);
const copied = (/** @type {Page} */ page) => page.evaluate(() => Reflect.get(globalThis, "copied"));

test("names pasted in any form select their cells; what is not there is told; names are copied, of the selection and of a group", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  /** @type {string[]} */
  const names = python(SAMPLE, "names");
  await clipboard(page, true);
  const box = await open(page);
  const wanted = [4321, 17, 250];
  const [a, b, c] = wanted.map((cell) => names[cell]);
  await box.fill(`"${a}",\r\n  ${b}\t'${c}' nobody-1`);
  await page.getByRole("button", { name: "Select them" }).press("Enter");
  await says(page, "3 of 4 names found; not in the dataset: nobody-1");
  assert.deepEqual(await selected(page), [17, 250, 4321]);
  await page.getByRole("button", { name: "Copy those not found" }).click();
  assert.equal(await copied(page), "nobody-1");
  await shoot(page, "names");

  await page.getByRole("button", { name: "Copy names" }).click();
  await until(page, async () => Reflect.get(globalThis, "copied")?.includes("\n"), null, "names are copied");
  assert.equal(await copied(page), [b, c, a].join("\n"));
  await page.getByLabel("Name of the group").fill("Three");
  await page.getByRole("button", { name: "Keep", exact: true }).click();

  // Added to what is selected, as by every other way.
  await page.getByRole("button", { name: "Lasso (L)" }).click();
  await page.getByRole("button", { name: "Add to the selection (Shift)" }).click();
  await box.fill(String(names[4999]));
  await page.getByRole("button", { name: "Select them" }).click();
  await says(page, "1 of 1 name found.");
  assert.deepEqual(await selected(page), [17, 250, 4321, 4999]);
  await page.getByRole("button", { name: "Copy names of its cells: Three" }).click();
  assert.equal(await copied(page), [b, c, a].join("\n"));
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("names from a file; to a file where there is no clipboard", async () => {
  mkdirSync(FOLDER, { recursive: true });
  const { page, errors } = await sample(here.browser, here.server);
  /** @type {string[]} */
  const names = python(SAMPLE, "names");
  await clipboard(page, false);
  await open(page);
  const list = resolve(FOLDER, "list.csv");
  writeFileSync(
    list,
    `\uFEFFbarcode\r\n${names
      .slice(100, 2100)
      .map((name) => `"${name}"`)
      .join("\r\n")}\r\n`,
  );
  await page.locator(".pasted input[type=file]").setInputFiles(list);
  await says(page, "2,000 of 2,001 names found; not in the dataset: barcode");
  assert.deepEqual(
    await selected(page),
    Array.from({ length: 2000 }, (_, at) => 100 + at),
  );
  const file = await download(page, FOLDER, () => page.getByRole("button", { name: "Copy names" }).click());
  assert.deepEqual(readFileSync(file, "utf8").trim().split("\n"), names.slice(100, 2100));
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a dataset without names has numbers of rows", async () => {
  const folder = resolve(FOLDER, "export");
  rmSync(folder, { recursive: true, force: true });
  execFileSync(BINARY, ["export", SAMPLE, folder], { stdio: "ignore" });
  const { page, errors } = await visit(here.browser, here.server.url);
  await chooseFolder(page, folder);
  await coloured(page, "cell_type");
  const box = await open(page);
  await box.fill("7, 4999, 5000");
  await page.getByRole("button", { name: "Select them" }).click();
  await says(page, "2 of 3 names found; not in the dataset: 5000");
  assert.deepEqual(await selected(page), [7, 4999]);
  assert.deepEqual(errors, []);
  await page.context().close();
});
