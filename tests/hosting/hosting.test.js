/** The recipes of doc/HOSTING.md as they stand there: a site on nginx, Apache and Caddy, in an S3 bucket, below a path, on Python's own server; in Chromium. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { BINARY, coloured, launch, ROOT, text, until, visit } from "../page/browser.js";

const PLACE = join(ROOT, "build/hosting");
const TOOLS = join(ROOT, "build/hosts/bin");
const DOCUMENT = readFileSync(join(ROOT, "doc/HOSTING.md"), "utf8");
const SAMPLE = join(ROOT, "www/sample");
/** What is offered: a file, a store, an archive. */
const NAMES = ["file", "store.zarr", "archive"];

/** @param {string} name */
function recipe(name) {
  const found = DOCUMENT.match(new RegExp(`^\`\`\`\\w+ ${name}\n([^]*?)^\`\`\`$`, "m"))?.[1];
  assert.ok(found, `doc/HOSTING.md has a recipe "${name}"`);
  return found;
}

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Array<() => void>} */
const stops = [];
/** Addresses of data on hosts that let other origins read. @type {Record<string, string>} */
const open = {};

/** A port that nothing listens on. @returns {Promise<number>} */
const port = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      assert.ok(address && typeof address === "object");
      probe.close(() => done(address.port));
    });
  });

/** Starts a server and waits until it answers. @param {string} url @param {string} program @param {string[]} args @param {string} [cwd] */
async function started(url, program, args, cwd = PLACE) {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (words) => (said += words));
  stops.push(() => child.kill());
  for (let tries = 0; tries < 300; tries++) {
    if (await fetch(url).then(Boolean, () => false)) return;
    assert.equal(child.exitCode, null, said);
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${program} never answered: ${said}`);
}

before(async () => {
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(PLACE, { recursive: true });
  cpSync(join(SAMPLE, "sample.h5ad"), join(PLACE, "file.h5ad"));
  cpSync(join(SAMPLE, "sample.zarr"), join(PLACE, "store.zarr"), { recursive: true });
  const zip = `import shutil; shutil.make_archive("archive.zarr", "zip", "store.zarr")`;
  execFileSync("python3", ["-c", zip], { cwd: PLACE });
  const sources = ["file.h5ad", "store.zarr", "archive.zarr.zip"];
  execFileSync(BINARY, ["site", ...sources, "site", "--page", join(ROOT, "www")], { cwd: PLACE, stdio: "ignore" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const stop of stops) stop();
});

/** nginx with one server block, as the document or a bare host has it. @param {string} block @param {number} at */
async function nginx(block, at) {
  const home = join(PLACE, `nginx-${at}`);
  mkdirSync(home);
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${home}/${name};`);
  const rest = `pid ${home}/pid; daemon off; error_log stderr; events {}`;
  writeFileSync(join(home, "conf"), `${rest}\nhttp { access_log ${home}/access.log; ${places.join(" ")}\n${block}\n}`);
  await started(`http://127.0.0.1:${at}/`, installed("NGINX", "/usr/sbin/nginx"), [
    "-p",
    home,
    "-e",
    "stderr",
    "-c",
    join(home, "conf"),
  ]);
}

/** Opens one of the data sets that a site offers, and colours it by a gene. @param {string} url @param {string} name */
async function opened(url, name) {
  const { page, errors } = await visit(browser, url);
  await page.locator("#open .catalog button", { hasText: name }).click();
  await coloured(page, "cell_type");
  await page.locator("#search").fill("CD3E");
  await page.keyboard.press("Enter");
  await coloured(page, "CD3E");
  await page.context().close();
  // Stores are looked into for more than they have, and browsers write that down by themselves.
  assert.deepEqual(
    errors.filter((words) => !/Failed to load resource.*404/.test(words)),
    [],
  );
}

/** @param {string} url */
async function all(url) {
  for (const name of NAMES) await opened(url, name);
}

/** What nginx has sent of a file, by its own account. @param {number} at @param {string} path */
function sent(at, path) {
  const log = readFileSync(join(PLACE, `nginx-${at}/access.log`), "utf8");
  const lines = [...log.matchAll(/"GET (\S+) HTTP\/1\.1" (\d+) (\d+)/g)].filter(([, asked]) => asked === path);
  return {
    statuses: new Set(lines.map(([, , status]) => status)),
    bytes: lines.reduce((sum, [, , , bytes]) => sum + Number(bytes), 0),
  };
}

test("nginx", { timeout: 180_000 }, async () => {
  const at = await port();
  const block = recipe("nginx").replace("listen 80;", `listen 127.0.0.1:${at};`).replace("/srv/site", join(PLACE, "site"));
  assert.match(block, /127\.0\.0\.1.*build\/hosting\/site/s);
  await nginx(block, at);
  open.nginx = `http://127.0.0.1:${at}/data/`;
  const module = await fetch(`http://127.0.0.1:${at}/pkg/cellucid_bg.wasm`);
  assert.equal(module.headers.get("content-type"), "application/wasm");
  await promised(open.nginx);
  await all(`http://127.0.0.1:${at}/`);
  const { statuses, bytes } = sent(at, "/data/file.h5ad");
  assert.deepEqual([...statuses], ["206"]);
  const { size } = statSync(join(PLACE, "file.h5ad"));
  assert.ok(bytes > 100_000 && bytes < size, `${bytes} of ${size} bytes`);
});

/** The data of a host as its recipe promises them: in parts, not packed, readable from everywhere. @param {string} data */
async function promised(data) {
  const file = `${data}file.h5ad`;
  const asked = await fetch(file, { headers: { Range: "bytes=8-15", Origin: "https://elsewhere.example" } });
  assert.equal(asked.status, 206);
  assert.equal((await asked.arrayBuffer()).byteLength, 8);
  const missing = await fetch(`${data}store.zarr/X/nothing`);
  assert.equal(missing.status, 404);
  await missing.body?.cancel();
  const ahead = await fetch(file, {
    method: "OPTIONS",
    headers: { Origin: "https://elsewhere.example", "Access-Control-Request-Method": "GET" },
  });
  assert.ok(ahead.ok, `${ahead.status}`);
  for (const { headers } of [asked, missing, ahead]) {
    assert.equal(headers.get("access-control-allow-origin"), "*");
    assert.equal(headers.get("access-control-allow-headers"), "Range");
    assert.equal(headers.get("access-control-expose-headers"), "Content-Range, Content-Length, ETag");
  }
  assert.equal(asked.headers.get("content-encoding"), null);
  const page = await fetch(new URL("../pkg/cellucid_bg.wasm", data));
  assert.equal(page.headers.get("content-type"), "application/wasm");
  assert.equal(page.headers.get("content-encoding"), "gzip");
}

/** A program that is installed, unpacked by ./check, or named. @param {string} name @param {string} usual */
function installed(name, usual) {
  const found = [process.env[name] ?? "", usual].find((one) => existsSync(one));
  assert.ok(found, `${usual} is not there: ./check machine unpacks it`);
  return found;
}

test("Apache", { timeout: 180_000 }, async () => {
  const at = await port();
  const home = join(PLACE, "apache");
  mkdirSync(home);
  const apache = installed("APACHE", "/usr/sbin/apache2");
  const modules = join(dirname(apache), "../lib/apache2/modules");
  const load = ["mpm_event", "authz_core", "mime", "dir", "env", "headers", "filter", "deflate"].map(
    (name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`,
  );
  writeFileSync(join(home, "types"), "text/html html\ntext/css css\nimage/svg+xml svg\napplication/json json\n");
  const block = recipe("apache").replace("*:80", `127.0.0.1:${at}`).replaceAll("/srv/site", join(PLACE, "site"));
  const rest = [`ServerRoot ${home}`, `ServerName 127.0.0.1`, `Listen 127.0.0.1:${at}`, `PidFile ${home}/pid`];
  rest.push(`DefaultRuntimeDir ${home}`, `TypesConfig ${home}/types`, `ErrorLog ${home}/errors`);
  // As root it starts only for somebody else.
  if (process.getuid?.() === 0) rest.push("User nobody", "Group nogroup");
  writeFileSync(join(home, "conf"), [...load, ...rest, block].join("\n"));
  await started(`http://127.0.0.1:${at}/`, apache, ["-D", "FOREGROUND", "-f", join(home, "conf")]);
  open.apache = `http://127.0.0.1:${at}/data/`;
  await promised(open.apache);
  await all(`http://127.0.0.1:${at}/`);
});

test("Caddy", { timeout: 180_000 }, async () => {
  const at = await port();
  const home = join(PLACE, "caddy");
  mkdirSync(home);
  const block = recipe("caddy").replace(":80 {", `http://127.0.0.1:${at} {`).replace("/srv/site", join(PLACE, "site"));
  writeFileSync(join(home, "Caddyfile"), `{\n  admin off\n  storage file_system ${home}\n}\n${block}`);
  const args = [`HOME=${home}`, installed("CADDY", "/usr/bin/caddy"), "run", "--adapter", "caddyfile"];
  await started(`http://127.0.0.1:${at}/`, "env", [...args, "--config", join(home, "Caddyfile")]);
  open.caddy = `http://127.0.0.1:${at}/data/`;
  await promised(open.caddy);
  await all(`http://127.0.0.1:${at}/`);
});

test("an S3 bucket", { timeout: 180_000 }, async () => {
  const at = await port();
  const store = `http://127.0.0.1:${at}`;
  await started(`${store}/`, join(TOOLS, "moto_server"), ["-H", "127.0.0.1", "-p", String(at)]);
  writeFileSync(join(PLACE, "cors.json"), recipe("cors"));
  const who = { AWS_ACCESS_KEY_ID: "tests", AWS_SECRET_ACCESS_KEY: "tests", AWS_DEFAULT_REGION: "us-east-1" };
  const env = { ...process.env, ...who, AWS_ENDPOINT_URL: store, PATH: `${TOOLS}:${process.env.PATH}` };
  // The store says a line of each upload, and waits for whoever takes it: nothing here may hold that up.
  await promisify(execFile)("bash", ["-ec", recipe("s3")], { cwd: PLACE, env });
  open.s3 = `${store}/atlas/data/`;
  await all(`${store}/atlas/index.html`);
});

test("a path below the root, and no headers of one's own, as on GitHub Pages", { timeout: 180_000 }, async () => {
  const at = await port();
  const pages = join(PLACE, "pages");
  cpSync(join(PLACE, "site"), join(pages, "atlas"), { recursive: true });
  assert.ok(existsSync(join(pages, "atlas/.nojekyll")));
  const types = "text/html html; text/css css; text/javascript js; image/svg+xml svg; application/wasm wasm;";
  await nginx(`server { listen 127.0.0.1:${at}; root ${pages}; types { ${types} } default_type application/octet-stream; }`, at);
  await all(`http://127.0.0.1:${at}/atlas/`);
});

test("pages of other origins read from hosts that allow it", { timeout: 180_000 }, async () => {
  const at = await port();
  await nginx(`server { listen 127.0.0.1:${at}; root ${join(PLACE, "site")}; include ${mime()}; }`, at);
  for (const [host, data] of Object.entries(open)) {
    for (const name of ["file.h5ad", "store.zarr", "archive.zarr.zip"]) {
      const query = new URLSearchParams({ url: `${data}${name}` });
      const { page } = await visit(browser, `http://127.0.0.1:${at}/?${query}`);
      await coloured(page, "cell_type").catch((error) => assert.fail(`${host}, ${name}: ${error.message}`));
      await page.context().close();
    }
  }
  assert.deepEqual(Object.keys(open), ["nginx", "apache", "caddy", "s3"]);
});

/** Types as every host has them. */
function mime() {
  const path = join(PLACE, "types");
  writeFileSync(path, "types { text/html html; text/css css; text/javascript js; image/svg+xml svg; application/wasm wasm; }");
  return path;
}

test("Python's own server: stores are read, for a file it says what is missing and offers the whole", {
  timeout: 180_000,
}, async () => {
  const at = await port();
  const [program = "", ...args] = recipe("python").trim().split(" ");
  const url = `http://127.0.0.1:${at}/`;
  await started(url, program, [...args, "--bind", "127.0.0.1", String(at)]);
  await opened(url, "store.zarr");
  const { page } = await visit(browser, url);
  await page.locator("#open .catalog button", { hasText: "file" }).click();
  const card = page.locator("#trouble article");
  await card.waitFor({ timeout: 30_000 });
  assert.match(await text(card.locator(".message")), /the host ignores byte ranges and sends the whole file, 1\.8 MB/i);
  assert.match(await text(card.locator(".advice")), /download the file/i);
  await card.getByRole("button", { name: /download/i }).click();
  const drawn = async () => {
    const { store } = await import(new URL("main.js", document.baseURI).href);
    return store.state.colour?.field.key === "cell_type";
  };
  await until(page, drawn, null, "the whole file was downloaded and is drawn");
  await page.context().close();
});
