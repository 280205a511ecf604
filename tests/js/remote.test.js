/** Reading through a port: everything asked for arrives, in few messages, with a bound on what is on its way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "../../www/engine/remote.js";

const LIMITS = { reply: 1000, window: 2500 };
const BYTES = Uint8Array.from({ length: 10_000 }, (_, at) => (at * 31) % 251);
const KEYS = /** @type {Record<string, Uint8Array>} */ ({
  "a/0": BYTES.subarray(0, 10),
  "a/1": BYTES.subarray(10, 900),
  big: BYTES.subarray(0, 3333),
  empty: BYTES.subarray(0, 0),
});
const never = new AbortController().signal;

/** A file in the shown file's folder. */
const OTHER = { source: "s7", name: "other.h5", size: 100, beside: true };

/** @type {Record<string, (question: Record<string, any>) => [Record<string, unknown>, ArrayBuffer[]]>} */
const answers = {
  read: (question) => read(question),
  get: (question) => get(question),
  list: (question) => list(question),
  sibling: ({ path }) => [{ t: "data", file: path === "parts/other.h5" ? OTHER : null }, []],
};

/** The other end: answers as the kernel does (python/src/cellucid_relay/reader.py). @param {"file" | "folder"} kind */
function kernel(kind, { hold = false, beside = false } = {}) {
  const { port1, port2 } = new MessageChannel();
  /** @type {Array<Record<string, any>>} */
  const asked = [];
  let [flying, most] = [0, 0];
  port2.onmessage = ({ data }) => {
    asked.push(data);
    const [head, buffers] = answers[data.t]?.(data) ?? [];
    if (!head || !buffers) return;
    flying += buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    most = Math.max(most, flying);
    if (hold) return;
    setTimeout(() => {
      flying -= buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      port2.postMessage({ rid: data.rid, head, buffers }, buffers);
    }, 2);
  };
  const source = open({ port: port1, kind, name: "x", size: BYTES.length, source: "s0", beside, limits: LIMITS });
  const close = () => port1.close();
  return { source: /** @type {any} */ (source), asked, close, most: () => most };
}

/** @param {Record<string, any>} question @returns {[Record<string, unknown>, ArrayBuffer[]]} */
function read({ spans: asked }) {
  /** @type {Array<[number, number]>} */
  const spans = asked;
  const total = spans.reduce((sum, [start, end]) => sum + end - start, 0);
  if (total > LIMITS.reply) return [{ t: "fail", code: "limit", message: "too much" }, []];
  return [{ t: "data" }, spans.map(([start, end]) => copy(BYTES.subarray(start, end)))];
}

/** @param {Record<string, any>} question @returns {[Record<string, unknown>, ArrayBuffer[]]} */
function get({ parts }) {
  const found = [];
  const buffers = [];
  let left = LIMITS.reply;
  for (const [key, part] of parts) {
    const all = KEYS[key];
    const bytes = all && (part === null ? all : typeof part === "number" ? all.subarray(-part) : all.subarray(...part));
    if (bytes && bytes.length > left) return [{ t: "data", found, ...(!found.length && { sizes: [all.length] }) }, buffers];
    found.push(bytes ? buffers.length : -1);
    if (bytes) buffers.push(copy(bytes));
    left -= bytes?.length ?? 0;
  }
  return [{ t: "data", found }, buffers];
}

/** @param {Record<string, any>} question @returns {[Record<string, unknown>, ArrayBuffer[]]} */
const list = ({ prefix }) =>
  prefix === "bad" ? [{ t: "fail", code: "request", message: "no" }, []] : [{ t: "data", names: ["a/", "big"] }, []];

/** @param {Uint8Array} bytes */
const copy = (bytes) => bytes.slice().buffer;

test("files beside a file share its queue, one message about each", async () => {
  const { source, asked, close } = kernel("file", { beside: true });
  assert.equal(await source.sibling("none.h5"), undefined);
  assert.equal(await source.sibling(""), undefined);
  const other = await source.sibling("parts/other.h5");
  assert.deepEqual([other.name, other.size], ["other.h5", 100]);
  asked.length = 0;
  const reads = await Promise.all([
    source.read(0, 4, never),
    source.read(4, 6, never),
    other.read(10, 12, never),
    other.sibling("x"),
  ]);
  assert.deepEqual([...reads[2]], [...BYTES.subarray(10, 12)]);
  const told = asked.map(({ t, source, spans, path }) => [t, source, spans ?? path]).sort();
  assert.deepEqual(told, [
    [
      "read",
      "s0",
      [
        [0, 4],
        [4, 6],
      ],
    ],
    ["read", "s7", [[10, 12]]],
    ["sibling", "s7", "x"],
  ]);
  close();
});

test("a file that leads to others, and may not", async () => {
  const { source, asked, close } = kernel("file");
  await assert.rejects(source.sibling("parts/other.h5"), ({ code, message, advice }) => {
    assert.match(`${message}; ${advice}`, /parts\/other\.h5" is wanted.*beside=True/);
    return code === "missing";
  });
  assert.deepEqual(asked, []);
  close();
});

test("spans asked for together travel together", async () => {
  const { source, asked, close } = kernel("file");
  const parts = await Promise.all([source.read(5, 10, never), source.read(9000, 9100, never), source.read(7, 7, never)]);
  assert.deepEqual(parts, [BYTES.slice(5, 10), BYTES.slice(9000, 9100), new Uint8Array()]);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.source, "s0");
  close();
});

test("large spans travel in pieces, within the window", async () => {
  const { source, asked, close, most } = kernel("file");
  assert.deepEqual(await source.read(100, 9999, never), BYTES.slice(100, 9999));
  assert.equal(asked.length, 10);
  assert.ok(most() <= LIMITS.window, `${most()} bytes on their way`);
  assert.ok(most() >= 2 * LIMITS.reply, "several at a time");
  close();
});

test("keys: found, missing, parts, too large for one message", async () => {
  const { source, close } = kernel("folder");
  const asked = [
    ["a/0"],
    ["none"],
    ["a/1", { start: 2, end: 5 }],
    ["big"],
    ["a/1", { last: 4 }],
    ["a/1"],
    ["empty"],
    ["big", { last: 2000 }],
  ];
  const found = await Promise.all(asked.map(([key, part]) => source.get(key, part, never)));
  const { "a/0": first, "a/1": second, big } = KEYS;
  assert.deepEqual(found, [
    first?.slice(),
    undefined,
    second?.slice(2, 5),
    big?.slice(),
    second?.slice(-4),
    second?.slice(),
    new Uint8Array(),
    big?.slice(-2000),
  ]);
  assert.deepEqual(await source.list(""), ["a/", "big"]);
  close();
});

test("errors keep their code, and the next call works", async () => {
  const { source, close } = kernel("folder");
  await assert.rejects(source.list("bad"), { code: "request", message: "no" });
  assert.deepEqual(await source.get("a/0", undefined, never), KEYS["a/0"]?.slice());
  close();
});

test("what is given up is not asked for", async () => {
  const { source, asked, close } = kernel("file", { hold: true });
  const abort = new AbortController();
  const reads = [0, 1000, 2000, 3000, 4000].map((start) => source.read(start, start + 1000, abort.signal));
  while (asked.length < 2) await new Promise((done) => setTimeout(done, 5));
  abort.abort();
  for (const read of reads) await assert.rejects(read, { name: "AbortError" });
  assert.equal(asked.length, 2);
  close();
});
