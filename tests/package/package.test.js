/**
 * The package as its users have it: packed, installed, and used in Node, from a plain page, and through Vite, webpack and esbuild, each in a
 * real browser; and what TypeScript and the package linters say of it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch, ROOT } from "../page/browser.js";
import { hosts } from "../page/hosts.js";
import { site } from "../page/site.js";

const run = promisify(execFile);
const HERE = import.meta.dirname;
const PLACE = join(ROOT, "build/package");
const APP = join(PLACE, "app");
const TOOLS = join(HERE, "node_modules");

/** What every project does; the outcome is left on the page. */
const MAIN = readFileSync(join(HERE, "main.js"), "utf8");
const HTML = (/** @type {string} */ script) => `<!doctype html><meta charset="utf-8"><title>A user's page</title>${script}`;

/** @type {string} */
let tarball;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof hosts>>} */
let host;
let runs = 0;

before(async () => {
  rmSync(PLACE, { recursive: true, force: true });
  write("package.json", JSON.stringify({ name: "app", private: true, type: "module" }));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", PLACE], { cwd: join(ROOT, "pkg") });
  const [packed] = JSON.parse(stdout);
  tarball = join(PLACE, packed.filename);
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: APP });
  browser = await launch();
  host = await hosts();
});
after(async () => {
  await browser?.close();
  host?.stop();
});

/** @param {string} path @param {string} text */
function write(path, text) {
  const full = join(APP, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

/**
 * Opens a page and looks at what the program on it found.
 *
 * @param {string} url
 */
async function used(url) {
  const page = await (await browser.newContext()).newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url}`));
  const run = `package${++runs}`;
  const at = {
    h5ad: host.address("right", run),
    zarr: host.address("right-store", run),
    signed: host.address("signature-that-runs-out", run),
  };
  await page.goto(`${url}?${new URLSearchParams(at)}`);
  const result = await page
    .waitForFunction(() => Reflect.get(globalThis, "result"), null, { timeout: 60_000 })
    .then(
      (handle) => handle.jsonValue(),
      () => assert.fail(`no result; ${errors.join("\n")}`),
    );
  await page.context().close();
  right(result);
  // Stores are looked into for more than they have, and browsers write that down by themselves; so they do with refused signatures.
  const odd = errors.filter((text) => !/Failed to load resource.*40[34]/.test(text));
  assert.deepEqual(odd, []);
}

/** @param {any} result */
function right(result) {
  assert.deepEqual(result, {
    cells: 5000,
    points: 40_000,
    many: 60_000,
    stored: ["categories,codes", "10,1", 10],
    paths: true,
    told: true,
    read: true,
    missing: ["CellucidError", "missing", true],
    own: [5000, 40_000],
    store: [5000, 5000],
    renewed: [40_000, true],
    cancelled: "cancelled",
    closed: true,
  });
}

/** A folder of the project, served with the sample beside it. @param {string} folder below the project @param {Parameters<typeof site>[0]} [pages] */
async function served(folder, pages = {}) {
  const server = await site({ ...pages, "/at/": { folder: relative(ROOT, join(APP, folder)) } });
  try {
    await used(`${server.url}at/index.html`);
  } finally {
    server.stop();
  }
}

test("what is packed", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const names = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace("package/", ""));
  const { files } = JSON.parse(readFileSync(join(ROOT, "pkg/package.json"), "utf8"));
  assert.deepEqual(names.sort(), [...files, "package.json"].sort());
});

test("in Node: files, folders, addresses", { timeout: 60_000 }, async () => {
  const server = await site({});
  write(
    "node.js",
    `import { openDataset, CellucidError, Router } from "cellucid-wasm";
     import { pathToFileURL } from "node:url";
     const found = [];
     const [file, folder, address] = process.argv.slice(2);
     for (const from of [file, folder, pathToFileURL(file), address]) {
       const dataset = await openDataset(from);
       const points = await dataset.read("points_2d.bin");
       const { requests } = await dataset.stats();
       found.push([dataset.describe().n_obs, points.length, requests > 0, (await dataset.paths()).includes("points_2d.bin")]);
       dataset.close();
     }
     const error = await openDataset("nowhere.h5ad").catch((error) => error);
     found.push([error instanceof CellucidError, error.code, error.file]);
     const router = new Router();
     const dataset = await openDataset(file);
     await router.add(dataset);
     found.push((await router.answer({ method: "GET", path: "/obs_manifest.json" })).status);
     dataset.close();
     console.log(JSON.stringify(found));`,
  );
  const sample = join(ROOT, "www/sample/sample");
  const { stdout } = await run("node", ["node.js", `${sample}.h5ad`, `${sample}.zarr`, `${server.url}sample/sample.h5ad`], {
    cwd: APP,
  });
  server.stop();
  const one = [5000, 40_000, true, true];
  assert.deepEqual(JSON.parse(stdout), [one, one, one, one, [true, "missing", "nowhere.h5ad"], 200]);
});

test("in Node: files beside one that leads to them", { timeout: 60_000 }, async () => {
  write(
    "beside.js",
    `import { openDataset } from "cellucid-wasm";
     const found = [];
     for (const name of ["linked", "whole"]) {
       const dataset = await openDataset(process.argv[2] + "/" + name + ".h5ad");
       const files = [await dataset.read("points_2d.bin"), await dataset.read("var/gene3.values.f32")];
       found.push(files.map((bytes) => Buffer.from(bytes).toString("base64")));
       dataset.close();
     }
     console.log(JSON.stringify(found));`,
  );
  const { stdout } = await run("node", ["beside.js", join(ROOT, "build/beside")], { cwd: APP });
  const [linked, whole] = JSON.parse(stdout);
  assert.deepEqual(linked, whole);
});

test("in Node: a file that changes while it is open", { timeout: 60_000 }, async () => {
  write(
    "changing.js",
    `import { openDataset } from "cellucid-wasm";
     import { appendFile, cp, writeFile } from "node:fs/promises";
     const sample = process.argv[2];
     await cp(sample + ".h5ad", "changing.h5ad");
     await cp(sample + ".zarr", "changing.zarr", { recursive: true });
     const said = [];
     const [file, folder] = [await openDataset("changing.h5ad"), await openDataset("changing.zarr")];
     await appendFile("changing.h5ad", "more");
     await appendFile("changing.zarr/zarr.json", " ");
     for (const dataset of [file, folder]) {
       said.push(await dataset.read("var/CD3E.values.f32").then(() => "read", ({ code, message, advice }) => [code, message, advice].join(": ")));
     }
     console.log(JSON.stringify(said));`,
  );
  const { stdout } = await run("node", ["changing.js", join(ROOT, "www/sample/sample")], { cwd: APP });
  const said = "source: has changed on disk since it was opened: open it again";
  assert.deepEqual(JSON.parse(stdout), [said, said]);
});

test("a plain page, by an import map", { timeout: 90_000 }, async () => {
  write("plain/main.js", MAIN);
  write(
    "plain/index.html",
    HTML(
      `<script type="importmap">{"imports": {"cellucid-wasm": "/modules/cellucid-wasm/index.js"}}</script><script type="module" src="main.js"></script>`,
    ),
  );
  await served("plain", { "/modules/": { folder: relative(ROOT, join(APP, "node_modules")) } });
});

test("a plain page, from another origin", { timeout: 90_000 }, async () => {
  const cdn = await site({ "/modules/": { folder: relative(ROOT, join(APP, "node_modules")) } });
  write("cdn/main.js", MAIN);
  const map = JSON.stringify({ imports: { "cellucid-wasm": `${cdn.url}modules/cellucid-wasm/index.js` } });
  write("cdn/index.html", HTML(`<script type="importmap">${map}</script><script type="module" src="main.js"></script>`));
  await served("cdn");
  cdn.stop();
});

test("Vite: built and served for development", { timeout: 180_000 }, async () => {
  const vite = join(TOOLS, "vite/bin/vite.js");
  write("vite/main.js", MAIN);
  write("vite/index.html", HTML(`<script type="module" src="./main.js"></script>`));
  write("vite/vite.config.js", `export default { base: "./", optimizeDeps: { exclude: ["cellucid-wasm"] } };`);
  await run("node", [vite, "build"], { cwd: join(APP, "vite") });
  await served("vite/dist");
  const { spawn } = await import("node:child_process");
  const server = spawn("node", [vite, "--host", "127.0.0.1", "--port", "0"], {
    cwd: join(APP, "vite"),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  const url = await new Promise((done, fail) => {
    server.stdout.on("data", (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of the terminal
      said += String(text).replace(/\u001b\[\d*m/g, "");
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+\//);
      if (found) done(found[0]);
    });
    server.on("exit", () => fail(new Error(said)));
  });
  try {
    await used(`${url}index.html`);
  } finally {
    server.kill();
  }
});

test("webpack", { timeout: 120_000 }, async () => {
  write("webpack/main.js", MAIN);
  write("webpack/dist/index.html", HTML(`<script defer src="main.js"></script>`));
  write(
    "webpack/build.cjs",
    `const { createRequire } = require("node:module");
     const webpack = createRequire(${JSON.stringify(join(HERE, "package.json"))})("webpack");
     webpack({ mode: "production", context: __dirname, entry: "./main.js", performance: { hints: false }, output: { path: __dirname + "/dist" } }, (error, stats) => {
       if (error || stats.hasErrors() || stats.hasWarnings()) {
         console.error(error || stats.toString("errors-warnings"));
         process.exit(1);
       }
     });`,
  );
  await run("node", ["build.cjs"], { cwd: join(APP, "webpack") });
  await served("webpack/dist");
});

test("esbuild: worker and module lie beside the bundle", { timeout: 90_000 }, async () => {
  write("esbuild/main.js", MAIN);
  write("esbuild/dist/index.html", HTML(`<script type="module" src="main.js"></script>`));
  const { build } = await import("esbuild");
  const place = join(APP, "esbuild");
  await build({
    entryPoints: [join(place, "main.js")],
    bundle: true,
    format: "esm",
    minify: true,
    outfile: join(place, "dist/main.js"),
  });
  for (const name of ["engine.js", "cellucid_bg.wasm", "cellucid_later.wasm"]) {
    copyFileSync(join(APP, "node_modules/cellucid-wasm", name), join(place, "dist", name));
  }
  await served("esbuild/dist");
});

test("a worker that is not there is an error, not a wait", { timeout: 90_000 }, async () => {
  write(
    "lost/main.js",
    `import { openDataset } from "cellucid-wasm";
     globalThis.result = await openDataset("/sample/sample.h5ad", { engine: "nowhere.js" }).catch(({ code, message }) => [code, message]);`,
  );
  write(
    "lost/index.html",
    HTML(
      `<script type="importmap">{"imports": {"cellucid-wasm": "/modules/cellucid-wasm/index.js"}}</script><script type="module" src="main.js"></script>`,
    ),
  );
  const server = await site({
    "/at/": { folder: relative(ROOT, join(APP, "lost")) },
    "/modules/": { folder: relative(ROOT, join(APP, "node_modules")) },
  });
  const page = await browser.newPage();
  await page.goto(`${server.url}at/index.html`);
  const result = await (await page.waitForFunction(() => Reflect.get(globalThis, "result"))).jsonValue();
  await page.close();
  server.stop();
  assert.equal(result[0], "source");
  assert.match(result[1], /engine\.js|worker/);
});

for (const [name, options] of Object.entries({
  NodeNext: { module: "NodeNext", types: ["node"] },
  Bundler: { module: "ESNext", moduleResolution: "Bundler", types: [] },
})) {
  test(`TypeScript, ${name}`, { timeout: 60_000 }, async () => {
    copyFileSync(join(HERE, name === "NodeNext" ? "node.ts" : "page.ts"), join(APP, `${name}.ts`));
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "ES2023",
      lib: ["ES2023", "DOM", "DOM.Iterable"],
      skipLibCheck: false,
      ...options,
    };
    write(`${name}.json`, JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
    rmSync(join(APP, "node_modules/@types"), { recursive: true, force: true });
    symlinkSync(join(ROOT, "node_modules/@types"), join(APP, "node_modules/@types"));
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    await run("node", [tsc, "-p", `${name}.json`], { cwd: APP }).catch(({ stdout }) => assert.fail(stdout));
  });
}

test("the linters of packages have nothing to say", { timeout: 120_000 }, async () => {
  const lint = async (/** @type {string} */ program, /** @type {string[]} */ args) =>
    run("node", [join(TOOLS, program), ...args], { cwd: APP }).catch(({ stdout, stderr }) => assert.fail(`${stdout}${stderr}`));
  const { stdout } = await lint("publint/src/cli.js", ["run", tarball, "--strict", "--pack", "false"]);
  assert.match(stdout, /All good/);
  // Old ways of resolving know no `exports`, and the package is for modules alone: only these are left out.
  await lint("@arethetypeswrong/cli/dist/index.js", [
    tarball,
    "--profile",
    "esm-only",
    "--exclude-entrypoints",
    "./wasm",
    "./wasm-later",
    "./engine",
    "./service-worker",
  ]);
});
