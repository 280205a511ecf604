/** The page without a network, after one visit with it: its own files are kept, and never data. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { coloured, drop, FIREFOX, pixels, ROOT, serve, shoot, until, visit } from "./browser.js";
import { SAMPLE, stage } from "./shown.js";
import { site } from "./site.js";

const folder = mkdtempSync(join(tmpdir(), "cellucid-"));
const page_ = join(folder, "www");

before(() => {
  // A copy of its own, in which a new version can come out.
  cpSync(resolve(ROOT, "www"), page_, { recursive: true });
  cpSync(resolve(ROOT, "pkg"), join(folder, "pkg"), { recursive: true });
});
const data = resolve(ROOT, "www/sample");
const here = stage(data, "--page", page_);
after(() => {
  rmSync(folder, { recursive: true });
});

/** @typedef {import("playwright-core").Page} Page */

/** Addresses that the page's Service Worker keeps. @param {Page} page @returns {Promise<string[]>} */
const kept = (page) =>
  page.evaluate(async () => {
    const all = [];
    for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) all.push(url);
    return all.map((url) => new URL(url).pathname).sort();
  });

/**
 * Takes the network away, or gives it back. Firefox's driver can do neither: there the server ends, and another begins at its address.
 *
 * @param {Page} page @param {boolean} there
 */
async function network(page, there) {
  if (!FIREFOX) return page.context().setOffline(!there);
  if (there) here.server = await serve(data, "--page", page_, "--port", new URL(here.server.url).port);
  else here.server.stop();
  if (!there) await here.server.ended;
}

/** Waits until the page is kept, the module with it. @param {Page} page */
async function settled(page) {
  const there = async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    if (!registration?.active) return false;
    const cache = await caches.open(`cellucid-page ${registration.scope}`);
    return (await cache.keys()).filter(({ url }) => url.endsWith(".wasm")).length > 1;
  };
  await until(page, there, null, "the page is kept");
}

test("opened once, it opens without a network and shows a file of this machine; a new version comes with the network", async () => {
  const { page, errors } = await visit(here.browser, `${here.server.url}?url=sample/sample.h5ad`, { serviceWorkers: "allow" });
  await coloured(page, "cell_type");
  await settled(page);
  const files = await kept(page);
  for (const file of [
    "/",
    "/main.js",
    "/style/base.css",
    "/style/open.css",
    "/engine/worker.js",
    "/pkg/cellucid.js",
    "/pkg/cellucid_bg.wasm",
    "/pkg/cellucid_later.wasm",
    "/app.webmanifest",
  ]) {
    assert.ok(files.includes(file), `${file} is kept`);
  }
  // What is loaded only when it is asked for is there, too; data and other people's tools are not.
  for (const file of [
    "/panels.js",
    "/style/lists.css",
    "/style/tables.css",
    "/style/apart.css",
    "/panel/compare.js",
    "/panel/saving.js",
    "/restore.js",
    "/view/density.js",
  ])
    assert.ok(files.includes(file), file);
  assert.deepEqual(
    files.filter((file) => !/(?:\/|\.(?:js|css|svg|wasm|webmanifest))$/.test(file)),
    [],
  );
  assert.deepEqual(
    files.filter((file) => file.includes("sample")),
    [],
  );

  await network(page, false);
  await page.goto(here.server.url);
  assert.ok(await page.evaluate(() => navigator.serviceWorker.controller !== null));
  assert.ok(FIREFOX || !(await page.evaluate(() => navigator.onLine)));
  await drop(page, SAMPLE);
  await coloured(page, "cell_type");
  const { drawn, colours } = await pixels(page);
  assert.ok(drawn > 3000 && colours > 8, `${drawn} pixels in ${colours} colours`);
  // What comes later, comes from what is kept.
  await page.getByRole("tab", { name: "Compare" }).click();
  await page.getByLabel("First group").waitFor();
  await shoot(page, "offline");
  // All that fails is what is no part of the page: the host's list of data sets.
  assert.deepEqual(
    errors.filter((error) => !/(?:ERR_INTERNET_DISCONNECTED|NetworkError).*catalog\.json/.test(error)),
    [],
  );

  // A viewer's page is of no use without its server: it fails as it would have.
  await assert.rejects(
    page.goto(`${here.server.url}?jupyter=true&viewerId=a&viewerToken=b`),
    /ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERROR_CONNECTION_REFUSED/,
  );

  // With the network back, what is new is seen at once, and kept for the next time without.
  await network(page, true);
  const index = join(page_, "index.html");
  const before = readFileSync(index, "utf8");
  assert.match(before, /<title>Cellucid<\/title>/);
  writeFileSync(index, before.replace("<title>Cellucid</title>", "<title>Cellucid, newer</title>"));
  await page.goto(here.server.url);
  assert.equal(await page.title(), "Cellucid, newer");
  const newer = async () => {
    const found = await caches.match(new URL("./", document.baseURI).href);
    return (await found?.text())?.includes("Cellucid, newer") ?? false;
  };
  await until(page, newer, null, "the new version is kept");
  await network(page, false);
  await page.goto(here.server.url);
  assert.equal(await page.title(), "Cellucid, newer");
  await page.context().close();
});

test("nothing is kept where the page is part of another, or another Service Worker is in charge", async () => {
  const host = await site({
    "/host/": '<!doctype html><title>host</title><iframe src="/app/"></iframe>',
    "/app/files.js": { file: "www/bridge/files.js" },
  });
  try {
    const { page, errors } = await visit(here.browser, `${host.url}host/`, { serviceWorkers: "allow" });
    const registrations = () =>
      page.evaluate(async () => {
        const all = await navigator.serviceWorker.getRegistrations();
        return all.map(({ installing, waiting, active }) => (installing ?? waiting ?? active)?.scriptURL);
      });
    const install = async () => (await import(new URL("install.js", document.baseURI).href)).install();
    const share = () =>
      page.evaluate(async () => {
        const { share } = await import(new URL("/app/bridge/share.js", location.href).href);
        await share({ worker: "/app/files.js", base: "/app/data/" });
      });
    const frame = await (await page.waitForSelector("iframe")).contentFrame();
    assert.ok(frame);
    await frame.getByRole("button", { name: "Try the sample as .h5ad" }).waitFor();
    await frame.evaluate(install);
    assert.deepEqual(await registrations(), []);

    // The router's own worker shares files below the app's folder: it stays in charge there.
    await share();
    await page.goto(`${host.url}app/`);
    await page.evaluate(install);
    assert.deepEqual(await registrations(), [`${host.url}app/files.js`]);

    // Nobody is: then the page is kept. Who shares afterwards, takes over.
    await page.evaluate(async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    });
    await page.goto(`${host.url}app/`);
    await page.evaluate(install);
    await settled(page);
    assert.deepEqual(await registrations(), [`${host.url}app/offline.js`]);
    await page.goto(`${host.url}host/`);
    await share();
    assert.deepEqual(await registrations(), [`${host.url}app/files.js`]);
    assert.deepEqual(errors, []);
    await page.context().close();
  } finally {
    host.stop();
  }
});
