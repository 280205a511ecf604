/**
 * A real browser at the real page: Debian's Chromium or, with BROWSER=firefox, its Firefox ESR; the native server, the module. What the
 * page logs or throws fails the test.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import * as gecko from "./gecko.js";

/** Whether it is Firefox this time. */
export const FIREFOX = process.env.BROWSER === "firefox";
/** For `test`: what only Chromium's driver can do, so that Firefox leaves it out. @param {string} why */
export const onlyChromium = (why) => (FIREFOX ? { skip: why } : {});

export const ROOT = resolve(import.meta.dirname, "../..");
const SHOTS = resolve(ROOT, "build/screenshots");
export const BINARY = process.env.CELLUCID_BINARY ?? resolve(ROOT, "target/debug/cellucid-wasm");
const CHROMIUM_FLAGS = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts `cellucid-wasm serve` and waits for its address: the page is at its root, the folder below `data/`.
 *
 * @param {string} folder
 * @param {...string} more further arguments
 * @returns {Promise<{ url: string, stop: () => void, ended: Promise<unknown> }>}
 */
export async function serve(folder, ...more) {
  const page = more.includes("--page") ? [] : ["--page", resolve(ROOT, "www")];
  const port = more.includes("--port") ? [] : ["--port", "0"];
  const child = spawn(BINARY, ["serve", folder, ...page, ...port, "--no-browser", ...more], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const url = await new Promise((done, fail) => {
    const hear = (/** @type {Buffer} */ text) => {
      said += text;
      const found = said.match(/https?:\/\/[^\s"']+/);
      if (found) done(found[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", fail);
    child.on("exit", (code) => fail(new Error(`the server ended with ${code}: ${said}`)));
  });
  return { url, stop: () => child.kill(), ended: once(child, "exit") };
}

/**
 * A browser of its own. `graphics: false` gives one that has no WebGL.
 *
 * @param {{ graphics?: boolean }} [options]
 */
export async function launch({ graphics = true } = {}) {
  if (FIREFOX) return gecko.launch(graphics);
  const flags = graphics ? [] : ["--disable-3d-apis"];
  const path = [process.env.CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((one) => existsSync(one));
  assert.ok(path, "Chromium is not installed: ./check installs it");
  // Root and machines without user namespaces cannot have one; only our own page is opened.
  const sandbox = ["--no-sandbox"];
  return chromium.launch({ executablePath: path, args: [...CHROMIUM_FLAGS, ...sandbox, ...flags] });
}

/** For a screenshot the driver puts a style of its own into the page, which Firefox refuses and complains of. @param {string} words */
export const itsOwn = (words) => FIREFOX && /blocked an inline style/.test(words);

/**
 * The page, opened; `errors` collects what it logged or threw.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @param {"auto" | "card" | "processor"} [drawing] who draws: as on most people's computers, unless told otherwise
 */
export async function visit(browser, url, options, drawing = "card") {
  // Keeping the page for a visit without a network is a test of its own; Firefox's driver cannot forbid it.
  const workers = /** @type {"block" | "allow"} */ (FIREFOX ? "allow" : "block");
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: workers, ...options });
  await context.addInitScript((chosen) => {
    // A frame of another origin, or none at all, may have no storage.
    try {
      localStorage["cellucid.drawing"] ??= chosen;
    } catch {}
  }, drawing);
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  const own = new URL(url).origin;
  page.on("pageerror", (error) => {
    if (!itsOwn(String(error))) errors.push(String(error.stack));
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !itsOwn(message.text())) errors.push(`${message.text()} (${message.location().url})`);
  });
  /** @type {string[]} */
  const strangers = [];
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== own && !["data:", "blob:"].includes(protocol)) strangers.push(request.url());
  });
  await page.goto(url);
  if (await page.locator("#plot").count()) await whole(page);
  return { page, errors, strangers };
}

/** Waits until the panels are there: they come after what the first picture needs. @param {import("playwright-core").Page} page */
export async function whole(page) {
  await page.evaluate(async () => (await import(new URL("main.js", document.baseURI).href)).panels);
}

/**
 * Drops a file or folder from disk on the page as the browser itself would.
 *
 * @param {import("playwright-core").Page} page
 * @param {...string} files
 */
export async function drop(page, ...files) {
  if (FIREFOX) return gecko.drop(page, files);
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: files.map((file) => resolve(file)), dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
    await session.send("Input.dispatchDragEvent", { type, x: 500, y: 300, data });
  }
  await session.detach();
}

/**
 * Chooses a folder from disk, which arrives as a flat list of files with paths. Chromium's own dialog would give a handle instead: there the
 * input is filled.
 *
 * @param {import("playwright-core").Page} page @param {string} path
 */
export const chooseFolder = (page, path) =>
  FIREFOX ? gecko.chooseFolder(page, path) : page.locator("#folder").setInputFiles(path);

/**
 * Does what makes the browser save a file, and puts that file into a folder.
 *
 * @param {import("playwright-core").Page} page @param {string} folder @param {() => Promise<void>} act
 * @returns {Promise<string>} where it is, by the name that the page gave it
 */
export async function download(page, folder, act) {
  if (FIREFOX) return gecko.download(page, folder, act);
  const [saved] = await Promise.all([page.waitForEvent("download"), act()]);
  const path = join(folder, saved.suggestedFilename());
  await saved.saveAs(path);
  return path;
}

/** Ends the Service Worker of a page's origin, as a browser may at any time. @param {import("playwright-core").Page} page */
export async function endWorker(page) {
  if (FIREFOX) return gecko.endWorker(page);
  const control = await page.context().newCDPSession(page);
  /** @param {"running" | "stopped"} status @returns {Promise<string>} */
  const version = (status) =>
    new Promise((done) =>
      control.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
        const found = versions.find(({ runningStatus }) => runningStatus === status);
        if (found) done(found.versionId);
      }),
    );
  const running = version("running");
  await control.send("ServiceWorker.enable");
  const versionId = await running;
  const stopped = version("stopped");
  await control.send("ServiceWorker.stopWorker", { versionId });
  await stopped;
  await control.detach();
}

/**
 * Asks the page again and again until it says yes.
 *
 * @template T
 * @param {import("playwright-core").Page | import("playwright-core").Frame} page
 * @param {(given: T) => Promise<boolean>} ask runs in the page
 * @param {T} given
 * @param {string} what for the message when it never does
 */
export async function until(page, ask, given, what) {
  const end = Date.now() + 60_000;
  while (!(await page.evaluate(/** @type {any} */ (ask), given))) {
    if (Date.now() > end) assert.fail(`waited in vain until ${what}; ${await told(page)}`);
    await page.waitForTimeout(40);
  }
}

/** What the page has come to, for the message of a test that failed. @param {import("playwright-core").Page | import("playwright-core").Frame} page */
function told(page) {
  return page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href).catch(() => ({}));
    if (!store) return "this is not the viewer's page";
    const { source, dataset, busy, trouble, wanted, colour } = store.state;
    const doing = busy.map((/** @type {{ label: string }} */ { label }) => label);
    const fault = trouble?.fault.message;
    return `the page: ${JSON.stringify({ source: source?.label, cells: dataset?.cells, wanted: wanted?.key, colour: colour?.field.key, doing, fault })}`;
  });
}

/**
 * Waits until a field is drawn in full.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} key
 */
export async function coloured(page, key) {
  const ask = async (/** @type {string} */ wanted) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { colour, trouble, busy } = store.state;
    if (trouble) throw new Error(`${trouble.fault.code}: ${trouble.fault.message}`);
    return colour?.field.key === wanted && busy.length === 0;
  };
  await until(page, ask, key, `the plot is coloured by ${key}`);
  await rested(page);
}

/** Waits until the plot is at rest and drawn in full. @param {import("playwright-core").Page | import("playwright-core").Frame} page */
export async function rested(page) {
  const ask = async () => {
    const { store, panels } = await import(new URL("main.js", document.baseURI).href);
    await panels;
    const canvas = document.querySelector("#plot");
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    // A change may come with the next frame: of size, say.
    for (let count = 0; count < 3; count++) await frame();
    return canvas instanceof HTMLCanvasElement && Number(canvas.dataset.drawn) === store.state.dataset.cells;
  };
  await until(page, ask, null, "the plot is drawn in full");
}

/**
 * Waits until the state has a value.
 *
 * @param {import("playwright-core").Page} page @param {string} key @param {unknown} wanted
 */
export async function becomes(page, key, wanted) {
  const ask = async (/** @type {{ name: string, text: string }} */ { name, text }) => {
    const { store, panels } = await import(new URL("main.js", document.baseURI).href);
    await panels;
    const value = store.state[name];
    return JSON.stringify(value instanceof Set ? [...value] : value) === text;
  };
  await until(page, ask, { name: key, text: JSON.stringify(wanted) }, `${key} is ${JSON.stringify(wanted)}`);
}

/**
 * What the page draws, cell by cell: numbers (null for NaN), or labels (null for missing).
 *
 * @param {import("playwright-core").Page} page
 * @returns {Promise<Array<number | string | null>>}
 */
export function values(page) {
  return page.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { colour } = store.state;
    if (colour.kind === "continuous") return Array.from(colour.values, (value) => (Number.isNaN(value) ? null : Number(value)));
    return Array.from(colour.codes, (code) => colour.field.labels[Number(code)] ?? null);
  });
}

/** @param {string} store @param {...string} question @returns {any} */
export function python(store, ...question) {
  const program = resolve(ROOT, "build/venv/bin/python");
  assert.ok(existsSync(program), "build/venv is not there: ./check makes it");
  const text = execFileSync(program, [resolve(import.meta.dirname, "truth.py"), store, ...question], { maxBuffer: 1 << 28 });
  return JSON.parse(text.toString());
}

/** Where the first chunk of an HDF5 dataset lies in its file. @param {string} file @param {string} dataset */
export function chunk(file, dataset) {
  const { offset, length } = python(file, "chunk", dataset);
  return { offset: Number(offset), length: Number(length) };
}

/**
 * The pixels of the plot: how many are not ground, how many colours (in steps of 16), how many are pure magenta.
 *
 * @param {import("playwright-core").Page} page
 * @param {import("playwright-core").Frame} [frame] where the page is, if not at the top
 */
export async function pixels(page, frame = page.mainFrame()) {
  const box = await frame.locator("#plot").boundingBox();
  assert.ok(box);
  // Below the tools and clear of the edges, so that only points are counted.
  const clip = { x: box.x + 8, y: box.y + 64, width: box.width - 16, height: box.height - 72 };
  const shot = await page.screenshot({ clip, caret: "initial" });
  const reader = await page.context().newPage();
  const counts = await reader.evaluate(
    async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
      if (!pen) throw new Error("no 2D canvas");
      pen.drawImage(image, 0, 0);
      const { data } = pen.getImageData(0, 0, image.width, image.height);
      /** @type {Record<string, number>} */
      const found = {};
      for (let at = 0; at < data.length; at += 4) {
        const key = [0, 1, 2].map((band) => (data[at + band] ?? 0) >> 4).join();
        found[key] = (found[key] ?? 0) + 1;
      }
      return found;
    },
    `data:image/png;base64,${shot.toString("base64")}`,
  );
  await reader.close();
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const all = sorted.reduce((sum, [, count]) => sum + count, 0);
  const magenta = counts["15,0,15"] ?? 0;
  return { drawn: all - (sorted[0]?.[1] ?? 0), colours: sorted.slice(1).filter(([, count]) => count > 20).length, magenta };
}

/** @param {import("playwright-core").Locator} place */
export async function text(place) {
  return (await place.textContent()) ?? "";
}

/** A touch; Firefox's driver makes no click of one, so there it is a click. @param {import("playwright-core").Locator} place */
export const tap = (place) => (FIREFOX ? place.click() : place.tap());

/**
 * Types into a field as a person does, over what was there, and takes it with Enter. What a driver fills in is no change to Firefox.
 *
 * @param {import("playwright-core").Locator} field @param {string} words
 */
export async function type(field, words) {
  await field.press("ControlOrMeta+a");
  await field.pressSequentially(words);
  await field.press("Enter");
}

/** Kept for people to look at. @param {import("playwright-core").Page} page @param {string} name */
export async function shoot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: resolve(SHOTS, `${FIREFOX ? "firefox-" : ""}${name}.png`), caret: "initial" });
}
