/** Pages that embed the page: a folder of ours at one origin, whatever page a test needs at another, and the reference's own viewer. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "./browser.js";

/** @type {Record<string, string>} */
const MEDIA = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * A static server with ranges: `/pkg` and `/app` are the repository's pkg and www, `pages` are answered by path, as HTML or from a file
 * (`{ file }`), with a bare status or, for paths that end in a slash, from the files of a folder (`{ folder }`, open to other origins). What lies below `/app` and is no file goes on to another server, where one is given: so the page and the reference share
 * an origin.
 *
 * @param {Record<string, string | number | { file: string } | { folder: string }>} pages
 * @param {() => string | null} [beyond]
 * @returns {Promise<{ url: string, asked: string[], stop: () => void }>}
 */
export async function site(pages, beyond = () => null) {
  /** @type {string[]} */
  const asked = [];
  const server = createServer((ask, answer) => {
    const { pathname, search } = new URL(ask.url ?? "/", "http://here");
    asked.push(`${ask.method} ${pathname}`);
    const page = pages[pathname];
    if (typeof page === "number") return answer.writeHead(page).end();
    if (typeof page === "object" && "file" in page) return send(join(ROOT, page.file), ask, answer);
    for (const [at, place] of Object.entries(pages)) {
      if (typeof place !== "object" || !("folder" in place) || !pathname.startsWith(at)) continue;
      const below = pathname.slice(at.length) || "index.html";
      const path = join(ROOT, place.folder, ...below.split("/").map(decodeURIComponent));
      answer.setHeader("Access-Control-Allow-Origin", "*");
      if (existsSync(path) && statSync(path).isFile()) return send(path, ask, answer);
    }
    if (typeof page === "string") {
      answer.writeHead(200, { "Content-Type": "text/html" }).end(page);
      return;
    }
    if (pathname === "/favicon.ico") {
      answer.writeHead(204).end();
      return;
    }
    // The page looks for the module in its own folder first.
    const [, top, ...rest] = pathname.replace(/^\/app\/pkg\//, "/pkg/").split("/");
    const folder = top === "app" ? "www" : top === "pkg" ? "pkg" : top === "sample" ? "www/sample" : null;
    const file = folder && join(ROOT, folder, ...rest.map(decodeURIComponent));
    const path = file && existsSync(file) && statSync(file).isDirectory() ? join(file, "index.html") : file;
    if (path && existsSync(path) && statSync(path).isFile()) return send(path, ask, answer);
    const other = beyond();
    if (other && top === "app") return pass(new URL(`${rest.join("/")}${search}`, other), ask, answer);
    answer.writeHead(404, { "Content-Type": "text/plain" }).end("not here");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}/`, asked, stop };
}

/** @param {string} path @param {import("node:http").IncomingMessage} ask @param {import("node:http").ServerResponse} answer */
function send(path, ask, answer) {
  const { size, mtimeMs } = statSync(path);
  const range = ask.headers.range?.match(/^bytes=(\d+)-(\d*)$/);
  const [start, end] = range ? [Number(range[1]), Math.min(size - 1, range[2] ? Number(range[2]) : size - 1)] : [0, size - 1];
  answer.writeHead(range ? 206 : 200, {
    "Content-Type": MEDIA[extname(path)] ?? "application/octet-stream",
    "Content-Length": Math.max(0, end - start + 1),
    "Accept-Ranges": "bytes",
    ETag: `"${size}-${mtimeMs}"`,
    ...(range && { "Content-Range": `bytes ${start}-${end}/${size}` }),
  });
  if (ask.method === "HEAD" || size === 0) answer.end();
  else createReadStream(path, { start, end }).pipe(answer);
}

/** @param {URL} url @param {import("node:http").IncomingMessage} ask @param {import("node:http").ServerResponse} answer */
function pass(url, ask, answer) {
  const { host, connection, ...headers } = ask.headers;
  const onward = request(url, { method: ask.method ?? "GET", headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
  });
  onward.on("error", () => answer.writeHead(502).end());
  ask.pipe(onward);
}

/**
 * The reference's viewer on a file, in a process of its own.
 *
 * @param {string} file
 */
export async function reference(file) {
  const python = resolve(ROOT, "build/venv/bin/python");
  assert.ok(existsSync(python), "build/venv is not there: ./check makes it");
  const child = spawn(python, [resolve(import.meta.dirname, "reference.py"), file], { stdio: ["pipe", "pipe", "inherit"] });
  /** @type {any[]} */
  const said = [];
  /** @type {Array<() => void>} */
  const waiting = [];
  createInterface(child.stdout).on("line", (line) => {
    said.push(JSON.parse(line));
    for (const look of waiting.splice(0)) look();
  });
  /**
   * The next thing it says that fits, waiting for it if need be; what came before is skipped.
   *
   * @param {(said: any) => boolean} fits @param {string} what
   */
  const hear = async (fits, what) => {
    const end = Date.now() + 30_000;
    for (;;) {
      const at = said.findIndex(fits);
      if (at >= 0) return said.splice(0, at + 1).at(-1);
      assert.ok(Date.now() < end, `the reference never said ${what}; it said ${JSON.stringify(said).slice(0, 2000)}`);
      await new Promise((look) => {
        waiting.push(() => look(undefined));
        setTimeout(look, 500);
      });
    }
  };
  const { viewer } = await hear((one) => one.viewer, "where its viewer is");
  return {
    viewer: new URL(viewer),
    hear,
    /** @param {string} name @param {unknown[]} [args] @param {Record<string, unknown>} [options] */
    call: (name, args = [], options = {}) => child.stdin.write(`${JSON.stringify([name, args, options])}\n`),
    stop: () => {
      // Its own way out, so that it tidies up.
      child.stdin.end();
      setTimeout(() => child.kill(), 5000).unref();
    },
  };
}
