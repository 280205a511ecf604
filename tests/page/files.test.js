/**
 * Open datasets for a copy of the Cellucid app, three ways: as files of a Service Worker, as a data source, through `fetch` in a frame
 * without an origin. Each gives the app exactly what the reference's server gives it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { buildSync } from "esbuild";
import { endWorker, launch, ROOT } from "./browser.js";
import { reference, site } from "./site.js";

const SAMPLE = resolve(ROOT, "www/sample/sample.h5ad");
const WHO = { viewerId: "00ff12ab34cd56ef", viewerToken: "0123456789abcdef0123456789abcdef" };

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof site>>} */
let host;
/** @type {Awaited<ReturnType<typeof reference>>} */
let notebook;
/** What the app learns from the reference. @type {any} */
let truth;

/** @typedef {import("playwright-core").Page} Page */

before(async () => {
  browser = await launch();
  host = await site({
    "/": "<!doctype html><title>Holds the data</title>",
    // A copy of the app, as far as files go.
    "/copy/": "<!doctype html><title>The app</title>",
    "/copy/assets/js/var/app.js": "its own",
    "/copy/files.js": { file: "www/bridge/files.js" },
    "/app.js": { file: "tests/page/app.js" },
  });
  notebook = await reference(SAMPLE);
  const page = await open();
  truth = await page.evaluate(
    async (server) => (await import(new URL("/app.js", location.href).href)).viaServer(server),
    `${notebook.viewer.origin}/`,
  );
  await page.context().close();
  const names = Object.keys(truth.arrays);
  for (const name of ["2d", "3d", "codes cell_type", "outliers cell_type", "obs n_counts", "sourcesPath", "velocity_umap 3d"]) {
    assert.ok(names.includes(name), `${name} in ${names}`);
  }
});
after(async () => {
  await browser?.close();
  for (const one of [host, notebook]) one?.stop();
});

/** A page of the host's, in a context of its own unless one is given. @param {import("playwright-core").BrowserContext} [context] */
async function open(context) {
  const page = await (context ?? (await browser.newContext())).newPage();
  await page.goto(host.url);
  return page;
}

/** Opens the sample in a page and keeps it there. @param {Page} page @param {object} [options] */
const hold = (page, options = {}) =>
  page.evaluate(
    async ({ file, options }) => {
      const { default: start, Dataset } = await import(new URL("/pkg/cellucid.js", location.href).href);
      await start();
      Object.assign(globalThis, { dataset: await Dataset.open(file, options) });
    },
    { file: `${host.url}sample/sample.h5ad`, options: { name: "sample.h5ad", ...options } },
  );

/** Shares what a page holds. @param {Page} page @param {string} base */
const share = (page, base) =>
  page.evaluate(async (root) => {
    const { share } = await import(new URL("/app/bridge/app.js", location.href).href);
    const shelf = await share({ worker: "/copy/files.js", base: root });
    Object.assign(globalThis, { shelf });
    return shelf.add(Reflect.get(globalThis, "dataset"));
  }, base);

/** The app in a frame of the page. @param {Page} page */
async function app(page) {
  await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.src = "/copy/";
    const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
    document.body.append(frame);
    await loaded;
  });
  const frame = page.frames().at(-1);
  assert.ok(frame);
  return frame;
}

/** Compares all that the app learns; times and places differ by nature. @param {any} found */
function agrees(found) {
  const steady = (/** @type {any} */ { identity, obs, vars, edges, arrays }) => {
    const { created_at, source, ...rest } = identity;
    return { identity: rest, obs, vars, edges, arrays };
  };
  assert.deepEqual(steady(found), steady(truth));
}

test("(a) beside the app: found by itself, by ?remote=, as an export root", { timeout: 120_000 }, async () => {
  const page = await open();
  await hold(page);
  assert.equal(await share(page, "/copy/"), `${host.url}copy/`);
  const frame = await app(page);
  const itself = await frame.evaluate(async () =>
    (await import(new URL("/app.js", location.href).href)).viaServer(new URL("./", location.href).href),
  );
  agrees(itself);
  assert.deepEqual(itself.health, { ...truth.health, version: itself.health.version });
  assert.deepEqual(itself.datasets, truth.datasets);

  assert.equal(await share(page, "/copy/virtual/"), `${host.url}copy/virtual/`);
  agrees(
    await frame.evaluate(async () =>
      (await import(new URL("/app.js", location.href).href)).viaServer(new URL("virtual/", location.href).href),
    ),
  );
  agrees(
    await frame.evaluate(
      async (id) =>
        (await import(new URL("/app.js", location.href).href)).viaExports(new URL("virtual/", location.href).href, id),
      truth.identity.id,
    ),
  );
  // None of it came from the network.
  assert.deepEqual(
    host.asked.filter((line) => /copy\/.*(manifest|identity|points|_cellucid|datasets)/.test(line)),
    [],
  );

  // What the worker does not know goes to the network; what it knows to be missing does not.
  const answers = await frame.evaluate(async () => {
    const look = async (/** @type {string} */ name, /** @type {RequestInit} */ init = {}) => {
      const answer = await fetch(name, init);
      return [answer.status, (await answer.text()).slice(0, 7), answer.headers.get("content-length")];
    };
    return {
      own: await look("assets/js/var/app.js"),
      missing: await look("obs/nothing.values.f32"),
      squeezed: await look("points_2d.bin.gz"),
      head: await look("points_2d.bin", { method: "HEAD" }),
      range: await look("dataset_identity.json", { headers: { Range: "bytes=0-6" } }),
      unknown: await look("obs_manifest.txt"),
    };
  });
  const size = String(truth.identity.stats.n_cells * 8);
  assert.deepEqual(
    [answers.own.slice(0, 2), answers.missing[0], answers.squeezed[0], answers.head, answers.unknown[0]],
    [[200, "its own"], 404, 404, [200, "", size], 404],
  );
  assert.deepEqual(answers.range, [206, '{"versi', "7"]);
  await page.context().close();
});

test("(a) the app's events and sessions reach the page that shares", { timeout: 60_000 }, async () => {
  const page = await open();
  await hold(page);
  await share(page, "/copy/");
  await page.evaluate(({ viewerId, viewerToken }) => {
    const heard = /** @type {any[]} */ ([]);
    Object.assign(globalThis, { heard });
    const { endpoint } = Reflect.get(globalThis, "shelf").router;
    const listener = {
      event: (/** @type {any} */ event) => heard.push(event),
      bundle: (/** @type {string} */ id, /** @type {Uint8Array} */ bytes) => heard.push({ id, bytes: bytes.length }),
    };
    endpoint.admit(viewerId, viewerToken, listener, true);
    endpoint.expect(viewerId, "request");
  }, WHO);
  const frame = await app(page);
  const answers = await frame.evaluate(async (who) => {
    const post = async (/** @type {string} */ path, /** @type {BodyInit} */ body) => {
      const answer = await fetch(path, { method: "POST", body });
      return [answer.status, (await answer.text()).slice(0, 60)];
    };
    const event = (/** @type {object} */ more) => post("_cellucid/events", JSON.stringify({ type: "click", cell: 3, ...more }));
    const query = new URLSearchParams({ viewerId: who.viewerId, requestId: "request" });
    const bundle = new Uint8Array(3 << 20);
    bundle.set(new TextEncoder().encode("CELLUCID_SESSION\n"));
    return [
      await event({ viewerId: who.viewerId }),
      await event(who),
      await event({ ...who, viewerToken: "guess" }),
      await event({ viewerId: "ffffffffffffffff" }),
      await post("_cellucid/events", "{"),
      await post(`_cellucid/session_bundle?${query}`, bundle),
      await post(`_cellucid/session_bundle?${query}`, bundle),
      await post("dataset_identity.json", "x"),
    ];
  }, WHO);
  const delivered = [200, '{"status":"ok","delivered":true}'];
  const unknown = [200, '{"status":"not_found","delivered":false}'];
  assert.deepEqual(answers.slice(0, 4), [delivered, delivered, unknown, unknown]);
  assert.match(String(answers[4]?.[1]), /^{"status":"error","message":"Invalid JSON/);
  assert.deepEqual(answers[5], [200, `{"status":"ok","bytes":${3 << 20}}`]);
  assert.deepEqual([answers[6]?.[0], answers[7]?.[0]], [404, 404]);
  assert.deepEqual(await page.evaluate(() => Reflect.get(globalThis, "heard")), [
    { type: "click", cell: 3 },
    { type: "click", cell: 3 },
    { id: "request", bytes: 3 << 20 },
    { type: "session_bundle", requestId: "request", status: "ok", bytes: 3 << 20 },
  ]);
  await page.context().close();
});

test("(a) the worker's end, several datasets, several tabs", { timeout: 120_000 }, async () => {
  const context = await browser.newContext();
  const first = await open(context);
  await hold(first, { datasetId: "first", datasetName: "First" });
  await share(first, "/copy/");
  const frame = await app(first);
  /** @param {string} name */
  const name = (name) =>
    frame.evaluate(async (path) => {
      const answer = await fetch(path);
      return answer.ok ? (await answer.json()).name : answer.status;
    }, name);
  assert.equal(await name("dataset_identity.json"), "First");

  // Ended between two requests, as a browser may at any time.
  await endWorker(first);
  assert.equal(await name("dataset_identity.json"), "First", "a new worker knows who shares");

  const second = await open(context);
  await hold(second, { datasetId: "second", datasetName: "Second" });
  await share(second, "/copy/other/");
  assert.deepEqual([await name("dataset_identity.json"), await name("other/dataset_identity.json")], ["First", "Second"]);
  // The same place in two tabs: the newer one, as long as it is there.
  await share(second, "/copy/");
  assert.equal(await name("dataset_identity.json"), "Second");
  await second.close();
  assert.deepEqual([await name("dataset_identity.json"), await name("other/dataset_identity.json")], ["First", 404]);

  // Several datasets of one page.
  await first.evaluate(async (file) => {
    const { Dataset } = await import(new URL("/pkg/cellucid.js", location.href).href);
    const other = await Dataset.open(file, { name: "sample.h5ad", datasetId: "more", datasetName: "More" });
    await Reflect.get(globalThis, "shelf").add(other);
  }, `${host.url}sample/sample.h5ad`);
  assert.deepEqual([await name("first/dataset_identity.json"), await name("more/dataset_identity.json")], ["First", "More"]);
  const both = await frame.evaluate(async () =>
    (await import(new URL("/app.js", location.href).href)).viaServer(new URL("./", location.href).href),
  );
  assert.deepEqual(
    both.datasets.map((/** @type {any} */ { id, path }) => [id, path]),
    [
      ["first", "/first/"],
      ["more", "/more/"],
    ],
  );
  assert.deepEqual(both.arrays, truth.arrays);
  await first.evaluate(() => Reflect.get(globalThis, "shelf").stop());
  assert.equal(await name("first/dataset_identity.json"), 404);
  await context.close();
});

test("(b) as a source of the app's manager", { timeout: 60_000 }, async () => {
  const page = await open();
  await hold(page);
  const found = await page.evaluate(async () => {
    const { createDataSource } = await import(new URL("/app/bridge/app.js", location.href).href);
    const source = await createDataSource(Reflect.get(globalThis, "dataset"));
    const { viaSource } = await import(new URL("/app.js", location.href).href);
    const [{ id }] = await source.listDatasets();
    const refused = async (/** @type {string} */ url) =>
      source.resolveUrl(url).then(
        () => "resolved",
        (/** @type {any} */ error) => error.code,
      );
    const odd = [
      await refused(`wasm://${id}/points_2d.bin.gz`),
      await refused(`wasm://${id}/obs/none.values.f32`),
      await refused("wasm://other/points_2d.bin"),
      await refused("https://example.org/points_2d.bin"),
    ];
    const url = await source.resolveUrl(`wasm://${id}/points_2d.bin`);
    const same = url === (await source.resolveUrl(`wasm://${id}/points_2d.bin`));
    const again = await viaSource(source);
    const gone = await fetch(url).then(
      () => "there",
      () => "gone",
    );
    return { ...again, odd, same, gone, shape: [source.getType(), await source.isAvailable(), await source.hasDataset(id)] };
  });
  agrees(found);
  assert.deepEqual(found.odd, ["missing", "missing", "missing", "request"]);
  assert.deepEqual([found.same, found.gone, found.shape], [true, "gone", ["wasm", true, true]]);
  assert.equal(found.metadata.stats.n_cells, truth.identity.stats.n_cells);
  await page.context().close();
});

test("(c) through fetch, in a sandboxed frame without an origin", { timeout: 60_000 }, async () => {
  const page = await open();
  await hold(page);
  const { outputFiles } = buildSync({
    stdin: {
      resolveDir: ROOT,
      contents: `
        import { borrow, installFetchShim } from "./www/bridge/app.js";
        import { viaServer } from "./tests/page/app.js";
        onmessage = async ({ ports: [port] }) => {
          const say = (what) => parent.postMessage(what, "*");
          try {
            const before = fetch;
            const remove = await installFetchShim(borrow(port), "https://data.invalid/here/");
            const found = await viaServer("https://data.invalid/here/");
            const head = await fetch(new Request("https://data.invalid/here/points_2d.bin", { method: "HEAD" }));
            const part = await fetch("https://data.invalid/here/points_2d.bin", { headers: { Range: "bytes=0-7" } });
            const late = AbortSignal.abort();
            const cut = new AbortController();
            const reading = fetch("https://data.invalid/here/obs_manifest.json", { signal: cut.signal }).catch(({ name }) => name);
            cut.abort();
            const odd = [
              head.headers.get("content-length"), part.status, (await part.arrayBuffer()).byteLength, part.url,
              (await fetch("https://data.invalid/here/points_2d.bin.gz")).status,
              await fetch("https://data.invalid/here/points_2d.bin", { signal: late }).catch(({ name }) => name),
              await reading,
              (await fetch("data:text/plain,others").then((answer) => answer.text())),
            ];
            remove();
            say({ found, odd, origin, removed: fetch === before });
          } catch (error) {
            say({ error: String(error.stack) });
          }
        };
        parent.postMessage("listening", "*");`,
    },
    bundle: true,
    format: "iife",
    write: false,
  });
  const script = outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? "";
  const { found, odd, origin, removed, error } = await page.evaluate(async (html) => {
    const { lend } = await import(new URL("/app/bridge/app.js", location.href).href);
    const frame = document.createElement("iframe");
    frame.sandbox.add("allow-scripts");
    frame.srcdoc = html;
    return new Promise((done) => {
      addEventListener("message", ({ data, source }) => {
        if (data !== "listening") return done(data);
        const { port1, port2 } = new MessageChannel();
        lend(Reflect.get(globalThis, "dataset"), port1);
        /** @type {Window} */ (source).postMessage("a dataset", "*", [port2]);
      });
      document.body.append(frame);
    });
  }, `<!doctype html><title>The app</title><script>${script}</script>`);
  assert.equal(error, undefined);
  agrees(found);
  const size = String(truth.identity.stats.n_cells * 8);
  assert.deepEqual(odd, [size, 206, 8, "https://data.invalid/here/points_2d.bin", 404, "AbortError", "AbortError", "others"]);
  assert.deepEqual([origin, removed], ["null", true]);
  await page.context().close();
});

test("the worker is one plain file", () => {
  const text = readFileSync(resolve(ROOT, "www/bridge/files.js"), "utf8");
  assert.doesNotMatch(text, /^\s*(?:import|export)\b|importScripts/m);
});
