/**
 * A static host with switchable manners: the first part of a path says how it behaves, the rest is a file of the sample. Each manner is
 * a case with its outcome: the right data, or an error of a code and with words. The same cases are run by the module in browsers and in
 * Node, and by the command line.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "./browser.js";

/**
 * @typedef {import("node:http").IncomingMessage} Ask
 * @typedef {import("node:http").ServerResponse} Answer
 * @typedef {{ status: number, headers: Record<string, string | number>, body: Buffer }} Said
 * @typedef {object} Turn one request
 * @property {Ask} ask
 * @property {string} name of the file below the sample's folder
 * @property {Said} right what a good host says
 * @property {Buffer} whole
 * @property {[number, number] | null} span
 * @property {number} count of requests of this case, from 1
 * @property {string} elsewhere the same host at another origin, ending with a slash
 * @property {URL} url
 *
 * @typedef {"right" | { code: string, message: RegExp, advice?: RegExp }} Outcome
 * @typedef {object} Case
 * @property {string} file
 * @property {Outcome} outcome
 * @property {Outcome} [native] where it differs: the command line knows no CORS
 * @property {Outcome} [node] where it differs for the module in Node, which knows no CORS either
 * @property {(turn: Turn) => Partial<Said> | void} manner what is said otherwise
 * @property {(answer: Answer, said: Said) => void} [send] how it is sent, otherwise at once
 * @property {Record<string, string>} [headers] given by the user
 * @property {number} [valid] requests for which each signature is good; the module is given a `renew`
 */

const H5AD = "sample.h5ad";
const ZARR = "sample.zarr";
const PAGE = { status: 200, headers: { "Content-Type": "text/html" }, body: Buffer.from("<!doctype html><title>Start</title>") };
const refused = (/** @type {number} */ status) => ({ status, headers: {}, body: Buffer.from("no") });

/** Sends so much of the body, then breaks the connection. @param {number} share */
const cut =
  (share) =>
  (/** @type {Answer} */ answer, /** @type {Said} */ { status, headers, body }) => {
    answer.writeHead(status, { ...headers, "Content-Length": body.length });
    answer.write(body.subarray(0, Math.floor(body.length * share)), () => answer.destroy());
  };

/** @type {Record<string, Case>} */
export const CASES = {
  right: { file: H5AD, outcome: "right", manner: () => {} },
  "right-store": { file: ZARR, outcome: "right", manner: () => {} },
  "no-ranges": {
    file: H5AD,
    outcome: { code: "source", message: /ignores byte ranges and sends the whole file, 1\.8 MB/, advice: /download/ },
    manner: ({ whole }) => ({ status: 200, headers: {}, body: whole }),
  },
  "no-ranges-store": {
    file: ZARR,
    outcome: "right",
    manner: ({ right, whole }) => (right.status === 404 ? undefined : { status: 200, headers: {}, body: whole }),
  },
  "wrong-ranges": {
    file: H5AD,
    outcome: { code: "source", message: /were asked for and the host sent "bytes/ },
    manner: ({ span, whole, count, right }) => {
      if (!span || count < 2) return;
      const [start, end] = [span[0] + 16, Math.min(span[1] + 16, whole.length)];
      return {
        ...right,
        headers: { "Content-Range": `bytes ${start}-${end - 1}/${whole.length}` },
        body: whole.subarray(start, end),
      };
    },
  },
  "short-ranges": {
    file: H5AD,
    outcome: { code: "source", message: /broke off after \d+ of \d+ bytes/ },
    manner: ({ right, count }) => (count < 2 ? {} : { body: right.body.subarray(0, right.body.length - 1) }),
  },
  "long-ranges": {
    file: H5AD,
    outcome: { code: "source", message: /bytes or more where \d+ were announced/ },
    manner: ({ right }) => ({ body: Buffer.concat([right.body, Buffer.alloc(9)]) }),
  },
  endless: {
    file: H5AD,
    outcome: { code: "source", message: /bytes or more where \d+ were announced/ },
    manner: () => {},
    send: (answer, { status, headers }) => {
      const { "Content-Length": _, ...others } = headers;
      answer.writeHead(status, others);
      const more = () => {
        while (!answer.destroyed && answer.write(Buffer.alloc(1 << 16)));
        if (!answer.destroyed) answer.once("drain", more);
      };
      more();
    },
  },
  slow: {
    file: H5AD,
    outcome: "right",
    manner: () => {},
    send: (answer, { status, headers, body }) => {
      answer.writeHead(status, headers);
      let at = 0;
      const more = () => {
        if (at >= body.length) return answer.end();
        answer.write(body.subarray(at, at + (8 << 10)));
        at += 8 << 10;
        setTimeout(more, 5);
      };
      setTimeout(more, 50);
    },
  },
  "cut-off-once": {
    file: H5AD,
    outcome: "right",
    manner: ({ count }) => (count === 2 ? { headers: { "X-Cut": "1" } } : {}),
    send: (answer, said) => ("X-Cut" in said.headers ? cut(0.5)(answer, said) : plain(answer, said)),
  },
  "cut-off": {
    file: H5AD,
    outcome: { code: "source", message: /broke/ },
    manner: ({ count }) => (count >= 2 ? { headers: { "X-Cut": "1" } } : {}),
    send: (answer, said) => ("X-Cut" in said.headers ? cut(0.5)(answer, said) : plain(answer, said)),
  },
  "hung-up": {
    file: H5AD,
    outcome: { code: "source", message: /no answer|cannot be reached|broke/ },
    manner: () => {},
    send: (answer) => answer.destroy(),
  },
  "403-for-missing": {
    file: ZARR,
    outcome: "right",
    manner: ({ right }) => (right.status === 404 ? refused(403) : undefined),
  },
  "page-for-missing": { file: ZARR, outcome: "right", manner: ({ right }) => (right.status === 404 ? PAGE : undefined) },
  "page-for-all": {
    file: H5AD,
    outcome: { code: "source", message: /HTML page instead of the file/, advice: /address of the download/ },
    manner: () => PAGE,
  },
  missing: {
    file: "none.h5ad",
    outcome: { code: "missing", message: /no such file \(status 404\)/, advice: /address/ },
    manner: () => {},
  },
  private: {
    file: H5AD,
    outcome: { code: "source", message: /refuses access \(status 403\)/, advice: /expired|sign-in/ },
    manner: () => refused(403),
  },
  "private-store": { file: ZARR, outcome: { code: "missing", message: /store/ }, manner: () => refused(403) },
  busy: {
    file: H5AD,
    outcome: "right",
    manner: ({ count }) => (count < 3 ? { ...refused(503), headers: { "Retry-After": "0" } } : undefined),
  },
  "too-many": {
    file: H5AD,
    outcome: "right",
    manner: ({ count }) => (count === 2 ? { ...refused(429), headers: { "Retry-After": "1" } } : undefined),
  },
  "busy-until": { file: H5AD, outcome: "right", manner: until() },
  failing: { file: H5AD, outcome: { code: "source", message: /failed \(status 500\)/ }, manner: () => refused(500) },
  unsatisfied: { file: H5AD, outcome: { code: "source", message: /status 416/ }, manner: () => refused(416) },
  "no-cors": {
    file: H5AD,
    outcome: {
      code: "source",
      message: /does not let this page read.*Access-Control-Allow-Origin/,
      advice: /owner must send.*Access-Control-Allow-Origin.*Access-Control-Expose-Headers: Content-Range/s,
    },
    native: "right",
    node: "right",
    manner: () => ({ headers: { "Access-Control-Allow-Origin": "" } }),
  },
  "header-not-allowed": {
    file: H5AD,
    headers: { "X-Key": "k" },
    outcome: {
      code: "source",
      message: /does not let this page send X-Key/,
      advice: /OPTIONS.*Access-Control-Allow-Headers: X-Key/,
    },
    native: "right",
    node: "right",
    manner: () => ({ headers: { "Access-Control-Allow-Headers": "" } }),
  },
  "hidden-range": { file: H5AD, outcome: "right", manner: () => ({ headers: { "Access-Control-Expose-Headers": "" } }) },
  "hidden-size": {
    file: H5AD,
    outcome: { code: "source", message: /size/, advice: /Access-Control-Expose-Headers: Content-Range/ },
    native: "right",
    node: "right",
    manner: () => ({ headers: { "Access-Control-Expose-Headers": "" } }),
    send: (answer, { status, headers, body }) => {
      const { "Content-Length": _, ...others } = headers;
      answer.writeHead(status, others).end(body);
    },
  },
  "no-content-range": {
    file: H5AD,
    outcome: "right",
    native: { code: "source", message: /Content-Range/ },
    node: { code: "source", message: /Content-Range/ },
    manner: () => ({ headers: { "Content-Range": "" } }),
  },
  "gzip-on-ranges": {
    file: H5AD,
    outcome: { code: "source", message: /compresses what it sends \(gzip\)/, advice: /without Content-Encoding/ },
    manner: ({ right }) => ({ headers: { "Content-Encoding": "gzip" }, body: gzipSync(right.body) }),
  },
  "gzip-unsaid": {
    file: H5AD,
    // The browser unpacks what it may not tell of, and more comes out than was announced; or it refuses to.
    outcome: { code: "source", message: /compresses|where \d+ were announced|broke/ },
    manner: ({ right, whole }) => {
      const packed = gzipSync(whole);
      const body = packed.subarray(0, right.body.length);
      return { headers: { "Content-Encoding": "gzip", "Access-Control-Expose-Headers": "Content-Range" }, body };
    },
  },
  "gzip-on-small-files": {
    file: ZARR,
    outcome: "right",
    manner: ({ right, name }) =>
      right.status === 200 && /\.json$|\.z\w+$/.test(name)
        ? { headers: { "Content-Encoding": "gzip" }, body: gzipSync(right.body) }
        : undefined,
  },
  "gzip-hidden-on-files": {
    file: ZARR,
    // More comes out than was announced, of chunks too, and the browser may not tell why.
    outcome: "right",
    manner: ({ right }) =>
      right.status === 200
        ? {
            headers: { "Content-Encoding": "gzip", "Access-Control-Expose-Headers": "Content-Length" },
            body: gzipSync(right.body),
          }
        : undefined,
  },
  changed: {
    file: H5AD,
    outcome: { code: "source", message: /has changed on the host.*ETag/, advice: /open it again/ },
    manner: ({ count }) => (count > 1 ? { headers: { ETag: '"another"' } } : undefined),
  },
  shrunk: {
    file: H5AD,
    outcome: { code: "source", message: /has changed on the host.*had 1816362 bytes and now has 900000/ },
    manner: ({ span, whole, count }) =>
      count > 1 && span
        ? { headers: { "Content-Range": `bytes ${span[0]}-${span[1] - 1}/900000` }, body: whole.subarray(...span) }
        : undefined,
  },
  redirect: { file: H5AD, outcome: "right", manner: to() },
  "redirect-store": { file: ZARR, outcome: "right", manner: to() },
  "redirect-secret": { file: H5AD, headers: { Authorization: "Bearer secret" }, outcome: "right", manner: to() },
  "redirect-key": {
    file: H5AD,
    headers: { "X-Key": "secret" },
    outcome: { code: "source", message: /redirects to another address/, advice: /address it redirects to/ },
    native: "right",
    node: "right",
    manner: to(),
  },
  "redirect-endless": {
    file: H5AD,
    outcome: { code: "source", message: /reached|redirects without end/ },
    native: { code: "source", message: /redirects without end/ },
    manner: ({ ask }) => ({ ...refused(302), headers: { Location: ask.url ?? "/" } }),
  },
  "redirect-that-runs-out": { file: H5AD, outcome: "right", manner: signed(3) },
  "signature-that-runs-out": { file: H5AD, valid: 9, outcome: "right", manner: checked(9) },
  "signature-that-runs-out-store": {
    file: ZARR,
    valid: 6,
    outcome: "right",
    manner: checked(6),
  },
};

/** Busy until a time that it tells; who asks for the same again before that is sent away for good. @returns {Case["manner"]} */
function until() {
  /** @type {Map<string, { time: number, asked: Set<unknown> }>} */
  const runs = new Map();
  return ({ url, count, ask }) => {
    const run = url.pathname.split("/")[1] ?? "";
    // In whole seconds, as HTTP writes them: one to two from now.
    if (count === 2) runs.set(run, { time: 1000 * (Math.ceil(Date.now() / 1000) + 1), asked: new Set() });
    const { time, asked } = runs.get(run) ?? { time: 0, asked: new Set() };
    // Timers may be a moment early.
    if (Date.now() >= time - 100) return undefined;
    if (asked.has(ask.headers.range)) return refused(410);
    asked.add(ask.headers.range);
    return { ...refused(503), headers: { "Retry-After": new Date(time).toUTCString() } };
  };
}

/** Redirects to the same file at the other origin. @returns {Case["manner"]} */
function to() {
  return ({ elsewhere, name }) => ({ ...refused(302), headers: { Location: `${elsewhere}right/${name}` } });
}

/** Redirects to addresses here that are good for so many requests. @param {number} valid @returns {Case["manner"]} */
function signed(valid) {
  /** @type {Map<string, number>} */
  const uses = new Map();
  return ({ url, ask }) => {
    const ticket = url.searchParams.get("ticket");
    if (!ticket) return { ...refused(307), headers: { Location: `${ask.url}?ticket=${Math.random()}` } };
    uses.set(ticket, (uses.get(ticket) ?? 0) + 1);
    return (uses.get(ticket) ?? 0) > valid ? refused(403) : undefined;
  };
}

/** Wants a signature that is good for so many requests. @param {number} valid @returns {Case["manner"]} */
function checked(valid) {
  /** @type {Map<string, number>} */
  const uses = new Map();
  return ({ url, right }) => {
    const signature = `${url.pathname.split("/")[1]} ${url.searchParams.get("sig")}`;
    uses.set(signature, (uses.get(signature) ?? 0) + 1);
    // As Amazon does, also for what is not there.
    return !url.searchParams.has("sig") || (uses.get(signature) ?? 0) > valid || right.status === 404 ? refused(403) : undefined;
  };
}

/** @param {Answer} answer @param {Said} said */
function plain(answer, { status, headers, body }) {
  answer.writeHead(status, headers).end(body);
}

/** Two origins, the same host. */
export async function hosts() {
  /** Every request: where, what, and which headers of the user's came along. @type {Array<{ host: string, method: string, path: string, secrets: string[] }>} */
  const asked = [];
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @type {string[]} */
  const urls = [];
  /** Answers that are still being sent. @type {Set<Answer>} */
  const sending = new Set();
  const servers = await Promise.all([0, 1].map((at) => listen(at)));

  /** @param {number} at */
  async function listen(at) {
    const server = createServer((ask, answer) => {
      sending.add(answer);
      answer.once("close", () => sending.delete(answer));
      const url = new URL(ask.url ?? "/", urls[at]);
      const [, manner = "", ...rest] = decodeURIComponent(url.pathname).split("/");
      const name = rest.join("/");
      const secrets = ["authorization", "x-key"].flatMap((header) => (ask.headers[header] ? [String(ask.headers[header])] : []));
      asked.push({ host: String(urls[at]), method: String(ask.method), path: url.pathname, secrets });
      const found = CASES[manner.split("~")[0] ?? ""];
      if (!found) return answer.writeHead(404).end();
      const { right, whole, span } = say(name, ask.headers.range);
      // Two runs of a case do not disturb each other: the part after ~ tells them apart.
      const count = (counts.get(manner) ?? 0) + (ask.method === "OPTIONS" ? 0 : 1);
      counts.set(manner, count);
      const turn = { ask, name, right, whole, span, count, elsewhere: String(urls[1 - at]), url };
      const other =
        ask.method === "OPTIONS" ? (CORS.has(manner.split("~")[0] ?? "") ? found.manner(turn) : undefined) : found.manner(turn);
      const cors = {
        "Access-Control-Allow-Origin": ask.headers.origin ?? "*",
        "Access-Control-Allow-Headers": "*, Authorization",
        "Access-Control-Expose-Headers": "*, Content-Range, Content-Length, ETag, Content-Encoding, Retry-After",
        "Access-Control-Max-Age": "0",
        Vary: "Origin",
      };
      const body = other?.body ?? right.body;
      /** @type {Record<string, string | number>} */
      const headers = {
        ...cors,
        ...(other?.status === undefined || other.status === 206 ? right.headers : {}),
        ...other?.headers,
        "Content-Length": body.length,
      };
      for (const [key, value] of Object.entries(headers)) if (value === "") delete headers[key];
      const status = other?.status ?? right.status;
      if (ask.method === "OPTIONS") {
        delete headers["Content-Length"];
        return answer.writeHead(204, headers).end();
      }
      if (ask.method === "HEAD")
        return found.send
          ? found.send(answer, { status, headers, body: Buffer.alloc(0) })
          : answer.writeHead(status, headers).end();
      (found.send ?? plain)(answer, { status, headers, body });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    urls[at] = `http://127.0.0.1:${address.port}/`;
    return server;
  }

  return {
    asked,
    /** @param {string} name of the case @param {string} run */
    address: (name, run) => `${urls[0]}${name}~${run}/${CASES[name]?.file}${CASES[name]?.valid ? "?sig=0" : ""}`,
    elsewhere: String(urls[1]),
    /** Waits until nothing is sent any more: whoever has given up reading must not leave a host sending. */
    async quiet() {
      for (const end = Date.now() + 10_000; sending.size && Date.now() < end; ) await new Promise((done) => setTimeout(done, 20));
      assert.equal(sending.size, 0, "answers are still being sent");
    },
    stop: () => {
      for (const server of servers) server.close().closeAllConnections();
    },
  };
}

/** Cases that are about what is answered to OPTIONS. */
const CORS = new Set(["no-cors", "header-not-allowed"]);

/** What a good host says. @param {string} name @param {string | undefined} range */
function say(name, range) {
  const path = join(ROOT, "www/sample", name);
  const whole = existsSync(path) && statSync(path).isFile() ? readFileSync(path) : null;
  if (!whole) return { right: refused(404), whole: Buffer.alloc(0), span: null };
  const [, from = "", to = ""] = range?.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  const start = from ? Number(from) : Math.max(0, whole.length - Number(to));
  const end = from && to ? Math.min(whole.length, Number(to) + 1) : whole.length;
  const headers = { "Accept-Ranges": "bytes", ETag: '"one"', "Content-Type": "application/octet-stream" };
  if (!from && !to) return { right: { status: 200, headers, body: whole }, whole, span: null };
  const span = /** @type {[number, number]} */ ([start, end]);
  const more = { "Content-Range": `bytes ${start}-${end - 1}/${whole.length}` };
  return { right: { status: 206, headers: { ...headers, ...more }, body: whole.subarray(start, end) }, whole, span };
}

/** Files that are read in each case, enough to go past what the first request brought. */
export const FILES = ["points_2d.bin", "obs/cell_type.codes.u8", "var/CD3E.values.f32"];

/**
 * Compares what came with what should have.
 *
 * @param {Outcome} outcome @param {{ hashes?: string[], error?: { code: string, message: string, advice: string } }} found @param {string[]} truth
 */
export function judge(outcome, found, truth) {
  if (outcome === "right") {
    assert.deepEqual(found.error, undefined);
    assert.deepEqual(found.hashes, truth);
    return;
  }
  assert.equal(found.hashes, undefined, "an error was due");
  assert.equal(found.error?.code, outcome.code, JSON.stringify(found.error));
  assert.match(found.error?.message ?? "", outcome.message);
  if (outcome.advice) assert.match(found.error?.advice ?? "", outcome.advice);
}
