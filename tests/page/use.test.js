/** Using the page: keys, legend, hovering, cancelling, and getting over what goes wrong underneath. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { becomes, coloured, launch, pixels, python, rested, shoot, tap, text, type, until, values, visit } from "./browser.js";
import { choose, lonely, loseContext, SAMPLE, stage, state, sample as visitSample } from "./shown.js";

const here = stage();

/** The page with the sample drawn. @param {import("playwright-core").BrowserContextOptions} [options] */
const sample = (options) => visitSample(here.browser, here.server, options);

test("all of it by keyboard alone", async () => {
  const { page, errors } = await visit(here.browser, here.server.url);
  const press = async (/** @type {string[]} */ ...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  /**
   * Tabs to the control of this name. Back where that is nearer: forth it goes round through the browser's own controls, from where
   * Firefox's driver does not bring the window's focus back.
   *
   * @param {RegExp} name
   */
  const reach = async (name, way = "Tab") => {
    for (let step = 0; step < 60; step++) {
      await press(way);
      const here = await page.evaluate(() => {
        const active = document.activeElement;
        const label = active?.getAttribute("aria-labelledby");
        return `${active?.getAttribute("aria-label") ?? ""} ${label ? document.getElementById(label)?.textContent : ""} ${active?.textContent}`;
      });
      if (name.test(here)) return;
    }
    assert.fail(`no control named ${name} is reached by Tab`);
  };
  await reach(/Try the sample as \.h5ad/);
  await press("Enter");
  await coloured(page, "cell_type");
  await reach(/Find a field or gene/, "Shift+Tab");
  await page.keyboard.type("leid");
  await press("ArrowDown", "Enter");
  await coloured(page, "leiden");
  await reach(/cells in 2D/);
  const before = await state(page, "camera");
  await press("ArrowLeft", "+", "+");
  const after = await state(page, "camera");
  assert.ok(after.reach < before.reach && after.target[0] < before.target[0]);
  await press("0");
  assert.deepEqual(await state(page, "camera"), before);
  await reach(/^\s*3D$/);
  await press("Enter");
  await becomes(page, "dimension", 3);
  await page.locator('#plot[aria-label*="in 3D"]').waitFor();
  await page.locator("#plot").focus();
  const level = await state(page, "camera");
  await press("ArrowUp", "ArrowRight");
  const turned = await state(page, "camera");
  assert.ok(turned.yaw !== level.yaw && turned.pitch > level.pitch);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the legend hides, isolates and counts", async () => {
  const { page, errors } = await sample();
  const truth = python(SAMPLE, "obs", "cell_type");
  for (const label of truth.labels) {
    const row = page.locator(".categories li", { has: page.locator(`.name[title="${label}"]`) });
    const count = truth.cells.filter((/** @type {string} */ cell) => cell === label).length;
    assert.equal((await text(row.locator(".number"))).trim(), count.toLocaleString("en-US"));
  }
  const all = await pixels(page);
  const boxes = page.locator(".categories input[type=checkbox]");
  await boxes.first().uncheck();
  await becomes(page, "hidden", [0]);
  await rested(page);
  const fewer = await pixels(page);
  assert.ok(fewer.drawn < all.drawn && fewer.drawn > 0, `${fewer.drawn} of ${all.drawn}`);
  await boxes.nth(1).focus();
  await page.keyboard.press("Alt+Enter");
  assert.equal((await state(page, "hidden")).length, truth.labels.length - 1 + (truth.cells.includes(null) ? 1 : 0));
  await rested(page);
  const alone = await pixels(page);
  assert.ok(alone.drawn < fewer.drawn && alone.drawn > 0);
  await shoot(page, "legend-isolated");
  await page.keyboard.press("Alt+Enter");
  await becomes(page, "hidden", []);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("cells are drawn once it is known where they lie, and coloured when the colours have come", async () => {
  const context = await here.browser.newContext({ serviceWorkers: "block" });
  let release = () => {};
  const held = new Promise((done) => {
    release = () => done(null);
  });
  await context.route(/obs\/cell_type\/codes\//, async (route) => {
    await held;
    await route.continue();
  });
  const page = await context.newPage();
  await page.goto(`${here.server.url}?url=${encodeURIComponent("sample/sample.zarr")}`);
  await page.locator('#plot[aria-label*="5,000 cells"]').waitFor();
  await rested(page);
  assert.equal(await state(page, "colour"), null);
  const grey = await pixels(page);
  await shoot(page, "grey");
  release();
  await coloured(page, "cell_type");
  const after = await pixels(page);
  assert.ok(grey.drawn > 3000 && grey.colours < after.colours / 2, JSON.stringify({ grey, after }));
  assert.deepEqual(await values(page), python(SAMPLE, "obs", "cell_type").cells);
  await context.close();
});

test("hovering names the cell under the pointer", async () => {
  const { page, errors } = await sample();
  const wanted = await lonely(page);
  await page.mouse.move(wanted.x - 30, wanted.y);
  await page.mouse.move(wanted.x, wanted.y);
  const named = async (/** @type {number} */ cell) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.hover?.cell === cell;
  };
  await until(page, named, wanted.cell, `cell ${wanted.cell} is named`);
  const label = python(SAMPLE, "obs", "cell_type").cells[wanted.cell] ?? "no value";
  const tip = await text(page.locator("#tooltip"));
  assert.ok(tip.includes(label) && tip.includes(`Cell ${(wanted.cell + 1).toLocaleString("en-US")}`), tip);
  await shoot(page, "hover");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("dragging and the wheel move the plot", async () => {
  const { page } = await sample();
  const before = await state(page, "camera");
  await page.mouse.move(600, 400);
  await page.mouse.down();
  await page.mouse.move(660, 430, { steps: 4 });
  await page.mouse.up();
  const moved = await state(page, "camera");
  const height = await page.locator("#plot").evaluate((canvas) => canvas.clientHeight);
  const unit = (2 * before.reach) / height;
  assert.ok(Math.abs(before.target[0] - moved.target[0] - 60 * unit) < 1e-6);
  assert.ok(Math.abs(moved.target[1] - before.target[1] - 30 * unit) < 1e-6);
  await page.mouse.wheel(0, -240);
  await rested(page);
  assert.ok((await state(page, "camera")).reach < moved.reach);
  await page.context().close();
});

test("numbers: both ends of the colours can be moved", async () => {
  const { page, errors } = await sample();
  await choose(page, "n_counts");
  const cells = python(SAMPLE, "obs", "n_counts");
  const [low, high] = [Math.min(...cells), Math.max(...cells)];
  await page.getByRole("button", { name: "Full range" }).click();
  await becomes(page, "range", [low, high]);
  await type(page.getByLabel("Upper end of the colours, as a number"), String((low + high) / 2));
  await becomes(page, "range", [low, (low + high) / 2]);
  const slide = page.getByLabel("Lower end of the colours", { exact: true });
  await slide.focus();
  await page.keyboard.press("PageUp");
  const [from] = await state(page, "range");
  assert.ok(from > low);
  await shoot(page, "numbers");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a lost picture comes back", async () => {
  const { page } = await sample();
  const before = await pixels(page);
  await loseContext(page, () => page.getByText("The graphics card took the picture away").waitFor());
  assert.deepEqual(await pixels(page), before);
  await page.context().close();
});

test("an opening that takes long shows how far it is, and is cancelled", async (context) => {
  const whole = readFileSync(SAMPLE);
  const slow = createServer((request, reply) => {
    const headers = {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Headers": "*",
      "Access-Control-Expose-Headers": "*",
    };
    if (request.method === "OPTIONS") return reply.writeHead(204, headers).end();
    const [, from = "0", to = ""] = request.headers.range?.match(/bytes=(\d+)-(\d*)/) ?? [];
    const last = Math.min(whole.length - 1, to ? Number(to) : whole.length);
    const range = `bytes ${from}-${last}/${whole.length}`;
    reply.writeHead(206, { ...headers, "Content-Range": range, "Content-Length": last - Number(from) + 1, ETag: '"1"' });
    reply.flushHeaders();
    setTimeout(() => reply.end(request.method === "HEAD" ? undefined : whole.subarray(Number(from), last + 1)), 900);
  });
  context.after(() => slow.close().closeAllConnections());
  await new Promise((done) => slow.listen(0, "127.0.0.1", () => done(null)));
  const address = slow.address();
  assert.ok(address && typeof address === "object");
  const { page, errors } = await visit(here.browser, `${here.server.url}?url=http://127.0.0.1:${address.port}/slow.h5ad`);
  const far = page.locator(".busy", { hasText: "Opening slow.h5ad" }).locator(".number");
  await far.filter({ hasText: /^\d+ kB$/ }).waitFor();
  await shoot(page, "progress");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Opening slow.h5ad: cancelled").waitFor();
  await becomes(page, "busy", []);
  assert.equal(await state(page, "trouble"), null);
  await page.getByRole("button", { name: "Try the sample as .h5ad" }).click();
  await coloured(page, "cell_type");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a reader that crashes is replaced, and the dataset opened again", async () => {
  const context = await here.browser.newContext();
  // The real module with one fault put in: the first gene ends in a trap of WebAssembly, as a panic does.
  const trap = "0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,116,0,0,10,5,1,3,0,0,11";
  const body = `
    import init, { Dataset as Real } from "./cellucid.js?real";
    export default init;
    export class Dataset {
      static async open(...given) {
        const real = await Real.open(...given);
        const read = real.read.bind(real);
        const trap = (await WebAssembly.instantiate(Uint8Array.of(${trap}))).instance.exports.t;
        real.read = (path, options) => path.startsWith("var/")
          ? (console.error("panicked at src/x.rs:1:1: put in by a test"), setTimeout(trap), new Promise(() => {}))
          : read(path, options);
        return real;
      }
    }`;
  let faulty = true;
  await context.route(/cellucid\.js$/, (route) => {
    if (!faulty) return route.continue();
    return route.fulfill({ contentType: "text/javascript", headers: { "Cache-Control": "no-store" }, body });
  });
  const page = await context.newPage();
  await page.goto(`${here.server.url}?url=${encodeURIComponent("sample/sample.h5ad")}`);
  await coloured(page, "cell_type");
  const [gene] = python(SAMPLE, "shape").genes;
  await page.evaluate(async () => {
    const { Engine } = await import(new URL("engine/client.js", document.baseURI).href);
    const engine = new Engine();
    await engine.open(new URL("sample/sample.h5ad", document.baseURI).href);
    Object.assign(globalThis, { engine });
  });
  // The reader that has opened it is the faulty one; whichever comes after it, is not.
  faulty = false;
  // What is asked for while the dataset is opened again waits for that.
  const [before, bytes] = await page.evaluate(async (path) => {
    const { engine } = /** @type {any} */ (globalThis);
    const before = await engine.read(path).catch((/** @type {Error} */ error) => error.message);
    const [, gene] = await Promise.all([engine.stats(), engine.read(path)]);
    engine.close();
    return [before, gene.byteLength];
  }, `var/${gene}.values.f32`);
  assert.match(before, /stopped unexpectedly/);
  assert.equal(bytes, 4 * 5000);
  const box = page.getByRole("searchbox", { name: "Find a field or gene" });
  await box.fill(gene);
  await box.press("Enter");
  const message = page.locator("#trouble .message");
  await message.waitFor();
  assert.match(await text(message), /stopped unexpectedly: panicked at src\/x\.rs:1:1: put in by a test/);
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await box.fill(gene);
  await box.press("Enter");
  await coloured(page, gene);
  assert.deepEqual(await values(page), python(SAMPLE, "var", gene));
  await context.close();
});

test("without WebGL the page says so, and everything else works", async () => {
  const plain = await launch({ graphics: false });
  const { page, errors } = await visit(plain, `${here.server.url}?url=${encodeURIComponent("sample/sample.h5ad")}`);
  await page.getByText("This browser has no WebGL 2").waitFor();
  await coloured(page, "cell_type");
  await page.locator("#graphics").getByRole("button", { name: "Close" }).click();
  assert.equal(await page.locator("#graphics").isVisible(), false);
  // Plainly, but drawn: and what is under the pointer is still told.
  const drawn = await pixels(page);
  assert.ok(drawn.drawn > 3000 && drawn.colours > 8, JSON.stringify(drawn));
  const { cell, x, y } = await lonely(page);
  await page.mouse.move(x - 20, y);
  await page.mouse.move(x, y);
  const named = async (/** @type {number} */ wanted) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.hover?.cell === wanted;
  };
  await until(page, named, cell, `cell ${cell} is named`);
  assert.equal(await page.locator(".categories li").count(), python(SAMPLE, "obs", "cell_type").labels.length);
  await shoot(page, "no-webgl");
  assert.deepEqual(errors, []);
  await plain.close();
});

test("the search box is ready for the next name after Enter; an empty one takes nothing; what was taken is in sight", async () => {
  const { page, errors } = await sample();
  const box = page.getByRole("searchbox", { name: "Find a field or gene" });
  await box.fill("cd3");
  const few = await page.locator("#var-list [role=option]").count();
  await box.press("Enter");
  await coloured(page, (await state(page, "wanted")).key);
  const { key } = await state(page, "wanted");
  assert.equal(await box.inputValue(), "");
  assert.ok(await box.evaluate((one) => one === document.activeElement));
  const taken = page.locator("#var-list [role=option][aria-selected=true]");
  assert.equal(await taken.textContent(), key);
  assert.ok(await taken.isVisible());
  assert.ok((await page.locator("#var-list [role=option]").count()) > few, "the whole list is back");
  await box.press("Enter");
  assert.equal((await state(page, "wanted")).key, key);
  // The next is typed at once, and its list can be walked.
  await page.keyboard.type("leid");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await coloured(page, "leiden");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a phone: panels are sheets", async () => {
  const { page, errors } = await sample({ viewport: { width: 390, height: 780 }, hasTouch: true, colorScheme: "dark" });
  assert.ok(!(await page.locator("#legend").isVisible()));
  await tap(page.getByRole("button", { name: "Legend" }));
  await page.locator("#legend .categories").waitFor();
  await shoot(page, "phone-legend");
  await tap(page.getByRole("button", { name: "Colour by" }));
  await page.locator("#obs-list").waitFor();
  assert.ok(!(await page.locator("#legend").isVisible()));
  await shoot(page, "phone-fields");
  assert.deepEqual(errors, []);
  await page.context().close();
});
