/**
 * Data that another window reads for us, such as a notebook's kernel: requests go over a port, bytes come back. Small requests made
 * at the same time travel together, large ones in pieces; only so many bytes are on their way at any time.
 *
 * @import { Remote } from "./messages.js"
 * @typedef {{ start: number, end: number }} Span
 * @typedef {{ bytes: number, done: (value: any) => void, fail: (error: Error) => void, ended?: boolean }} Want
 * @typedef {Want & { source: string, start: number, end: number }} Piece
 * @typedef {Want & { source?: string, key: string, part: Span | { last: number } | undefined }} Key
 * @typedef {{ head: Record<string, any>, buffers: ArrayBuffer[] }} Answer
 */

/** Bytes that a key is taken to have, until its size is known. */
const GUESS = 64 << 10;
/** Most pieces or keys in one message. */
const ITEMS = 512;

/** A source as the module takes it. @param {Remote} remote */
export function open(remote) {
  const line = new Line(remote);
  return remote.kind === "file" ? file(remote, line) : folder(remote, line);
}

/**
 * A file, and those beside it, which share one queue.
 *
 * @param {Omit<Remote, "port" | "kind">} remote @param {Line} line @param {Queue<Piece>} [queue]
 */
function file({ name, size = 0, source, beside, limits }, line, queue = pieces(line)) {
  /** @param {number} start @param {number} end @param {AbortSignal} signal */
  async function read(start, end, signal) {
    const pieces = cut(start, end, limits.reply);
    const parts = await Promise.all(pieces.map((span) => queue.add({ ...span, source, bytes: span.end - span.start }, signal)));
    return join(parts);
  }
  /** Another file, by the path that this one knows it by. @param {string} path @returns {Promise<any>} */
  async function sibling(path) {
    if (!path) return undefined;
    if (!beside) {
      const words = `"${path}" is wanted beside this file, and was not allowed to be read`;
      throw Object.assign(failure("missing", words), { advice: "show the file with beside=True, or with a list of such files" });
    }
    const { file: found } = (await line.ask({ t: "sibling", source, path })).head;
    return found ? file({ ...found, limits }, line, queue) : undefined;
  }
  return { name, size, read, sibling };
}

/** @param {Line} line @returns {Queue<Piece>} */
const pieces = (line) =>
  new Queue(line, (/** @type {Piece[]} */ pieces) => ({
    t: "read",
    source: pieces[0]?.source,
    spans: pieces.map(({ start, end }) => [start, end]),
  }));

/** @param {Remote} remote @param {Line} line */
function folder({ name, limits }, line) {
  const queue = new Queue(line, (/** @type {Key[]} */ keys) => ({
    t: "get",
    parts: keys.map(({ key, part }) => (part ? [key, "last" in part ? part.last : [part.start, part.end]] : [key, null])),
  }));
  /** @param {string} key @param {Span | { last: number } | undefined} part @param {AbortSignal} signal */
  async function get(key, part, signal) {
    const bytes = part ? ("last" in part ? part.last : part.end - part.start) : GUESS;
    const found = await queue.add({ key, part, bytes: Math.min(bytes, limits.reply) }, signal);
    if (!found?.size) return found;
    // Too large for one message: its pieces, side by side.
    const [start, end] = ends(part, found.size);
    const spans = cut(start, end, limits.reply);
    const parts = await Promise.all(spans.map((span) => queue.add({ key, part: span, bytes: span.end - span.start }, signal)));
    if (parts.some((bytes) => !(bytes instanceof Uint8Array))) throw failure("source", `${key} has changed while it was read`);
    return join(parts);
  }
  /** @param {string} prefix */
  async function list(prefix) {
    return (await line.ask({ t: "list", prefix })).head.names;
  }
  return { name, get, list };
}

/** One end of the port: questions with numbers, answers with the same. */
class Line {
  #last = 0;
  /** @type {Map<number, { done: (answer: Answer) => void, fail: (error: Error) => void }>} */
  #open = new Map();

  /** @param {Remote} remote */
  constructor({ port, source, limits }) {
    this.limits = limits;
    this.source = source;
    this.port = port;
    port.onmessage = ({ data: { rid, head, buffers } }) => {
      const call = this.#open.get(rid);
      this.#open.delete(rid);
      if (head.t === "data") call?.done({ head, buffers });
      else call?.fail(failure(head.code, head.message));
    };
  }

  /** @param {Record<string, unknown>} question @returns {Promise<Answer>} */
  ask(question) {
    const rid = ++this.#last;
    return new Promise((done, fail) => {
      this.#open.set(rid, { done, fail });
      this.port.postMessage({ rid, source: this.source, ...question });
    });
  }
}

/**
 * Gathers what is asked for in one turn, and sends it in as few messages as will carry it.
 *
 * @template {Piece | Key} T
 */
class Queue {
  /** @type {T[]} */
  #waiting = [];
  /** Bytes on their way. */
  #flying = 0;
  #due = false;

  /** @param {Line} line @param {(wants: T[]) => Record<string, unknown>} question */
  constructor(line, question) {
    this.line = line;
    this.question = question;
  }

  /** @param {Omit<T, keyof Want> & { bytes: number }} what @param {AbortSignal} signal @returns {Promise<any>} */
  add(what, signal) {
    if (signal.aborted) return Promise.reject(signal.reason);
    /** @type {() => void} */
    let over = () => {};
    const promise = new Promise((done, fail) => {
      const want = /** @type {T} */ ({ ...what, done, fail });
      over = () => {
        // What has not been sent is not sent; what has been comes for nothing.
        want.ended = true;
        fail(signal.reason);
      };
      signal.addEventListener("abort", over);
      this.#waiting.push(want);
      this.#soon();
    });
    return promise.finally(() => signal.removeEventListener("abort", over));
  }

  #soon() {
    if (this.#due) return;
    this.#due = true;
    // A turn later, so that everything asked for now goes together.
    queueMicrotask(() => {
      this.#due = false;
      this.#send();
    });
  }

  #send() {
    const { reply, window } = this.line.limits;
    for (;;) {
      this.#waiting = this.#waiting.filter(({ ended }) => !ended);
      const first = this.#waiting[0];
      if (!first || (this.#flying > 0 && this.#flying + first.bytes > window)) return;
      let [bytes, count] = [0, 0];
      for (const want of this.#waiting) {
        // A message is about one source.
        if (count === ITEMS || want.source !== first.source || (count > 0 && bytes + want.bytes > reply)) break;
        bytes += want.bytes;
        count++;
      }
      this.#fly(this.#waiting.splice(0, count), bytes);
    }
  }

  /** @param {T[]} wants @param {number} bytes */
  async #fly(wants, bytes) {
    this.#flying += bytes;
    try {
      this.#deal(wants, await this.line.ask(this.question(wants)));
    } catch (error) {
      for (const { fail } of wants) fail(/** @type {Error} */ (error));
    } finally {
      this.#flying -= bytes;
      this.#soon();
    }
  }

  /** @param {T[]} wants @param {Answer} answer */
  #deal(wants, { head, buffers }) {
    if (!head.found) {
      for (const [at, { done }] of wants.entries()) done(new Uint8Array(buffers[at] ?? new ArrayBuffer(0)));
      return;
    }
    // Keys: so many were found or missing; the others did not fit and are asked for again.
    for (const [at, index] of head.found.entries()) {
      wants[at]?.done(index < 0 ? undefined : new Uint8Array(buffers[index] ?? new ArrayBuffer(0)));
    }
    const rest = wants.slice(head.found.length);
    if (head.found.length === 0) rest.shift()?.done({ size: head.sizes[0] });
    this.#waiting.unshift(...rest);
  }
}

/** @param {Span | { last: number } | undefined} part @param {number} size @returns {[number, number]} */
function ends(part, size) {
  if (!part) return [0, size];
  return "last" in part ? [Math.max(0, size - part.last), size] : [Math.min(part.start, size), Math.min(part.end, size)];
}

/** @param {number} start @param {number} end @param {number} most @returns {Span[]} */
export function cut(start, end, most) {
  const spans = [];
  for (let at = start; at < end; at += most) spans.push({ start: at, end: Math.min(end, at + most) });
  return spans;
}

/** @param {Uint8Array[]} parts */
function join(parts) {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {string} code @param {string} message */
const failure = (code, message) => Object.assign(new Error(message), { code });
