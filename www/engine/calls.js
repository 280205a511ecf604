/**
 * Functions of the page's that the module calls from its worker, over a port: a source that the caller reads itself, a function that
 * renews an address. Giving up crosses too.
 *
 * @import { Called, Readable } from "./messages.js"
 * @typedef {{ read?: Function, get?: Function, list?: Function, sibling?: Function, renew?: Function }} Callee
 */

/**
 * A source of the caller's, as it crosses: what is known of it, and a port to call it by.
 *
 * @param {any} source @returns {Called}
 */
export function lend(source) {
  const { port1, port2 } = new MessageChannel();
  answer(port1, functions(source));
  return { ...outline(source), calls: true, port: port2 };
}

/** What is known of a source without calling it. @param {any} source @returns {Omit<Called, "calls" | "port">} */
export function outline({ name = "caller's source", size, read, list, sibling }) {
  if (typeof read !== "function") return { kind: "folder", name, lists: typeof list === "function" };
  return { kind: "file", name, size: Number(size), siblings: typeof sibling === "function" };
}

/** Its functions. @param {any} source @returns {Callee} */
export function functions(source) {
  /** @type {Callee} */
  const all = {};
  for (const name of /** @type {const} */ (["read", "get", "list", "sibling"])) all[name] = source[name]?.bind(source);
  return all;
}

/** Answers calls on a port with functions of an object. @param {MessagePort} port @param {Callee} callee */
export function answer(port, callee) {
  /** @type {Map<number, AbortController>} */
  const running = new Map();
  port.onmessage = async ({ data: { id, name, given } }) => {
    // Without a name: give up.
    if (!name) return running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    try {
      const value = await callee[/** @type {keyof Callee} */ (name)]?.(...given, abort.signal);
      // Another file that one leads to is a source like it.
      const lent = typeof value?.read === "function" ? lend(value) : null;
      port.postMessage({ id, value: lent ?? sendable(value) }, lent ? [lent.port] : []);
    } catch (/** @type {any} */ error) {
      const { name, message, code, advice } = error ?? {};
      port.postMessage({ id, error: { name, message: message ?? String(error), code, advice } });
    } finally {
      running.delete(id);
    }
  };
}

/** What can cross: addresses as text, headers as pairs, everything else as it is. @param {any} value @returns {unknown} */
function sendable(value) {
  if (value instanceof URL) return value.href;
  if (value instanceof Headers) return [...value];
  const renewed = value && typeof value === "object" && ("url" in value || "headers" in value);
  return renewed ? { url: sendable(value.url), headers: sendable(value.headers) } : value;
}

/**
 * The other end: what the module is to open, with functions that call over the port.
 *
 * @param {Called} called
 * @returns {{ from: Readable, renew?: (address: string) => Promise<any> }}
 */
export function called({ port, kind, from, name, size, lists, siblings, renews }) {
  /** @type {Map<number, { done: (value: any) => void, fail: (error: Error) => void }>} */
  const open = new Map();
  let last = 0;
  port.onmessage = ({ data: { id, value, error } }) => {
    const call = open.get(id);
    open.delete(id);
    if (error) call?.fail(Object.assign(new Error(error.message), error));
    else call?.done(value);
  };
  /** @param {string} name @param {unknown[]} given @param {AbortSignal} [signal] @returns {Promise<any>} */
  const call = (name, given, signal) => {
    const id = ++last;
    const abort = () => port.postMessage({ id });
    signal?.addEventListener("abort", abort);
    const answered = new Promise((done, fail) => {
      open.set(id, { done, fail });
      port.postMessage({ id, name, given });
    });
    return answered.finally(() => signal?.removeEventListener("abort", abort));
  };
  const renew = renews && { renew: (/** @type {string} */ address) => call("renew", [address]) };
  if (kind === "file") {
    /** @param {string} path @returns {Promise<any>} */
    const sibling = async (path) => {
      const found = await call("sibling", [path]);
      return found?.calls ? called(found).from : found;
    };
    return {
      from: {
        name,
        size: Number(size),
        read: (start, end, signal) => call("read", [start, end], signal),
        ...(siblings && { sibling }),
      },
      ...renew,
    };
  }
  if (kind === "folder") {
    const list = lists && { list: (/** @type {string} */ prefix) => call("list", [prefix]) };
    return { from: { name, get: (key, part, signal) => call("get", [key, part], signal), ...list }, ...renew };
  }
  return { from: /** @type {Readable} */ (from), ...renew };
}
