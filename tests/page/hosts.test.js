/** Hosts that misbehave, read by the module in a browser: each case ends in the right data or in a clear error. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { FIREFOX, launch, ROOT } from "./browser.js";
import { CASES, FILES, hosts, judge } from "./hosts.js";
import { site } from "./site.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof site>>} */
let home;
/** @type {Awaited<ReturnType<typeof hosts>>} */
let host;
/** @type {import("playwright-core").Page} */
let page;
/** SHA-256 of each file, read from disk by the same module in Node. @type {string[]} */
let truth;

before(async () => {
  const module = await import(resolve(ROOT, "pkg/cellucid.js"));
  await module.default({ module_or_path: readFileSync(resolve(ROOT, "pkg/cellucid_bg.wasm")) });
  const dataset = await module.Dataset.open(readFileSync(resolve(ROOT, "www/sample/sample.h5ad")), { name: "sample.h5ad" });
  truth = [];
  for (const file of FILES)
    truth.push(
      createHash("sha256")
        .update(await dataset.read(file))
        .digest("hex"),
    );
  browser = await launch();
  home = await site({ "/": "<!doctype html><title>Reads from hosts</title>" });
  host = await hosts();
  page = await (await browser.newContext()).newPage();
  await page.goto(home.url);
  await page.evaluate(async () => {
    const { default: start, Dataset } = await import(new URL("/pkg/cellucid.js", location.href).href);
    await start();
    Object.assign(globalThis, { Dataset });
  });
});
after(async () => {
  await browser?.close();
  home?.stop();
  host?.stop();
});

/** Opens an address in the page and reads the files. @param {string} url @param {{ headers?: Record<string, string>, renew?: boolean }} [how] */
const read = (url, { headers, renew } = {}) =>
  page.evaluate(
    async ({ url, headers, renew, files }) => {
      const renewed = /** @type {string[]} */ ([]);
      const next = (/** @type {string} */ address) => {
        renewed.push(address);
        const fresh = new URL(address);
        fresh.searchParams.set("sig", String(renewed.length));
        return Promise.resolve(fresh);
      };
      try {
        const { Dataset } = /** @type {any} */ (globalThis);
        const dataset = await Dataset.open(url, { ...(headers && { headers }), ...(renew && { renew: next }) });
        const hashes = [];
        for (const file of files) {
          const hash = await crypto.subtle.digest("SHA-256", await dataset.read(file));
          hashes.push([...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
        }
        dataset.close();
        return { hashes, renewed };
      } catch (/** @type {any} */ error) {
        return { error: { code: error.code, message: error.message, advice: error.advice }, renewed };
      }
    },
    { url, headers, renew, files: FILES },
  );

for (const [name, { outcome, headers, valid }] of Object.entries(CASES)) {
  // Firefox goes round twenty times for each of three requests, which takes it a minute.
  const skip = FIREFOX && name === "redirect-endless";
  test(`a host: ${name}`, { timeout: 150_000, skip }, async () => {
    const found = await read(host.address(name, "page"), { ...(headers && { headers }), renew: Boolean(valid) });
    judge(outcome, found, truth);
    await host.quiet();
    if (valid) assert.ok(found.renewed.length >= 1, "a signature was renewed");
    const strangers = host.asked.filter(({ host: where, secrets }) => where === host.elsewhere && secrets.length);
    assert.deepEqual(strangers, [], "nothing secret went to the other origin");
  });
}

test("a redirect is gone once, not with every request", { timeout: 150_000 }, async () => {
  const before = host.asked.length;
  judge("right", await read(host.address("redirect", "once")), truth);
  const asked = host.asked.slice(before).filter(({ method }) => method === "GET");
  const detours = asked.filter(({ path }) => path.startsWith("/redirect"));
  assert.ok(detours.length <= 2 && asked.length > 5, `${detours.length} of ${asked.length} requests were redirected`);
});

test("a user name and password in the address", { timeout: 150_000 }, async () => {
  const url = new URL(host.address("right", "login"));
  url.username = "me";
  url.password = "p%40ss";
  judge("right", await read(url.href), truth);
  const [first] = host.asked.filter(({ path, method }) => path.startsWith("/right~login") && method === "GET");
  assert.deepEqual(first?.secrets, [`Basic ${btoa("me:p@ss")}`]);
});

test("a renewal that gives nothing, fails, or gives nonsense", { timeout: 150_000 }, async () => {
  const outcome = (/** @type {string} */ body) =>
    page.evaluate(
      async ({ url, body }) => {
        const renew = new Function(body);
        const { Dataset } = /** @type {any} */ (globalThis);
        return Dataset.open(url, { renew }).then(
          () => "opened",
          (/** @type {any} */ { code, message }) => `${code}: ${message}`,
        );
      },
      { url: host.address("private", `renew${Math.random()}`), body },
    );
  assert.match(await outcome("return undefined"), /^source: .*refuses access/);
  assert.match(await outcome("throw new Error('signed out')"), /signed out/);
  assert.match(await outcome("return 7"), /^request: `renew` has to give/);
  assert.match(await outcome("return 'ftp://x'"), /^request: `renew` gave "ftp:\/\/x"/);
  // Always refused: it ends.
  assert.match(await outcome("return location.href"), /source|malformed/);
});

test("whoever gives up ends the request", { timeout: 150_000 }, async () => {
  const { url, closed } = await new Promise((done) => {
    /** @type {(value: unknown) => void} */
    let gone = () => {};
    const closed = new Promise((tell) => {
      gone = tell;
    });
    // Never answers.
    import("node:http").then(({ createServer }) => {
      const silent = createServer((ask) => ask.socket.once("close", gone));
      silent.listen(0, "127.0.0.1", () => {
        const address = /** @type {import("node:net").AddressInfo} */ (silent.address());
        silent.unref();
        done({ url: `http://127.0.0.1:${address.port}/sample.h5ad`, closed });
      });
    });
  });
  const code = await page.evaluate(async (from) => {
    const abort = new AbortController();
    const { Dataset } = /** @type {any} */ (globalThis);
    const opening = Dataset.open(from, { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    return opening.catch((/** @type {any} */ error) => error.code);
  }, url);
  assert.equal(code, "cancelled");
  await closed;
});

test("without a network", { timeout: 150_000, skip: FIREFOX && "its driver cannot cut the network off" }, async () => {
  await page.context().setOffline(true);
  const { error } = await read(host.address("right", "offline"));
  await page.context().setOffline(false);
  assert.match(error?.message ?? "", /no network connection/);
  assert.equal(error?.code, "source");
});
