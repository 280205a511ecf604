/** The page in somebody else's page: commands and events with the reference's own viewer, over a port, and from strangers. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { unpack } from "../../www/bridge/cells.js";
import { FIREFOX, itsOwn, launch, pixels, python, ROOT, rested, shoot } from "./browser.js";
import { state } from "./shown.js";
import { reference, site } from "./site.js";

const SAMPLE = resolve(ROOT, "www/sample/sample.h5ad");
const WHO = { viewerId: "00ff12ab34cd56ef", viewerToken: "0123456789abcdef0123456789abcdef" };

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof site>>} */
let app;
/** @type {Awaited<ReturnType<typeof site>>} */
let host;
/** @type {Awaited<ReturnType<typeof reference>> | null} */
let notebook = null;

const FRAME = `<!doctype html><title>A notebook</title><style>body{margin:0}iframe{border:0;width:1200px;height:760px}</style>`;

before(async () => {
  browser = await launch();
  app = await site({ "/beside": "<title>Another page</title>" }, () => notebook?.viewer.origin ?? null);
  host = await site({
    "/": FRAME,
    // Holds a page without an origin, which can only be answered over a port.
    "/opaque": `${FRAME}<iframe src="data:text/html,a notebook"></iframe>`,
  });
});
after(async () => {
  await browser?.close();
  for (const one of [app, host, notebook]) one?.stop();
});

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Frame} Frame */

/** @param {Record<string, string>} [more] */
const address = (more) => `${app.url}app/?${new URLSearchParams({ url: "/sample/sample.h5ad", ...WHO, ...more })}`;

/**
 * A page that embeds the page, and what it hears from it.
 *
 * @param {string} src
 * @param {string} [where]
 */
async function embed(src, where = host.url) {
  const context = await browser.newContext({ viewport: { width: 1240, height: 800 } });
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => {
    if (!itsOwn(String(error))) errors.push(String(error.stack));
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !itsOwn(message.text())) errors.push(`${message.text()} (${message.location().url})`);
  });
  await page.goto(where);
  await page.evaluate((from) => {
    const heard = /** @type {any[]} */ ([]);
    Object.assign(globalThis, { heard });
    addEventListener("message", ({ data, origin, source }) =>
      heard.push({ data, origin, child: source === frame.contentWindow }),
    );
    const frame = document.createElement("iframe");
    frame.src = from;
    document.body.append(frame);
  }, src);
  const frame = await inner(page, app.url);
  return { page, frame, errors, close: () => context.close() };
}

/** The frame at an address, once it is there. @param {Page} page @param {string} url @returns {Promise<Frame>} */
async function inner(page, url) {
  for (let tries = 0; tries < 100; tries++) {
    const frame = page.frames().find((one) => one !== page.mainFrame() && one.url().startsWith(url));
    if (frame) return frame;
    await page.waitForTimeout(100);
  }
  return assert.fail(`no frame at ${url}`);
}

/** Waits until a value of the state fits. @param {Frame} frame @param {string} key @param {(value: any) => boolean} fits @returns {Promise<any>} */
async function becomes(frame, key, fits) {
  for (let tries = 0; ; tries++) {
    const value = await state(frame, key);
    if (fits(value)) return value;
    assert.ok(tries < 300, `${key} stayed ${JSON.stringify(value)?.slice(0, 500)}`);
    await frame.page().waitForTimeout(100);
  }
}

/** Waits until the sample is drawn. @param {Frame} frame */
async function drawn(frame) {
  await becomes(frame, "colour", (colour) => colour?.field.key === "cell_type");
  await becomes(frame, "busy", (busy) => busy.length === 0);
  await becomes(frame, "camera", Boolean);
}

/** Posts to the frame as a notebook page does. @param {Page} page @param {unknown} message @param {Record<string, string>} [who] */
const post = (page, message, who = WHO) =>
  page.evaluate((said) => document.querySelector("iframe")?.contentWindow?.postMessage(said, "*"), {
    .../** @type {object} */ (message),
    ...who,
  });

/** Where a cell with room around it lies on the screen. @param {Frame} frame */
async function lonely(frame) {
  return frame.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    const { matrix, project } = await import(new URL("view/camera.js", document.baseURI).href);
    const canvas = document.querySelector("canvas");
    const size = { width: canvas?.clientWidth ?? 0, height: canvas?.clientHeight ?? 0 };
    const { points, camera, dataset } = store.state;
    const view = matrix(camera, size);
    /** @type {Array<[number, number]>} */
    const places = Array.from({ length: dataset.cells }, (_, cell) =>
      project(view, size, points.coordinates[cell * 2], points.coordinates[cell * 2 + 1], 0),
    );
    let [best, room] = [-1, 0];
    for (const [cell, [x, y]] of places.entries()) {
      if (y < 90 || x < 20 || y > size.height - 150) continue; // other things lie there
      let least = Infinity;
      for (const [other, [u, v]] of places.entries()) if (other !== cell) least = Math.min(least, Math.hypot(x - u, y - v));
      if (least > room) [best, room] = [cell, least];
    }
    const box = canvas?.getBoundingClientRect();
    const [x, y] = places[best] ?? [0, 0];
    const position = { x: points.coordinates[best * 2], y: points.coordinates[best * 2 + 1], z: 0 };
    return { cell: best, x: x + (box?.left ?? 0), y: y + (box?.top ?? 0), position };
  });
}

test("the reference's viewer drives the page and hears from it", { timeout: 240_000 }, async () => {
  notebook = await reference(SAMPLE);
  const { call, hear, viewer } = notebook;
  const who = Object.fromEntries(viewer.searchParams);
  const { page, frame, errors, close } = await embed(`${app.url}app/${viewer.search}&url=/sample/sample.h5ad`);
  const truth = python(SAMPLE, "obs", "cell_type").cells;

  const event = (/** @type {string} */ name) => hear((one) => one.event?.event === name, `an event "${name}"`);
  /** What the notebook's page does with what Python sends. */
  const relay = async () => {
    const { command } = await hear((one) => one.command, "a command");
    await post(page, command, { viewerId: String(who.viewerId), viewerToken: String(who.viewerToken) });
    return command;
  };
  assert.deepEqual((await event("ready")).event, { event: "ready", n_cells: truth.length, dimensions: 2 });
  await drawn(frame);

  await rested(frame);
  const plain = await pixels(page, frame);
  call("highlight_cells", [[5, 6, 7, 200, 900]], { color: "#ff00ff" });
  await relay();
  const [group] = await becomes(frame, "highlights", (highlights) => highlights.length === 1);
  assert.deepEqual([group.cells, group.color, group.label], [[5, 6, 7, 200, 900], "#ff00ff", "Python selection (5 cells)"]);
  await rested(frame);
  assert.ok((await pixels(page, frame)).magenta > plain.magenta + 20, "the highlight is seen");
  await shoot(page, "bridge-highlight");

  call("set_color_by", ["leiden"]);
  await relay();
  await becomes(frame, "colour", (colour) => colour.field.key === "leiden");
  call("set_color_by", ["no such column"]);
  await relay();
  const { event: complaint } = await event("command_error");
  assert.equal(complaint.command, "setColorBy");
  assert.match(complaint.reason, /no column or gene named "no such column"/);

  const some = Array.from({ length: 1000 }, (_, cell) => cell);
  call("set_visibility", [some, false]);
  await relay();
  await becomes(frame, "invisible", (invisible) => invisible?.filter(Boolean).length === 1000);
  await rested(frame);
  const fewer = await pixels(page, frame);
  assert.ok(fewer.drawn < plain.drawn && fewer.drawn > 0, `${fewer.drawn} of ${plain.drawn}`);
  call("set_visibility");
  await relay();
  await becomes(frame, "invisible", (invisible) => invisible === null);
  call("clear_highlights");
  await relay();
  await becomes(frame, "highlights", (highlights) => highlights.length === 0);

  const home = await state(frame, "camera");
  await frame.locator("#closer").click();
  await becomes(frame, "camera", (camera) => camera.reach < home.reach);
  call("reset_view");
  await relay();
  await becomes(frame, "camera", (camera) => camera?.reach === home.reach);

  call("send_message", [{ type: "ping", requestId: "0a1b2c3d4e5f6071" }]);
  await relay();
  const { event: pong } = await event("pong");
  assert.equal(pong.requestId, "0a1b2c3d4e5f6071");
  assert.ok(Math.abs(pong.t - Date.now()) < 60_000);
  call("send_message", [{ type: "debug_snapshot", requestId: "0a1b2c3d4e5f6071" }]);
  await relay();
  const { event: snapshot } = await event("debug_snapshot");
  assert.equal(snapshot.serverUrl, `${app.url}app/`);
  assert.equal(`${snapshot.parentOrigin}/`, host.url);
  assert.ok(!snapshot.locationHref.includes(who.viewerToken) && snapshot.userAgent.includes(FIREFOX ? "Firefox" : "Chrom"));

  const wanted = await lonely(frame);
  await page.mouse.move(wanted.x - 40, wanted.y);
  await page.mouse.move(wanted.x, wanted.y);
  const { event: hover } = await hear(
    (one) => one.event?.event === "hover" && one.event.cell === wanted.cell,
    "the hovered cell",
  );
  assert.deepEqual(hover.position, wanted.position);
  await page.keyboard.down("Shift");
  await page.mouse.click(wanted.x, wanted.y);
  await page.keyboard.up("Shift");
  assert.deepEqual((await event("click")).event, { event: "click", cell: wanted.cell, button: 0, shift: true, ctrl: false });

  // As a lasso would leave it.
  const chosen = [3, 4, 1000];
  await frame.evaluate(async (cells) => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ selection: { cells: Uint32Array.from(cells), source: "lasso" } });
  }, chosen);
  assert.deepEqual((await event("selection")).event, { event: "selection", cells: chosen, source: "lasso" });

  await frame.evaluate(() => console.warn("something", "odd"));
  const { event: line } = await event("console");
  assert.deepEqual([line.level, line.message], ["warn", "something odd"]);

  call("highlight_cells", [[11, 12]], { color: "#00ff00" });
  await relay();
  await becomes(frame, "highlights", (highlights) => highlights.length === 1);
  call("bundle");
  assert.equal((await relay()).type, "requestSessionBundle");
  const { bundle, columns, fingerprint } = await hear((one) => one.bundle || one.error, "the session");
  assert.ok(bundle?.includes("highlights/meta"), JSON.stringify(bundle));
  assert.deepEqual([fingerprint.cellCount, fingerprint.sourceType], [truth.length, "jupyter"]);
  assert.deepEqual(Object.values(columns), [[11, 12], chosen]);

  // More than its server takes: nothing goes out, and the person is told.
  await frame.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ selection: { cells: Uint32Array.from({ length: 200_000 }, (_, cell) => cell), source: "range" } });
  });
  const trouble = await becomes(frame, "trouble", Boolean);
  assert.equal(trouble.fault.code, "limit");
  assert.match(await frame.locator("#trouble").innerText(), /selection of 200000 cells takes more than/);
  await frame.locator("#trouble").getByRole("button", { name: "Close" }).click();

  call("send_message", [{ type: "freeze" }]);
  await relay();
  await becomes(frame, "frozen", Boolean);
  assert.ok(await frame.evaluate(() => document.querySelector("main")?.matches("[inert]")));
  assert.ok((await pixels(page, frame)).drawn > 0, "the picture stays");
  // It answers neither of the questions by which later servers are told apart, and the browser writes that down.
  const odd = errors.filter((text) => !/404 .*_cellucid\/(relay\?.*|protocol)\)$/.test(text));
  assert.deepEqual(odd, []);
  await close();
});

test("over a port: numbered, packed, acknowledged, sent again", { timeout: 120_000 }, async () => {
  const { page, frame, errors, close } = await embed(address());
  await page.waitForFunction(() =>
    Reflect.get(globalThis, "heard").some((/** @type {any} */ { data }) => data.cellucid === "hello"),
  );
  const hello = await page.evaluate(() => Reflect.get(globalThis, "heard")[0]);
  assert.deepEqual(hello, { data: { cellucid: "hello", ...WHO }, origin: app.url.slice(0, -1), child: true });
  /** @param {object} [options] */
  const connect = (options = {}) =>
    page.evaluate(
      (said) => {
        const { port1, port2 } = new MessageChannel();
        const lines = /** @type {any[]} */ ([]);
        port1.onmessage = ({ data }) => lines.push(data);
        Object.assign(globalThis, { port: port1, lines });
        document.querySelector("iframe")?.contentWindow?.postMessage({ cellucid: "connect", ...said }, "*", [port2]);
      },
      { ...WHO, ...options },
    );
  const say = (/** @type {object} */ message) =>
    page.evaluate((said) => Reflect.get(globalThis, "port").postMessage(said), { ...message, ...WHO });
  /** @param {string} type @param {(line: any) => boolean} [fits] @returns {Promise<any>} */
  const line = async (type, fits = () => true) => {
    for (let tries = 0; ; tries++) {
      const found = (await page.evaluate(() => Reflect.get(globalThis, "lines"))).find(
        (/** @type {any} */ one) => one.type === type && fits(one),
      );
      if (found) return found;
      assert.ok(
        tries < 300,
        `no "${type}": ${JSON.stringify(await page.evaluate(() => Reflect.get(globalThis, "lines"))).slice(0, 900)}`,
      );
      await page.waitForTimeout(100);
    }
  };
  await connect({ limit: 2 << 20 });
  await drawn(frame);
  const ready = await line("ready");
  assert.deepEqual([ready.seq, ready.viewerId, ready.viewerToken], [1, WHO.viewerId, WHO.viewerToken]);

  // Out of order, and one of them twice.
  await say({ type: "highlight", cells: { coding: "ranges", from: 2, count: 4, data: "AAMFAQ==" }, color: "#0000ff", seq: 2 });
  await say({ type: "clearHighlights", seq: 1 });
  await say({ type: "highlight", cells: [1], seq: 2 });
  await say({ type: "setColorBy", field: "typo", seq: 3 });
  const groups = await becomes(frame, "highlights", (highlights) => highlights.length > 0);
  assert.deepEqual(
    groups.map((/** @type {any} */ { cells }) => cells),
    [[2, 3, 4, 10]],
  );
  await line("command_done", ({ answers }) => answers === 1);
  await line("command_done", ({ answers }) => answers === 2);
  assert.match((await line("command_error", ({ answers }) => answers === 3)).reason, /typo/);
  await say({ type: "highlight", cells: [1, 99_999_999], seq: 4 });
  assert.match((await line("command_error", ({ answers }) => answers === 4)).reason, /no cell 99999999/);

  // A million cells tossed by a coin: 125 kB of bytes, as they are.
  const tossed = await frame.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    let state = 1;
    const cells = Uint32Array.from({ length: 1_000_000 }, (_, cell) => cell).filter(() => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >= 2 ** 31;
    });
    store.patch({ selection: { cells, source: "lasso" } });
    return { count: cells.length, sum: cells.reduce((sum, cell) => sum + cell, 0) };
  });
  const weight = await page.waitForFunction(() => {
    const found = Reflect.get(globalThis, "lines").find((/** @type {any} */ { type }) => type === "selection");
    return (
      found && { bytes: found.cells.data.length, kind: found.cells.data.constructor.name, data: [...found.cells.data], ...found }
    );
  });
  const { bytes, kind, data, cells } = await weight.jsonValue();
  assert.ok(bytes <= 125_000 && kind === "Uint8Array", `${bytes} bytes of ${kind}`);
  const rows = unpack({ ...cells, data: Uint8Array.from(data) });
  assert.deepEqual([rows.length, rows.reduce((sum, cell) => sum + cell, 0)], [tossed.count, tossed.sum]);

  // What was acknowledged does not come again over the next port; what was not does, first and in order.
  const last = await page.evaluate(() =>
    Math.max(...Reflect.get(globalThis, "lines").map((/** @type {any} */ { seq }) => seq ?? 0)),
  );
  await say({ type: "ack", upTo: last - 1 });
  await say({ type: "ping", requestId: "before" });
  await line("pong", ({ requestId }) => requestId === "before");
  await connect();
  await say({ type: "ping", requestId: "after" });
  await line("pong", ({ requestId }) => requestId === "after");
  const again = await page.evaluate(() => Reflect.get(globalThis, "lines").map((/** @type {any} */ { seq }) => seq));
  assert.deepEqual(again, [last, last + 1, last + 2]);
  // Nothing but the hello went over the window.
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, "heard").length), 1);
  assert.deepEqual(errors, []);
  await close();
});

test("without a port events go to the page's own parent; a session is handed over", { timeout: 120_000 }, async () => {
  const { page, frame, errors, close } = await embed(address());
  const heard = () => page.evaluate(() => Reflect.get(globalThis, "heard").map((/** @type {any} */ { data }) => data));
  /** @param {string} type @returns {Promise<any>} */
  const one = async (type) => {
    for (let tries = 0; tries < 300; tries++) {
      const found = (await heard()).find((/** @type {any} */ data) => data.type === type);
      if (found) return found;
      await page.waitForTimeout(100);
    }
    return assert.fail(`no "${type}"`);
  };
  await drawn(frame);
  assert.deepEqual(
    (await heard()).map((/** @type {any} */ { cellucid }) => cellucid),
    ["hello"],
    "nothing is told before the parent has spoken",
  );
  await post(page, { type: "highlight", cells: [4, 5] });
  assert.equal((await one("ready")).n_cells, python(SAMPLE, "obs", "cell_type").cells.length);
  await frame.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ selection: { cells: Uint32Array.of(8, 9), source: "lasso" } });
  });
  assert.deepEqual(Object.values((await one("selection")).cells), [8, 9]);
  await post(page, { type: "requestSessionBundle", requestId: "abc" });
  const { status, bytes, data } = await one("session_bundle");
  assert.deepEqual([status, bytes], ["ok", Object.keys(data).length]);
  assert.equal(String.fromCharCode(...Array.from({ length: 17 }, (_, at) => data[at])), "CELLUCID_SESSION\n");
  assert.deepEqual(errors, []);
  await close();
});

test("strangers are ignored: wrong tokens, other frames, other origins, damaged messages", { timeout: 120_000 }, async () => {
  const { page, frame, errors, close } = await embed(address());
  await drawn(frame);
  const freeze = { type: "freeze" };
  await post(page, freeze, { viewerId: WHO.viewerId });
  await post(page, freeze, { ...WHO, viewerToken: "0123456789abcdef0123456789abcdee" });
  await post(page, freeze, { ...WHO, viewerId: "ffffffffffffffff" });
  await post(page, { cellucid: "connect" }, { ...WHO, viewerToken: "guess" });
  await page.evaluate(() => {
    const target = document.querySelector("iframe")?.contentWindow;
    const loop = /** @type {any} */ ({ type: "freeze" });
    loop.self = loop;
    for (const odd of [null, 1, "{", "[]", [], loop, new Uint8Array(9), new Map(), { type: { type: 1 } }, "x".repeat(1 << 20)]) {
      target?.postMessage(odd, "*");
    }
    // More than is read at all.
    target?.postMessage("x".repeat((64 << 20) + 1), "*");
  });
  // A frame beside ours that has got hold of the token, of the same and of another origin than our parent.
  for (const src of [host.url, `${app.url}beside`]) {
    await page.evaluate(async (from) => {
      const beside = document.createElement("iframe");
      beside.src = from;
      const loaded = new Promise((done) => beside.addEventListener("load", done, { once: true }));
      document.body.append(beside);
      await loaded;
    }, src);
    const beside = page.frames().at(-1);
    await beside?.evaluate((said) => parent.frames[0]?.postMessage(said, "*"), { ...freeze, ...WHO });
  }
  // From within the page itself, and from a window it opened.
  await frame.evaluate((said) => postMessage(said, "*"), { ...freeze, ...WHO });
  await page.waitForTimeout(500);
  assert.deepEqual([await state(frame, "frozen"), await state(frame, "highlights")], [false, []]);
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, "heard").length), 1, "nobody was answered");
  // After all that the parent is still heard, and the counts tell what came.
  await post(page, { type: "highlight", cells: [1], seq: 1 });
  await becomes(frame, "highlights", (highlights) => highlights.length === 1);
  // Somebody who has overheard it sends it again.
  await post(page, { type: "highlight", cells: [1], seq: 1 });
  await page.waitForTimeout(300);
  assert.equal((await state(frame, "highlights")).length, 1);
  const counts = await frame.evaluate(async () =>
    (await import(new URL("main.js", document.baseURI).href)).bridge.then((/** @type {any} */ one) => one.counts),
  );
  const { accepted, replayed, oversize, foreign, refused } = counts;
  assert.deepEqual([accepted, replayed, oversize, foreign >= 3, refused >= 8], [1, 1, 1, true, true], JSON.stringify(counts));
  assert.deepEqual(errors, []);
  await close();
});

test("a parent without an origin has to hand over a port", { timeout: 120_000 }, async () => {
  const context = await browser.newContext({ viewport: { width: 1240, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${host.url}opaque`);
  const middle = await inner(page, "data:");
  await middle.evaluate((src) => {
    Object.assign(globalThis, { heard: [] });
    addEventListener("message", ({ data }) => Reflect.get(globalThis, "heard").push(data));
    const frame = document.createElement("iframe");
    frame.src = src;
    document.body.append(frame);
  }, address());
  const frame = await inner(page, app.url);
  await drawn(frame);
  await middle.evaluate((said) => document.querySelector("iframe")?.contentWindow?.postMessage(said, "*"), {
    type: "ping",
    requestId: "x",
    ...WHO,
  });
  await page.waitForTimeout(300);
  assert.deepEqual(await middle.evaluate(() => Reflect.get(globalThis, "heard")), []);
  await middle.evaluate(
    (said) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => Reflect.get(globalThis, "heard").push(data.type);
      document.querySelector("iframe")?.contentWindow?.postMessage(said, "*", [port2]);
    },
    { cellucid: "connect", ...WHO },
  );
  await middle.waitForFunction(() => Reflect.get(globalThis, "heard").includes("ready"));
  await context.close();
});
