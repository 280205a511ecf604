/**
 * The server that is measured against: data with ranges and an added delay before each answer, a log of every request, and the
 * reference's server behind the same delay. The programs themselves come without delay and are not logged.
 *
 * @typedef {{ path: string, begun: number, ended: number, bytes: number }} Entry
 */
import { once } from "node:events";
import { createReadStream, existsSync, statSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** @type {Record<string, string>} */
const MEDIA = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
/** A piece as large as what a browser takes at once: smaller ones cost the server more than the transfer. */
const PIECE = 1 << 20;

/** @param {string} data the folder with the data */
export async function serve(data) {
  /** @type {{ delay: number, reference: string | null, log: Entry[], open: number }} */
  const state = { delay: 0, reference: null, log: [], open: 0 };
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ keepAliveTimeout: 600_000 }, (ask, answer) => {
    const { pathname, search } = new URL(ask.url ?? "/", "http://here");
    // The page looks for the module in its own folder first.
    const path = normalize(decodeURIComponent(pathname)).replace(/^\/www\/pkg\//, "/pkg/");
    const [, top = "", ...rest] = path.split("/");
    const below = rest.join("/");
    const programs = {
      www: "www",
      pkg: "pkg",
      page: "bench/page",
      systems: "bench/systems",
      draw: "bench/draw",
      floor: "build/bench/floor",
      web: "build/bench/web",
    };
    const folder = /** @type {Record<string, string>} */ (programs)[top];
    if (folder) return send(join(ROOT, folder, below), ask, answer);
    if (top === "plans") return send(join(data, below), ask, answer);
    if (top !== "data" && top !== "reference") return void answer.writeHead(404).end();
    /** @type {Entry} */
    const entry = { path: `${ask.method} ${pathname} ${ask.headers.range ?? ""}`, begun: performance.now(), ended: 0, bytes: 0 };
    state.log.push(entry);
    state.open++;
    answer.on("close", () => {
      entry.ended = performance.now();
      state.open--;
    });
    const go = () => {
      if (top === "data") send(join(data, below), ask, answer, entry);
      else pass(new URL(`${below}${search}`, state.reference ?? "http://nowhere.invalid"), agent, ask, answer, entry);
    };
    if (state.delay) setTimeout(go, state.delay);
    else go();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    state,
    /** Takes what was logged since the last time. */
    taken: () => state.log.splice(0),
    stop: () => {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * @param {string} path @param {import("node:http").IncomingMessage} ask @param {import("node:http").ServerResponse} answer
 * @param {Entry} [entry]
 */
function send(path, ask, answer, entry) {
  const found = existsSync(path) ? statSync(path) : null;
  if (!found?.isFile()) return void answer.writeHead(404, { "Content-Length": 0 }).end();
  const { size, mtimeMs, mtime } = found;
  const range = ask.headers.range?.match(/^bytes=(\d*)-(\d*)$/);
  let [start, end] = [0, size - 1];
  if (range) {
    const [first, last] = [range[1], range[2]];
    if (first) [start, end] = [Number(first), last ? Math.min(size - 1, Number(last)) : size - 1];
    else start = Math.max(0, size - Number(last));
    if (start > end) return void answer.writeHead(416, { "Content-Range": `bytes */${size}`, "Content-Length": 0 }).end();
  }
  answer.writeHead(range ? 206 : 200, {
    "Content-Type": MEDIA[extname(path)] ?? "application/octet-stream",
    "Content-Length": end - start + 1,
    "Accept-Ranges": "bytes",
    ETag: `"${size.toString(16)}-${mtimeMs.toString(16)}"`,
    "Last-Modified": mtime.toUTCString(),
    ...(range && { "Content-Range": `bytes ${start}-${end}/${size}` }),
  });
  if (ask.method === "HEAD" || size === 0) return void answer.end();
  const stream = createReadStream(path, { start, end, highWaterMark: PIECE });
  if (entry) count(stream, entry);
  stream.on("error", () => answer.destroy());
  answer.on("close", () => stream.destroy());
  stream.pipe(answer);
}

/** @param {import("node:stream").Readable} from @param {Entry} entry */
function count(from, entry) {
  from.on("data", (/** @type {Buffer} */ piece) => {
    entry.bytes += piece.length;
  });
}

/**
 * @param {URL} url @param {Agent} agent @param {import("node:http").IncomingMessage} ask
 * @param {import("node:http").ServerResponse} answer @param {Entry} entry
 */
function pass(url, agent, ask, answer, entry) {
  const { host, connection, ...headers } = ask.headers;
  const onward = request(url, { method: ask.method ?? "GET", headers, agent }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    count(reply, entry);
    reply.pipe(answer);
  });
  onward.on("error", () => answer.writeHead(502).end());
  ask.pipe(onward);
}

/** Requests to one host that browsers have under way at a time, over HTTP/1.1. */
const CONNECTIONS = 6;

/**
 * Requests, bytes, and two ways to count waits, which a delay makes tell apart. `waves`: the longest chain of requests of which each began
 * after the one before had ended. `rounds`: the same without those that began when one of six came to its end: what a host without such
 * a limit would see. (A request that really waited for the answer of one of six is not told from one that was held back.)
 *
 * @param {Entry[]} log @param {number} [delay] milliseconds added to each
 */
export function cost(log, delay = 0) {
  let [waves, last] = [0, -Infinity];
  for (const { begun, ended } of log.toSorted((a, b) => a.ended - b.ended)) {
    if (begun < last) continue;
    waves++;
    last = ended;
  }
  /** @type {Array<Entry & { round: number }>} */
  const seen = [];
  for (const entry of log.toSorted((a, b) => a.begun - b.begun)) {
    // Answers that let this one begin came one after the other within less than that.
    const then = entry.begun - delay / 2;
    const full = seen.filter(({ begun, ended }) => begun < then && ended >= then).length >= CONNECTIONS;
    const known = seen.filter(({ begun, ended }) => (full ? begun < then : ended <= entry.begun)).map(({ round }) => round);
    seen.push({ ...entry, round: Math.max(0, ...known) + (full ? 0 : 1) });
  }
  const rounds = Math.max(0, ...seen.map(({ round }) => round));
  return { requests: log.length, rounds, waves, bytes: log.reduce((sum, { bytes }) => sum + bytes, 0) };
}
