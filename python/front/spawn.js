/**
 * The worker out of the page itself. A hardened notebook may forbid one form of it: then the other.
 */
import text from "worker:text";
import wasm from "../../pkg/cellucid_bg.wasm";
import later from "../../pkg/cellucid_later.wasm";

/** What the worker says first, whatever else it has to say. */
const HERE = "cellucid-worker-here";
const script = `postMessage(${JSON.stringify(HERE)});${text}`;

/** How a worker can be made of text; VS Code's policy allows the second only. @type {Array<() => string>} */
const FORMS = [
  () => URL.createObjectURL(new Blob([script], { type: "text/javascript" })),
  () => `data:text/javascript;charset=utf-8,${encodeURIComponent(script)}`,
];
/** @type {string | undefined} */
let address;

export const spawn = () => /** @type {Worker} */ (/** @type {unknown} */ (new Hired()));

/** A worker as soon as one has started; until then what it is told is kept. */
class Hired extends EventTarget {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Array<[unknown, Transferable[]]> | null} */
  #early = [];
  #ended = false;

  constructor() {
    super();
    this.#try(address ? [() => String(address)] : FORMS);
  }

  /** @param {unknown} message @param {Transferable[]} [transfer] */
  postMessage(message, transfer = []) {
    if (this.#early) this.#early.push([message, transfer]);
    else this.#worker?.postMessage(message, transfer);
  }

  terminate() {
    this.#ended = true;
    this.#worker?.terminate();
  }

  /** @param {Array<() => string>} forms */
  #try([form, ...others]) {
    if (this.#ended || !form) return;
    const made = form();
    const failed = (/** @type {string} */ message) => {
      if (others.length) return this.#try(others);
      const why = message || "this notebook's security policy forbids workers (worker-src)";
      this.dispatchEvent(new ErrorEvent("error", { message: why, cancelable: true }));
    };
    try {
      const worker = new Worker(made, { name: "cellucid" });
      this.#worker = worker;
      worker.onmessage = ({ data }) => {
        if (data === HERE) this.#begin(worker, made);
        else this.dispatchEvent(new MessageEvent("message", { data }));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        if (this.#early) failed(event.message ?? "");
        else this.dispatchEvent(new ErrorEvent("error", { message: event.message, cancelable: true }));
      };
    } catch {
      // A turn later: nobody listens yet.
      queueMicrotask(() => failed(""));
    }
  }

  /** @param {Worker} worker @param {string} made */
  #begin(worker, made) {
    address = made;
    const early = this.#early ?? [];
    this.#early = null;
    worker.postMessage({ wasm, later });
    for (const [message, transfer] of early) worker.postMessage(message, transfer);
  }
}
