/** What is taken along: pictures, tables, sessions, links. Each is opened again, by Python or by the page. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";
import { becomes, coloured, download, FIREFOX, python, ROOT, rested, shoot, until, visit } from "./browser.js";
import { choose, patch, SAMPLE, sample, seen, stage, state } from "./shown.js";

const folder = mkdtempSync(join(tmpdir(), "cellucid-"));

const here = stage();
after(() => {
  rmSync(folder, { recursive: true });
});
/** @typedef {import("playwright-core").Page} Page */

/** Presses a button of the save panel, and keeps the file. @param {Page} page @param {string} name */
function saved(page, name) {
  return download(page, folder, () => page.locator("#save").getByRole("button", { name, exact: true }).click());
}

/** @param {Page} page */
async function openSave(page) {
  await page.getByRole("button", { name: "Save…" }).click();
  await page.locator("#save").getByRole("button", { name: "PNG" }).waitFor();
}

/** What a PDF says of itself. @param {Buffer} pdf */
function papers(pdf) {
  // Firefox packs what describes pages and fonts.
  const packed = [...pdf.toString("latin1").matchAll(/stream\r?\n(.*?)\r?\nendstream/gs)].map(([, bytes = ""]) => {
    try {
      return inflateSync(Buffer.from(bytes, "latin1")).toString("latin1");
    } catch {
      return "";
    }
  });
  const text = [pdf.toString("latin1"), ...packed].join("\n");
  const count = (/** @type {RegExp} */ what) => [...text.matchAll(what)].length;
  const [, width = "", height = ""] = text.match(/\/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]/) ?? [];
  return {
    pages: count(/\/Type \/Page\b(?!s)/g),
    width: Number(width),
    height: Number(height),
    fonts: count(/\/Type \/Font\b/g),
    images: count(/\/Subtype \/Image\b/g),
  };
}

/** The groups that Python reads from a session. @param {string} path */
function groups(path) {
  const program = `
import json, sys
from cellucid import CellucidSessionBundle
import anndata
bundle = CellucidSessionBundle(sys.argv[1])
data = anndata.read_h5ad(sys.argv[2])
bundle.apply_to_anndata(data, inplace=True)
columns = [c for c in data.obs if c.startswith("cellucid_highlight__")]
print(json.dumps({"prints": bundle.dataset_fingerprint, "columns": {c: [int(i) for i in data.obs[c].to_numpy().nonzero()[0]] for c in columns}}))`;
  return JSON.parse(
    execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-W", "ignore", "-c", program, path, SAMPLE]).toString(),
  );
}

test("PNG at the size asked for, SVG with an image or with one shape per cell, the legend in both", async () => {
  const { page, errors, strangers } = await sample(here.browser, here.server);
  await patch(page, { labels: true });
  await page.locator(".categories input[type=checkbox]").nth(3).uncheck();
  await rested(page);
  await openSave(page);
  await shoot(page, "save");
  const { width, height } = await seen(page);
  for (const scale of [1, 2]) {
    await page.getByLabel("Size of the picture").selectOption(String(scale));
    const bytes = readFileSync(await saved(page, "PNG"));
    assert.equal(bytes.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [(width + 220) * scale, (height + 40) * scale]);
  }
  const image = readFileSync(await saved(page, "SVG"), "utf8");
  assert.match(image, /<image [^>]*href="data:image\/png;base64,/);
  await page.getByLabel("Points as shapes in SVG").check();
  const shapes = readFileSync(await saved(page, "SVG"), "utf8");
  const kinds = python(SAMPLE, "obs", "cell_type");
  const cells = kinds.cells.filter((/** @type {string} */ kind) => kind !== kinds.labels[3]).length;
  const swatches = kinds.labels.length - 1;
  assert.equal(shapes.match(/<circle /g)?.length, cells + swatches);
  assert.ok(!shapes.includes("<image"));
  for (const [at, label] of kinds.labels.entries()) assert.equal(shapes.includes(`>${label}</text>`), at !== 3, label);
  // Well-formed, as other programs demand.
  const fine = await page.evaluate(
    (text) => !new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror"),
    shapes,
  );
  assert.ok(fine);
  assert.deepEqual([errors, strangers], [[], []]);
  await page.context().close();
});

test("the drawing is one page of a PDF, of its own size, with text in it; the SVG prints alike", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await openSave(page);
  await page.getByLabel("Points as shapes in SVG and PDF").check();
  const file = await saved(page, "SVG");
  const svg = readFileSync(file, "utf8");
  const [width, height] = ["width", "height"].map((name) => Number(svg.match(new RegExp(`<svg[^>]* ${name}="([\\d.]+)"`))?.[1]));
  assert.ok(width && height && width > 400 && height > 300);
  // What printing would get: the dialog itself cannot be tested, so it is left out, and the driver prints.
  await page.evaluate(() => {
    globalThis.print = () => document.body.setAttribute("data-printed", "");
  });
  await page.locator("#save").getByRole("button", { name: "PDF…" }).click();
  await page.locator("body[data-printed]").waitFor();
  // The style of the page's symbols is not that of the drawing.
  const drawn = await page.evaluate(() => {
    const [paper, title] = ["svg.paper", "svg.paper text"].map((what) => document.querySelector(what));
    if (!paper || !title) throw new Error("nothing is to be printed");
    return [getComputedStyle(paper).width, getComputedStyle(paper).height, getComputedStyle(title).stroke];
  });
  assert.deepEqual(drawn, [`${width}px`, `${height}px`, "none"]);
  const own = await page.pdf({ preferCSSPageSize: true });
  const fresh = await (await here.browser.newContext()).newPage();
  await fresh.goto(pathToFileURL(file).href);
  // Firefox's driver takes inches for centimetres.
  const [across, down] = [width, height].map((side) => `${side * (FIREFOX ? 2.54 : 1)}px`);
  const other = await fresh.pdf({ width: across, height: down, ...(!FIREFOX && { pageRanges: "1-" }) });
  for (const pdf of [own, other]) {
    const about = papers(pdf);
    assert.equal(about.pages, 1);
    // A CSS pixel is three quarters of a point; printers round to whole ones.
    assert.ok(Math.abs(about.width - 0.75 * width) < 2 && Math.abs(about.height - 0.75 * height) < 2, JSON.stringify(about));
    assert.ok(about.fonts > 0, "the text is text");
    assert.equal(about.images, 0, "the points are shapes");
  }
  // What was put into the page for it is gone again.
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await page.locator("svg.paper").count(), 0);
  assert.deepEqual(errors, []);
  await fresh.context().close();
  await page.context().close();
});

test("selected cells as CSV, with their names and the columns chosen", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await choose(page, "CD3E");
  const cells = [3, 77, 4999];
  await page.evaluate(async (chosen) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ selection: { cells: Uint32Array.from(chosen), source: "lasso" } });
  }, cells);
  await openSave(page);
  await page.locator("#save").getByLabel("cell_type").check();
  await page.locator("#save").getByLabel("n_counts").check();
  await page.getByLabel("Which cells").selectOption("selected");
  const rows = readFileSync(await saved(page, "CSV"), "utf8")
    .trimEnd()
    .split("\r\n");
  const [names, kinds, counts, gene] = [
    python(SAMPLE, "names"),
    python(SAMPLE, "obs", "cell_type").cells,
    python(SAMPLE, "obs", "n_counts"),
    python(SAMPLE, "var", "CD3E"),
  ];
  assert.deepEqual(rows, [
    "cell,cell_type,n_counts,CD3E",
    ...cells.map((cell) => [names[cell], kinds[cell], counts[cell], gene[cell]].join(",")),
  ]);
  await page.getByLabel("Which cells").selectOption("all");
  assert.equal(
    readFileSync(await saved(page, "CSV"), "utf8")
      .trimEnd()
      .split("\r\n").length,
    5001,
  );
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a session is saved, applied by Python, and restored: groups, selection, filters, colours, view", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const group = {
      id: "highlight_1",
      label: "Mine, ünïcode",
      color: "#123456",
      cells: Uint32Array.of(1, 5, 4999),
      type: "lasso",
    };
    store.patch({ highlights: [group], selection: { cells: Uint32Array.of(7, 8), source: "lasso" } });
  });
  await page.locator(".categories input[type=checkbox]").nth(1).uncheck();
  await page.locator(".categories input[type=color]").nth(2).fill("#abcdef");
  await page.getByRole("tab", { name: "Filters" }).click();
  await page.getByRole("button", { name: "Keep what the legend shows" }).click();
  await page.locator("#plot").focus();
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowLeft");
  await choose(page, "leiden");
  await patch(page, { size: 1.5, labels: true, ramp: { name: "magma", reverse: true, log: false } });
  const keys = ["camera", "hidden", "size", "labels", "ramp", "tones", "selection", "filtered"];
  const before = Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await state(page, key)])));
  await openSave(page);
  const path = await saved(page, "Save session");
  const { prints, columns } = groups(path);
  assert.equal(prints.cellCount, 5000);
  assert.deepEqual(
    Object.values(columns).sort((a, b) => b.length - a.length),
    [
      [1, 5, 4999],
      [7, 8],
    ],
  );
  assert.deepEqual(errors, []);
  await page.context().close();

  const again = await sample(here.browser, here.server);
  await openSave(again.page);
  await again.page.locator("#session-file").setInputFiles(path);
  await again.page.getByText("1 groups restored.").waitFor();
  await coloured(again.page, "leiden");
  for (const key of keys) {
    const after = await state(again.page, key);
    if (key !== "camera") assert.deepEqual(after, before[key], key);
    else for (const part of ["reach", "yaw"]) assert.ok(Math.abs(after[part] - before[key][part]) < 1e-5, `${key} ${part}`);
  }
  const [group] = await state(again.page, "highlights");
  assert.deepEqual([group.label, group.color, group.cells, group.type], ["Mine, ünïcode", "#123456", [1, 5, 4999], "lasso"]);
  // One for other cells, and one that is none, are refused in words.
  const whole = readFileSync(path);
  const other = Buffer.from(whole.toString("latin1").replace('"cellCount":5000', '"cellCount":4000'), "latin1");
  await again.page.locator("#session-file").setInputFiles({ name: "other.cellucid-session", mimeType: "", buffer: other });
  await again.page.getByText("The session was saved for 4,000 cells, this dataset has 5,000.").waitFor();
  await again.page.getByRole("button", { name: "Close", exact: true }).click();
  await openSave(again.page);
  await again.page
    .locator("#session-file")
    .setInputFiles({ name: "none.cellucid-session", mimeType: "", buffer: Buffer.from("hello") });
  await again.page.locator("#trouble .message").waitFor();
  assert.deepEqual(again.errors, []);
  await again.page.context().close();
});

test("a link holds the view: dimension, camera, colours, filters, plots side by side", async () => {
  const { page, errors } = await sample(here.browser, here.server);
  await page.locator(".categories input[type=checkbox]").nth(1).uncheck();
  await page.getByRole("tab", { name: "Filters" }).click();
  await page.getByRole("button", { name: "Keep what the legend shows" }).click();
  await page.getByRole("button", { name: "How it is drawn" }).click();
  await page.getByRole("button", { name: "Keep this colouring beside" }).click();
  await page.keyboard.press("Escape");
  await choose(page, "CD3E");
  await page.getByRole("button", { name: "3D" }).click();
  await page.locator('#plot[aria-label*="in 3D"]').waitFor();
  await page.locator("#plot").focus();
  await page.keyboard.press("ArrowRight");
  await openSave(page);
  await page.getByRole("button", { name: "Copy link" }).click();
  const field = page.getByLabel("Link to this view");
  await field.waitFor();
  const link = await field.inputValue();
  assert.ok(link.length < 2000 && link.includes("#view="), `${link.length} characters`);
  const [camera, filtered] = [await state(page, "camera"), await state(page, "filtered")];
  await page.context().close();

  const again = await visit(here.browser, link);
  await coloured(again.page, "CD3E");
  await becomes(again.page, "dimension", 3);
  const turned = async (/** @type {number} */ yaw) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return Math.abs((store.state.camera?.yaw ?? 0) - yaw) < 1e-6 && store.state.points?.dimension === 3;
  };
  await until(again.page, turned, camera.yaw, "the plot is seen as before");
  assert.deepEqual(await state(again.page, "filtered"), filtered);
  assert.deepEqual(
    (await state(again.page, "panes")).map((/** @type {any} */ { colour }) => colour.field.key),
    ["cell_type"],
  );
  assert.deepEqual([errors, again.errors, again.strangers], [[], [], []]);
  await again.page.context().close();

  // A link that was cut short opens the dataset all the same.
  const cut = await visit(here.browser, link.slice(0, -20));
  await coloured(cut.page, "cell_type");
  await cut.page.getByText("The view in the link is damaged").waitFor();
  assert.deepEqual(cut.errors, []);
  await cut.page.context().close();
});
