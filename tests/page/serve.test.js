/** The native server as a relay: a client in any language commands the page over HTTP and hears what happens in it; a folder is listed. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { becomes, coloured, launch, ROOT, serve, shoot, text, visit } from "./browser.js";

const SAMPLE = join(ROOT, "www/sample/sample.h5ad");
const TOKEN = "a-token-of-the-tests";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("commands reach the page, events reach the client", async () => {
  const server = await serve(SAMPLE, "--token", TOKEN);
  const root = new URL("/", server.url).href;
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const ask = async (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) => {
    const answer = await fetch(new URL(`_cellucid/${path}`, root), { headers, ...init });
    assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
    return answer.json();
  };
  try {
    const { viewerId, url } = await ask("viewers", { method: "POST" });
    const say = (/** @type {object} */ command) => {
      return ask(`commands?viewerId=${viewerId}`, { method: "POST", body: JSON.stringify(command) });
    };
    let last = 0;
    /** Heard and not taken yet. @type {any[]} */
    const heard = [];
    /** The first event that fits, waiting for it. @param {(event: any) => boolean} fits */
    const hear = async (fits) => {
      for (let tries = 0; tries < 30; tries++) {
        const at = heard.findIndex(fits);
        if (at >= 0) return heard.splice(at, 1)[0];
        const found = await ask(`events?viewerId=${viewerId}&after=${last}&wait=5`);
        last = found.last;
        heard.push(...found.events);
      }
      throw new Error("it was never heard");
    };
    // Before there is a page: it waits.
    const { command } = await say({ type: "setColorBy", field: "cell_type" });
    const { page, errors } = await visit(browser, url);
    // Done it is only once it is said that there is something to do it with.
    const first = await hear(({ type }) => type === "ready" || type === "command_done");
    assert.deepEqual(first, { type: "ready", n_cells: 5000, dimensions: 2, viewerId });
    assert.equal((await hear(({ type }) => type === "command_done")).answers, command);
    await coloured(page, "cell_type");
    await say({ type: "setColorBy", field: "no such column" });
    const refused = await hear(({ type }) => type === "command_error");
    assert.match(refused.reason, /no such column/);
    // Loaded anew, it still listens, and its own count beginning again loses nothing.
    await page.reload();
    await hear(({ type }) => type === "ready");
    await say({ type: "highlight", cells: [1, 2, 3], color: "#00ff00" });
    await hear(({ type, answers }) => type === "command_done" && answers === 3);
    const cells = await page.evaluate(async () => {
      const { store } = await import(new URL("main.js", document.baseURI).href);
      return store.state.highlights.map((/** @type {any} */ group) => [...group.cells]);
    });
    assert.deepEqual(cells, [[1, 2, 3]]);
    const { requestId } = await say({ type: "requestSessionBundle" });
    const bundle = await hear(({ type }) => type === "session_bundle");
    assert.deepEqual([bundle.requestId, bundle.status], [requestId, "ok"]);
    const got = await fetch(new URL(`_cellucid/session_bundle?requestId=${requestId}`, root), { headers });
    assert.equal((await got.arrayBuffer()).byteLength, bundle.bytes);
    assert.deepEqual(errors, []);
  } finally {
    server.stop();
  }
});

test("a folder's data sets are offered on the start card", async () => {
  const folder = mkdtempSync(join(tmpdir(), "offered-"));
  cpSync(SAMPLE, join(folder, "marrow.h5ad"));
  /** @type {Awaited<ReturnType<typeof serve>> | undefined} */
  let server;
  try {
    server = await serve(folder);
    const { page, errors } = await visit(browser, server.url);
    const offered = page.locator("#open .catalog button");
    await offered.first().waitFor();
    assert.equal(await text(offered.first()), "marrow");
    await offered.first().click();
    await becomes(page, "dimension", 2);
    assert.deepEqual(errors, []);
  } finally {
    server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("data sets of one name are told apart by their folder, and many are found by typing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "offered-"));
  for (const place of ["a b/adata.h5ad", "c/adata.h5ad", ...Array.from({ length: 12 }, (_, i) => `plate-${i}.h5ad`)]) {
    cpSync(SAMPLE, join(folder, place));
  }
  const server = await serve(folder);
  try {
    const { page, errors } = await visit(browser, server.url);
    const offered = page.locator("#open .catalog button");
    await offered.first().waitFor();
    assert.equal(await offered.count(), 14);
    await page.getByLabel("Find a data set").fill("adata");
    assert.deepEqual(await page.locator("#open .catalog button:visible").allInnerTexts(), [
      "adata\na b/adata.h5ad",
      "adata\nc/adata.h5ad",
    ]);
    await shoot(page, "catalog-many");
    await offered.nth(1).click();
    await becomes(page, "dimension", 2);
    assert.deepEqual(errors, []);
  } finally {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
