/** What cannot be opened: each case says what, where and what to do, on the page and not in the console. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { chunk, coloured, drop, onlyChromium, python, ROOT, shoot, text, values, visit } from "./browser.js";
import { stage } from "./shown.js";

const SAMPLE = resolve(ROOT, "www/sample/sample.h5ad");
const PLACE = resolve(ROOT, "build/page");

/** @type {Array<() => void>} */
const stops = [];

before(() => {
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(resolve(PLACE, "holiday/pictures"), { recursive: true });
});
const here = stage(PLACE);
after(() => {
  for (const stop of stops) stop();
});
/** A host with manners of its own. @param {import("node:http").RequestListener} answer @returns {Promise<string>} */
async function host(answer) {
  const made = createServer(answer);
  stops.push(() => made.close().closeAllConnections());
  await new Promise((done) => made.listen(0, "127.0.0.1", () => done(null)));
  const address = made.address();
  assert.ok(address && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}

/** @param {string} name @param {string | Buffer} content */
function file(name, content) {
  const path = resolve(PLACE, name);
  writeFileSync(path, content);
  return path;
}

/**
 * The error as a person reads it, checked part by part.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ code: string, message: RegExp, advice: RegExp, file?: RegExp }} wanted
 */
async function told(page, wanted) {
  const card = page.locator("#trouble article");
  await card.waitFor({ timeout: 30_000 });
  const all = await text(card);
  assert.equal(await card.getAttribute("data-code"), wanted.code, all);
  assert.match(await text(card.locator(".message")), wanted.message);
  assert.match(await text(card.locator(".advice")), wanted.advice);
  if (wanted.file) assert.match(await text(card.locator("dl")), wanted.file);
}

/** @param {string} name @param {(page: import("playwright-core").Page) => Promise<void>} run @param {import("node:test").TestOptions} [how] */
function trouble(name, run, how = {}) {
  test(name, how, async () => {
    const { page, errors } = await visit(here.browser, here.server.url);
    await run(page);
    // Browsers log failed requests by themselves; everything else belongs on the page.
    assert.deepEqual(
      errors.filter((text) => !/Failed to load resource|CORS policy|Cross-Origin Request Blocked/.test(text)),
      [],
    );
    // The page goes on working.
    const close = page.locator("#trouble button", { hasText: "Close" });
    if (await close.isVisible()) await close.click();
    await drop(page, SAMPLE);
    await coloured(page, "cell_type");
    await page.context().close();
  });
}

trouble("not HDF5", async (page) => {
  await drop(page, file("table.h5ad", "cell,gene\na,1\n".repeat(500)));
  await told(page, { code: "malformed", message: /HDF5|neither|not an? /i, advice: /./, file: /table\.h5ad/ });
  await shoot(page, "trouble-not-hdf5");
});

trouble("truncated", async (page) => {
  const whole = readFileSync(SAMPLE);
  await drop(page, file("half.h5ad", whole.subarray(0, whole.length >> 1)));
  await told(page, {
    code: "malformed",
    message: /has 908181 bytes.*1816362/,
    advice: /copy|download/i,
    file: /half\.h5ad/,
  });
});

trouble("empty", async (page) => {
  await drop(page, file("nothing.h5ad", ""));
  await told(page, { code: "malformed", message: /empty|0 bytes/i, advice: /./, file: /nothing\.h5ad/ });
});

trouble("a folder that is no store", async (page) => {
  file("holiday/pictures/beach.jpg", Buffer.alloc(5000, 7));
  await drop(page, resolve(PLACE, "holiday"));
  await told(page, { code: "missing", message: /store|zarr/i, advice: /./, file: /holiday/ });
  await shoot(page, "trouble-folder");
});

trouble(
  "two things at once",
  async (page) => {
    await drop(page, file("table.csv", "a,b"), file("notes.txt", "x"));
    await told(page, { code: "request", message: /none of the 2 things is a dataset/i, advice: /one/i });
  },
  onlyChromium("its driver drops one thing"),
);

trouble("an address that is none", async (page) => {
  await page.getByLabel("Address of an .h5ad file or a .zarr store").fill("ftp://host/x.h5ad");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await told(page, { code: "request", message: /"ftp:.*" is not a web address/, advice: /https:/ });
});

trouble("404", async (page) => {
  await page.goto(`${here.server.url}?url=${encodeURIComponent("sample/nowhere.h5ad")}`);
  await told(page, { code: "missing", message: /404/, advice: /address/i, file: /nowhere\.h5ad/ });
  await shoot(page, "trouble-404");
});

trouble("CORS refused", async (page) => {
  const url = await host((_request, reply) => reply.end(readFileSync(SAMPLE)));
  await page.goto(`${here.server.url}?url=${encodeURIComponent(`${url}/private.h5ad`)}`);
  await told(page, { code: "source", message: /./, advice: /Access-Control-Allow-Origin|CORS/i, file: /private\.h5ad/ });
  await shoot(page, "trouble-cors");
});

trouble("no such host", async (page) => {
  const url = await host(() => {});
  stops.pop()?.();
  await page.goto(`${here.server.url}?url=${encodeURIComponent(`${url}/gone.h5ad`)}`);
  await told(page, { code: "source", message: /./, advice: /./, file: /gone\.h5ad/ });
});

trouble("a host without ranges, then all of it at once", async (page) => {
  const whole = readFileSync(SAMPLE);
  const url = await host((request, reply) => {
    reply.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Length": whole.length });
    reply.end(request.method === "HEAD" ? undefined : whole);
  });
  await page.goto(`${here.server.url}?url=${encodeURIComponent(`${url}/plain.h5ad`)}`);
  await told(page, { code: "source", message: /range/i, advice: /download/i, file: /plain\.h5ad/ });
  const second = page.getByRole("button", { name: /Download all of it \(1\.\d MB\) and open it/ });
  await second.waitFor();
  await shoot(page, "trouble-ranges");
  await second.click();
  await coloured(page, "cell_type");
  assert.deepEqual(await values(page), python(SAMPLE, "obs", "cell_type").cells);
});

trouble("a damaged gene leaves the plot as it is", async (page) => {
  const { offset, length } = chunk(SAMPLE, "X/indices");
  const bytes = readFileSync(SAMPLE).fill(0xff, offset, offset + length);
  await drop(page, file("broken.h5ad", bytes));
  await coloured(page, "cell_type");
  const [gene] = python(SAMPLE, "shape").genes;
  await page.getByRole("searchbox", { name: "Find a field or gene" }).fill(gene);
  await page.keyboard.press("Enter");
  await told(page, { code: "malformed", message: /X\/indices|deflate|zlib|inflate/i, advice: /./, file: /broken\.h5ad/ });
  await shoot(page, "trouble-damaged");
  assert.deepEqual(await values(page), python(SAMPLE, "obs", "cell_type").cells);
});
