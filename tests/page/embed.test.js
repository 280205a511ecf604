/** The snippets of doc/EMBED.md and of the README, run as they stand there: with the package, in pages that lack only what the reader has of their own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { FIREFOX, launch, ROOT } from "./browser.js";
import { hosts } from "./hosts.js";
import { reference, site } from "./site.js";

const TEXT = ["doc/EMBED.md", "README.md", "pkg/README.md"].map((file) => readFileSync(resolve(ROOT, file), "utf8")).join("\n");
/** @param {string} name */
const snippet = (name) => {
  const found = TEXT.match(new RegExp(`^\`\`\`\\w+ ${name}\\n([^]*?)^\`\`\`$`, "m"))?.[1];
  assert.ok(found, `doc/EMBED.md, README.md or pkg/README.md has a snippet "${name}"`);
  return found;
};
/** A page with the package, a file and a frame, as the snippets take for granted. @param {string} script @param {string} [before] */
const page = (script, before = "") => `<!doctype html><title>Somebody's page</title><iframe></iframe>
<script type="importmap">{"imports": {"cellucid-wasm": "/pkg/index.js"}}</script>
<script>
const failed = (error) => { globalThis.ran = String(error?.stack ?? error); };
addEventListener("error", ({ error, message }) => failed(error ?? message));
addEventListener("unhandledrejection", ({ reason }) => failed(reason));
</script>
<script type="module">
globalThis.file = new File([await (await fetch("/sample/sample.h5ad")).blob()], "sample.h5ad");
${before}
${script}
globalThis.ran = "well";
</script>`;

/** The app: it does what its address says, and tells its parent what it has learned. */
const APP = `<!doctype html><title>The app</title><script type="module">
import { boot } from "/app.js";
const found = await boot(location.href).catch((error) => ({ error: error + " " + error.stack }));
globalThis.found = found;
</script>`;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof site>>} */
let home;
/** @type {Awaited<ReturnType<typeof reference>>} */
let notebook;
/** What the app learns from the reference. @type {any} */
let truth;

before(async () => {
  /** @param {string} name @returns {[string, string]} */
  const own = (name) => [`/${name}/`, page(snippet(name))];
  browser = await launch();
  home = await site({
    "/app.js": { file: "tests/page/app.js" },
    ...Object.fromEntries(["share", "remote", "exports", "notebook"].flatMap((name) => [own(name), ...copy(name)])),
    "/source/": page(`${snippet("source")}\nglobalThis.manager = manager;`),
    "/source/assets/js/data/data-source-manager.js": { file: "tests/page/manager.js" },
    "/shim/": page(snippet("shim")),
    "/use/": page(`${snippet("use")}\nglobalThis.used = [n_obs, obs.length, genes.fields.length, points.length];`),
    "/package/": page(`${snippet("package")}\nglobalThis.used = [points.length, genes.fields.length];`),
    "/renew/": page(
      snippet("renew"),
      `let count = 0;
       globalThis.sign = async () => { const url = new URL(new URLSearchParams(location.search).get("signed")); url.searchParams.set("sig", ++count); globalThis.count = count; return url; };`,
    ).replace("const dataset =", "globalThis.dataset ="),
  });
  notebook = await reference(resolve(ROOT, "www/sample/sample.h5ad"));
  truth = await (await open("share/app/empty")).evaluate(
    async (server) => (await import(new URL("/app.js", location.href).href)).viaServer(server),
    `${notebook.viewer.origin}/`,
  );
});
after(async () => {
  await browser?.close();
  for (const one of [home, notebook]) one?.stop();
});

/** A copy of the app below a page. @param {string} name @returns {Array<[string, string | { file: string }]>} */
const copy = (name) => [
  [`/${name}/app/`, APP],
  [`/${name}/app/empty`, "<title>Nothing</title>"],
  [`/${name}/app/service-worker.js`, { file: "pkg/service-worker.js" }],
];

/** @param {string} path */
async function open(path) {
  const context = await browser.newContext();
  const opened = await context.newPage();
  await opened.goto(`${home.url}${path}`);
  return opened;
}

/** Runs a page's snippet. @param {string} path */
async function run(path) {
  const opened = await open(path);
  const ran = await opened.waitForFunction(() => Reflect.get(globalThis, "ran"), null, { timeout: 60_000 });
  assert.equal(await ran.jsonValue(), "well");
  return opened;
}

/** What the app in the frame has learned. @param {import("playwright-core").Page} opened */
async function learned(opened) {
  for (let tries = 0; tries < 300; tries++) {
    const frame = opened.frames().find((one) => one.url().includes("/app/"));
    const found = await frame?.evaluate(() => Reflect.get(globalThis, "found")).catch(() => null);
    if (found) return found;
    await opened.waitForTimeout(100);
  }
  return assert.fail("the app learned nothing");
}

/** @param {any} found */
function agrees(found) {
  assert.equal(found.error, undefined);
  const steady = (/** @type {any} */ { identity, obs, vars, edges, arrays }) => {
    const { created_at, source, ...rest } = identity;
    return { identity: rest, obs, vars, edges, arrays };
  };
  assert.deepEqual(steady(found), steady(truth));
}

for (const name of ["share", "remote", "exports"]) {
  test(`a Service Worker: ${name}`, { timeout: 120_000 }, async () => {
    const opened = await run(`${name}/`);
    agrees(await learned(opened));
    await opened.context().close();
  });
}

test("a Service Worker: notebook", { timeout: 120_000 }, async () => {
  /** @type {string[]} */
  const lines = [];
  const context = await browser.newContext();
  const notebookPage = await context.newPage();
  notebookPage.on("console", (message) => lines.push(message.text()));
  await notebookPage.goto(`${home.url}notebook/`);
  await notebookPage.waitForFunction(() => Reflect.get(globalThis, "ran"), null, { timeout: 60_000 });
  assert.equal(await notebookPage.evaluate(() => Reflect.get(globalThis, "ran")), "well");
  const found = await learned(notebookPage);
  agrees(found);
  if (FIREFOX) {
    // Requests that may outlive their page go past Service Workers there: the app's events get to its own server, which has none.
    assert.equal(found.delivered, null);
    return context.close();
  }
  assert.deepEqual(found.delivered, { status: "ok", delivered: true });
  for (let tries = 0; tries < 50 && !lines.some((line) => line.startsWith("ready")); tries++)
    await notebookPage.waitForTimeout(100);
  assert.ok(
    lines.some((line) => line.startsWith("ready")),
    lines.join("\n"),
  );
  await context.close();
});

test("the page in a frame, by one line", { timeout: 120_000 }, async () => {
  const line = snippet("line")
    .replace("https://your.host/cellucid/", `${home.url}app/`)
    .replace("https://your.host/data.h5ad", `${home.url}sample/sample.h5ad`);
  const host = await site({ "/": `<!doctype html><title>Somebody's page</title>${line}` });
  const context = await browser.newContext({ viewport: { width: 1240, height: 800 } });
  const opened = await context.newPage();
  await opened.goto(host.url);
  const plot = opened.frameLocator("iframe").locator("#plot");
  for (let tries = 0; (await plot.getAttribute("data-drawn")) !== "5000"; tries++) {
    assert.ok(tries < 300, "the sample is drawn");
    await opened.waitForTimeout(100);
  }
  await context.close();
  host.stop();
});

test("the page in a frame: coloured from outside, its selections heard", { timeout: 120_000 }, async () => {
  const text = snippet("page").replaceAll("https://your.host/cellucid/", `${home.url}app/`);
  const context = await browser.newContext({ viewport: { width: 1240, height: 800 } });
  const opened = await context.newPage();
  /** @type {string[]} */
  const lines = [];
  opened.on("console", (message) => lines.push(message.text()));
  const host = await site({ "/": text.replaceAll("https://your.host/data.h5ad", `${home.url}sample/sample.h5ad`) });
  await opened.goto(host.url);
  const inner = () => opened.frames().find((one) => one.url().startsWith(`${home.url}app/`));
  const colour = async () =>
    inner()
      ?.evaluate(async () => {
        const { store } = await import(new URL("main.js", document.baseURI).href);
        return store.state.colour?.field.key ?? null;
      })
      .catch(() => null);
  for (let tries = 0; (await colour()) !== "cell_type"; tries++) {
    assert.ok(tries < 300, "it is coloured by cell_type");
    await opened.waitForTimeout(100);
  }
  await inner()?.evaluate(async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    store.patch({ selection: { cells: Uint32Array.of(1, 2, 3), source: "lasso" } });
  });
  for (let tries = 0; !lines.some((line) => line.includes("lasso")); tries++) {
    assert.ok(tries < 100, `a selection is heard: ${lines.join("; ")}`);
    await opened.waitForTimeout(100);
  }
  await context.close();
  host.stop();
});

test("as the README has it", { timeout: 120_000 }, async () => {
  const opened = await run("use/");
  const [cells, columns, genes, bytes] = await opened.evaluate(() => Reflect.get(globalThis, "used"));
  assert.deepEqual([cells, columns > 3, genes, bytes], [5000, true, 340, 40_000]);
  await opened.context().close();
});

test("as the package's README has it", { timeout: 120_000 }, async () => {
  const opened = await run("package/");
  assert.deepEqual(await opened.evaluate(() => Reflect.get(globalThis, "used")), [10_000, 340]);
  await opened.context().close();
});

test("a data source", { timeout: 120_000 }, async () => {
  const opened = await run("source/");
  const found = await opened.evaluate(async () => {
    const manager = /** @type {any} */ (globalThis).manager;
    const { type, id } = manager.current;
    return { type, ...(await manager.load(manager.sources.get(type).getBaseUrl(id))) };
  });
  assert.equal(found.type, "wasm");
  agrees(found);
  await opened.context().close();
});

test("through fetch", { timeout: 120_000 }, async () => {
  const opened = await run("shim/");
  agrees(
    await opened.evaluate(async () => {
      const { boot } = await import(new URL("/app.js", location.href).href);
      return boot(`${location.href}?remote=https://data.invalid/`);
    }),
  );
  await opened.context().close();
});

test("an address that runs out", { timeout: 120_000 }, async () => {
  const host = await hosts();
  const opened = await run(`renew/?${new URLSearchParams({ signed: host.address("signature-that-runs-out", "embed") })}`);
  const count = await opened.evaluate(async () => {
    const { dataset } = /** @type {any} */ (globalThis);
    for (const file of ["points_2d.bin", "points_3d.bin", "var/CD3E.values.f32"]) await dataset.read(file);
    return Reflect.get(globalThis, "count");
  });
  assert.ok(count > 1, `${count} signatures`);
  await opened.context().close();
  host.stop();
});
