/** For everybody: axe finds nothing, in both schemes, with every panel; forced colours, reduced motion, narrow screens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FIREFOX, shoot, tap, until, visit } from "./browser.js";
import { prefer } from "./gecko.js";
import { faults, sample, stage } from "./shown.js";

const here = stage();
/** @typedef {import("playwright-core").Page} Page */

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe finds nothing, ${colorScheme}`, { timeout: 240_000 }, async () => {
    const empty = await visit(here.browser, here.server.url, { colorScheme });
    assert.deepEqual(await faults(empty.page), [], "the start");
    await empty.page.context().close();
    const { page, errors } = await sample(here.browser, here.server, { colorScheme });
    assert.deepEqual(await faults(page), [], "a category");
    await page.evaluate(async () => {
      const { store } = await import(new URL("main.js", document.baseURI).href);
      const { fromLegend } = await import(new URL("filters.js", document.baseURI).href);
      const { keep } = await import(new URL("select.js", document.baseURI).href);
      store.patch({ selection: { cells: Uint32Array.of(1, 2, 3), source: "lasso" }, tool: "near" });
      keep(store, "A group");
      fromLegend(store);
    });
    for (const tab of ["Cells", "Filters", "Compare"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.locator(`#${tab.toLowerCase()}-panel h2`).first().waitFor();
      if (tab === "Cells") await page.getByText("Select by name").click();
      assert.deepEqual(await faults(page), [], tab);
      await shoot(page, `${tab.toLowerCase()}-${colorScheme}`);
    }
    await page.getByRole("tab", { name: "Legend" }).click();
    for (const [button, part] of [
      ["How it is drawn", "#look h2"],
      ["Save…", "#save h2"],
      ["Genes: sets, score, dot plot…", "#score h2"],
      ["sample 5,000 cells × 340 genes", "#card h2"],
    ]) {
      await page.getByRole("button", { name: button }).click();
      await page
        .locator(part ?? "")
        .first()
        .waitFor();
      assert.deepEqual(await faults(page), [], button);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("searchbox", { name: "Find a field or gene" }).fill("CD3E");
    await page.keyboard.press("Enter");
    await page.getByText("Distribution by category").click();
    await page.locator(".spread tbody tr").first().waitFor();
    assert.deepEqual(await faults(page), [], "numbers");
    assert.deepEqual(errors, []);
    await page.context().close();
  });
}

test("forced colours, more contrast and reduced motion leave everything usable", async () => {
  const { page, errors } = await sample(here.browser, here.server, {
    forcedColors: "active",
    reducedMotion: "reduce",
    contrast: "more",
  });
  // What Firefox's driver does not emulate, its settings do.
  if (FIREFOX) {
    await prefer(page, { "browser.display.document_color_use": 2, "ui.prefersReducedMotion": 1 });
    const forced = async () => matchMedia("(forced-colors: active) and (prefers-reduced-motion: reduce)").matches;
    await until(page, forced, null, "colours are forced");
  }
  const chosen = page.locator("#obs-list [aria-selected=true]");
  assert.match(await chosen.evaluate((row) => getComputedStyle(row).outlineStyle), /solid/);
  const swatch = page.locator(".categories input[type=color]").first();
  assert.notEqual(await swatch.evaluate((input) => getComputedStyle(input).forcedColorAdjust), "auto");
  const pressed = page.locator("#choose [aria-pressed=true]").first();
  assert.match(await pressed.evaluate((button) => getComputedStyle(button).outlineStyle), /solid/);
  const slow = await page.evaluate(
    () => [...document.querySelectorAll("*")].filter((one) => getComputedStyle(one).transitionDuration !== "0s").length,
  );
  assert.equal(slow, 0, "nothing moves by itself");
  await shoot(page, "forced-colours");
  assert.deepEqual(errors, []);
  if (FIREFOX) await prefer(page, { "browser.display.document_color_use": null, "ui.prefersReducedMotion": null });
  await page.context().close();
});

test("on a narrow screen nothing is wider than the window, and targets are large enough", async () => {
  const { page, errors } = await sample(here.browser, here.server, { viewport: { width: 360, height: 740 }, hasTouch: true });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok((await wide()) <= 0);
  await tap(page.getByRole("button", { name: "Lasso (L)" }));
  await shoot(page, "narrow");
  const inside = await page.evaluate(() =>
    [...document.querySelectorAll("#choose, #tools, #chosen")]
      .map((part) => part.getBoundingClientRect())
      .every(({ left, right }) => left >= 0 && right <= innerWidth),
  );
  assert.ok(inside, "the tools fit");
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, select")].flatMap((one) => {
      const { width, height } = one.getBoundingClientRect();
      const box = one.closest("label")?.getBoundingClientRect();
      const [w, h] = [Math.max(width, box?.width ?? 0), Math.max(height, box?.height ?? 0)];
      return width && (w < 24 || h < 24) ? [`${one.outerHTML.slice(0, 80)} ${w} × ${h}`] : [];
    }),
  );
  assert.deepEqual(small, []);
  await tap(page.getByRole("button", { name: "Legend" }));
  await tap(page.getByRole("tab", { name: "Filters" }));
  await page.locator("#filters-panel h2").waitFor();
  assert.ok((await wide()) <= 0);
  await shoot(page, "narrow-filters");
  assert.deepEqual(errors, []);
  await page.context().close();
});
