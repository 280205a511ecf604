/**
 * What is kept between visits, from a real worker over HTTP: the gene index and the metadata of a file, in the origin's private file
 * system. And genes in parts, several at once, decoded by other workers.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.js";
import { site } from "./site.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof site>>} */
let host;

before(async () => {
  browser = await launch();
  host = await site({
    "/": "<!doctype html><title>Reads</title>",
    "/rows.h5ad": { file: "build/bench/20000x500_csr_gzip.h5ad" },
    "/large.h5ad": { file: "build/bench/90000x500_csr_gzip.h5ad" },
    "/columns.h5ad": { file: "build/bench/20000x500_csc_gzip.h5ad" },
  });
});
after(async () => {
  await browser?.close();
  host?.stop();
});

/**
 * Opens a file in a fresh engine and reads genes from it.
 *
 * @param {import("playwright-core").Page} page @param {string} file @param {{ cache?: boolean }} options @param {string[]} genes
 */
function visit(page, file, options, genes) {
  return page.evaluate(
    async ([file, options, genes]) => {
      const { Engine } = await import(new URL("/app/engine/client.js", location.href).href);
      const engine = new Engine();
      await engine.open(new URL(file, location.href).href, options);
      await engine.read("points_2d.bin");
      const before = await engine.stats();
      /** @type {{ start: number, end: number, sum: number }[]} */
      const parts = [];
      const sum = (/** @type {Float32Array} */ values) => values.reduce((a, b) => a + b, 0);
      const sums = [];
      for (const gene of genes) {
        /** @param {{ start: number, end: number, values: Float32Array }} part */
        const partial = ({ start, end, values }) => parts.push({ start, end, sum: sum(values) });
        sums.push(sum(new Float32Array(await engine.read(`var/${gene}.values.f32`, { partial }))));
      }
      const after = await engine.stats();
      // What is kept is written once the answers are out: the index ends with its mark then.
      const limit = options.cache === false ? 0 : 600;
      for (let wait = 0; wait < limit && !(await finished()); wait++) await new Promise((done) => setTimeout(done, 50));
      engine.close();
      return { sums, parts, opened: before, bytes: after.bytes_read - before.bytes_read, kept: await kept() };

      async function finished() {
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("cellucid-wasm", { create: true });
        for await (const handle of folder.values()) {
          if (handle.kind !== "file") continue;
          const file = await handle.getFile();
          if ((await file.slice(-8).text()).startsWith("genes")) return true;
        }
        return false;
      }

      async function kept() {
        try {
          const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("cellucid-wasm");
          const names = [];
          for await (const name of folder.keys()) names.push(name);
          return names;
        } catch {
          return [];
        }
      }
    },
    /** @type {const} */ ([file, options, genes]),
  );
}

test("a gene index and the metadata of a file outlive the visit", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(host.url);
  const columns = await visit(page, "/columns.h5ad", { cache: false }, ["Gene00007", "Gene00008"]);
  assert.deepEqual(columns.kept, [], "nothing is kept when that is not wanted");

  const first = await visit(page, "/rows.h5ad", {}, ["Gene00007", "Gene00008"]);
  assert.deepEqual(first.sums, columns.sums);
  assert.ok(first.bytes > 1e6, "the matrix had to be gone through");
  const of = first.parts.filter(({ start }) => start === 0);
  assert.ok(of.length >= 1 && first.parts.at(-1)?.end === 20_000);
  assert.equal(first.kept.length, 3, `index, metadata and when they were used: ${first.kept}`);

  // A worker that was ended lets go of its files, but not at once.
  await new Promise((done) => setTimeout(done, 300));
  const second = await visit(page, "/rows.h5ad", {}, ["Gene00008", "Gene00007"]);
  assert.deepEqual(second.sums, columns.sums.toReversed());
  assert.ok(second.bytes < 10_000, `genes come from the index, only their names are read: ${second.bytes} bytes`);
  assert.ok(second.opened.requests <= 3, `the second opening knows where things are: ${second.opened.requests} requests`);
  assert.ok(second.opened.requests < first.opened.requests);

  // Damaged: made anew.
  await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("cellucid-wasm");
    for await (const [, handle] of folder.entries()) {
      if (!(handle instanceof FileSystemFileHandle)) continue;
      const file = await handle.getFile();
      const bytes = new Uint8Array(await file.arrayBuffer());
      for (let at = 0; at < bytes.length; at += 97) bytes[at] = (bytes[at] ?? 0) ^ 8;
      const writable = await handle.createWritable();
      await writable.write(bytes);
      await writable.close();
    }
  });
  const third = await visit(page, "/rows.h5ad", {}, ["Gene00007", "Gene00008"]);
  assert.deepEqual(third.sums, columns.sums);
  assert.ok(third.bytes > 1e6);
  await context.close();
});

test("whoever asks for genes does not wait while the index is kept", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(host.url);
  const { asked, written } = await page.evaluate(async () => {
    const at = (/** @type {string} */ path) => new URL(path, location.href).href;
    const { Engine } = await import(at("/app/engine/client.js"));
    // Each write is told: when, and how much.
    const tell = `
      const told = new BroadcastChannel("written");
      const { prototype } = FileSystemSyncAccessHandle;
      const { write } = prototype;
      prototype.write = function (bytes, options) {
        told.postMessage([performance.timeOrigin + performance.now(), bytes.byteLength]);
        return write.call(this, bytes, options);
      };`;
    const script = (/** @type {string} */ text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = script(`import "${script(tell)}"; import "${at("/app/engine/worker.js")}";`);
    const engine = new Engine(() => new Worker(worker, { type: "module" }));
    /** @type {[time: number, bytes: number][]} */
    const written = [];
    new BroadcastChannel("written").onmessage = ({ data }) => written.push(data);
    // The pieces are long; other files that are written are short, or written in one go.
    const large = () => written.filter(([, bytes]) => bytes === 1 << 20);
    const until = async (/** @type {() => boolean} */ what) => {
      for (let wait = 0; wait < 600 && !what(); wait++) await new Promise((done) => setTimeout(done, 20));
    };
    await engine.open(at("/large.h5ad"), {});
    await engine.read("var/Gene00007.values.f32");
    await until(() => large().length > 1);
    const now = () => performance.timeOrigin + performance.now();
    const begun = now();
    const paths = Array.from({ length: 200 }, (_, i) => `var/Gene${String(i).padStart(5, "0")}.values.f32`);
    await Promise.all(paths.map((path) => engine.read(path)));
    const asked = [begun, now()];
    const before = large().length;
    await until(() => large().length > before + 1);
    engine.close();
    return { asked, written };
  });
  const [begun = 0, ended = 0] = asked;
  const large = written.filter(([, bytes]) => bytes === 1 << 20);
  const meanwhile = large.filter(([time]) => time > begun && time < ended);
  assert.ok(meanwhile.length <= 2, `${meanwhile.length} pieces were written in ${ended - begun} ms of 200 genes`);
  assert.ok(large.some(([time]) => time < begun) && large.some(([time]) => time > ended), "before and after, some are");
  await context.close();
});

test("several genes are one plan, decoded by other workers", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(host.url);
  const { together, apart, waited, jobs } = await page.evaluate(async () => {
    const at = (/** @type {string} */ path) => new URL(path, location.href).href;
    const module = await import(at("/pkg/cellucid.js"));
    await module.default();
    const { Pool } = await import(at("/app/engine/pool.js"));
    const pool = new Pool(2, () => new Worker(at("/app/engine/worker.js"), { type: "module" }));
    let jobs = 0;
    module.decodeWith((/** @type {unknown[]} */ ...job) => {
      jobs++;
      return pool.decode(...job);
    });
    const genes = Array.from({ length: 20 }, (_, i) => `var/Gene${String(i * 20).padStart(5, "0")}.values.f32`);
    const sums = (/** @type {Uint8Array[]} */ files) =>
      files.map(({ buffer }) => new Float32Array(buffer).reduce((a, b) => a + b, 0));
    const rows = await module.Dataset.open(at("/rows.h5ad"), { cache: false });
    const together = sums(await rows.readMany(genes));
    module.decodeWith();
    const columns = await module.Dataset.open(at("/columns.h5ad"), { cache: false });
    const first = columns.stats().requests;
    const apart = sums(await columns.readMany(genes));
    return { together, apart, waited: columns.stats().requests - first, jobs };
  });
  assert.deepEqual(together, apart);
  assert.ok(jobs >= 2, `${jobs} batches were decoded elsewhere`);
  assert.ok(waited <= 60, `${waited} requests for 20 genes`);
  await context.close();
});

test("other workers take part in going through a matrix that is stored by row", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(host.url);
  const { alone, helped, engine, given, requests } = await page.evaluate(async () => {
    const at = (/** @type {string} */ path) => new URL(path, location.href).href;
    const module = await import(at("/pkg/cellucid.js"));
    await module.default();
    const { Aides } = await import(at("/app/engine/aides.js"));
    const { Engine } = await import(at("/app/engine/client.js"));
    const team = new Aides(1, () => new Worker(at("/app/engine/worker.js"), { type: "module" }), at("/large.h5ad"), {});
    // Started, and with the file open, so that it has its share of a matrix that is soon gone through.
    await team.help("X", 0, 10);
    let given = 0;
    const paths = ["var/Gene00007.values.f32", "var/Gene00400.values.f32"];
    const sums = (/** @type {Uint8Array[]} */ files) =>
      files.map(({ buffer }) => new Float32Array(buffer).reduce((a, b) => a + b, 0));
    const one = await module.Dataset.open(at("/large.h5ad"), { cache: false, prefetch: false });
    const alone = sums(await one.readMany(paths));
    const two = await module.Dataset.open(at("/large.h5ad"), { cache: false, prefetch: false });
    two.helpWith(async (/** @type {Parameters<typeof team.help>} */ ...asked) => {
      const part = await team.help(...asked);
      if (part) given++;
      return part;
    }, 2);
    const helped = sums(await two.readMany(paths));
    team.close();
    // By the page's own way, from a local file.
    const file = new File([await (await fetch(at("/large.h5ad"))).blob()], "large.h5ad");
    const local = new Engine();
    await local.open(file, { cache: false });
    const engine = [];
    for (const path of paths) engine.push(new Float32Array(await local.read(path)).reduce((a, b) => a + b, 0));
    local.close();
    return { alone, helped, engine, given, requests: [one.stats().requests, two.stats().requests] };
  });
  assert.ok((alone[0] ?? 0) > 0);
  assert.deepEqual(helped, alone);
  assert.deepEqual(engine, alone);
  assert.ok(given >= 1, "nobody took part");
  assert.ok((requests[1] ?? 0) >= (requests[0] ?? 0), `what others read counts, too: ${requests}`);
  await context.close();
});
