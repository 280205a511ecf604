/**
 * A dataset lent over a port: opened in one frame or worker, read in another that cannot open it itself.
 *
 * @import { Readable } from "./router.js"
 */
import { Fault } from "../engine/fault.js";

/** Answers reads on a port until it is closed. @param {Readable} dataset @param {MessagePort} port */
export function lend(dataset, port) {
  /** @type {Map<number, AbortController>} */
  const running = new Map();
  port.onmessage = async ({ data: { id, path } }) => {
    // Without a path: give up.
    if (path === undefined) return running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    try {
      const read = await dataset.read(path, { signal: abort.signal });
      const bytes = new Uint8Array(read).slice();
      port.postMessage({ id, bytes }, [bytes.buffer]);
    } catch (error) {
      const { code, message, file, object, offset, advice } = Object.assign(Fault.from(error), error);
      port.postMessage({ id, failure: { code, message, file, object, offset, advice } });
    } finally {
      running.delete(id);
    }
  };
}

/** The dataset at the other end of a port. @param {MessagePort} port @returns {Readable} */
export function borrow(port) {
  /** @type {Map<number, { done: (bytes: Uint8Array) => void, fail: (fault: Fault) => void }>} */
  const calls = new Map();
  let last = 0;
  port.onmessage = ({ data: { id, bytes, failure } }) => {
    const call = calls.get(id);
    calls.delete(id);
    if (failure) call?.fail(new Fault(failure));
    else call?.done(bytes);
  };
  return {
    read(path, { signal } = {}) {
      const id = ++last;
      return new Promise((done, fail) => {
        calls.set(id, { done, fail });
        port.postMessage({ id, path });
        signal?.addEventListener("abort", () => port.postMessage({ id }), { once: true });
      });
    },
  };
}
