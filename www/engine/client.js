/**
 * The page's side of the worker: promises, cancelling, progress. A worker that crashes is dropped; what was waiting fails with the
 * panic's text, and the next read opens the same dataset again in a fresh worker.
 *
 * @import { Answer, ArrayOptions, Ask, Cost, Description, Dialled, Failure, From, OpenOptions, Packing, Part, Progress, Stats, Stored, Target, Values } from "./messages.js"
 * @typedef {{ signal?: AbortSignal, progress?: (progress: Progress) => void }} Hooks
 * @typedef {Hooks & { partial?: (part: Part) => void }} GeneHooks
 * @typedef {{ done: (value: any) => void, fail: (fault: Fault) => void } & Pick<GeneHooks, "progress" | "partial">} Call
 */
import { cancelled, Fault } from "./fault.js";
import { spawn } from "./spawn.js";

export class Engine {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #last = 0;
  /** @type {{ from: From, options: OpenOptions } | null} */
  #source = null;
  /** Pending while a fresh worker opens the dataset again after a crash. @type {Promise<unknown> | null} */
  #reopening = null;
  #closed = false;

  /** Starts the worker, so that the module loads while the person is still choosing a file. */
  constructor(start = spawn) {
    this.spawn = start;
    this.#worker = this.#hire();
  }

  /**
   * Opens a dataset. Cancelling ends the worker: nothing of a half-opened file is worth keeping.
   *
   * @param {From} from
   * @param {OpenOptions} options
   * @param {Hooks} [hooks]
   * @returns {Promise<Description>}
   */
  async open(from, options, hooks = {}) {
    const dismiss = () => this.#dismiss(cancelled());
    hooks.signal?.addEventListener("abort", dismiss, { once: true });
    try {
      const description = await this.#call({ ask: "open", id: 0, from, options }, hooks);
      this.#source = { from, options };
      return description;
    } finally {
      hooks.signal?.removeEventListener("abort", dismiss);
    }
  }

  /**
   * One virtual file, whole; those of export folders that are gzip are unpacked, unless `raw`. `partial` is given parts of a gene that
   * takes long.
   *
   * @param {string} path
   * @param {GeneHooks & { raw?: boolean }} [hooks]
   * @returns {Promise<ArrayBuffer>}
   */
  async read(path, { raw = false, ...hooks } = {}) {
    await this.#reopen();
    return this.#call({ ask: "read", id: 0, path, raw, parts: Boolean(hooks.partial) }, hooks);
  }

  /**
   * Several virtual files, made together.
   *
   * @param {string[]} paths
   * @param {Hooks & { raw?: boolean }} [hooks]
   * @returns {Promise<ArrayBuffer[]>}
   */
  async readMany(paths, { raw = false, ...hooks } = {}) {
    await this.#reopen();
    return this.#call({ ask: "readMany", id: 0, paths, raw }, hooks);
  }

  /** A group or array as it is stored. @param {string} path @param {Hooks} hooks @returns {Promise<Stored>} */
  async look(path, hooks) {
    await this.#reopen();
    return this.#call({ ask: "look", id: 0, path }, hooks);
  }

  /** Its values. @param {string} path @param {ArrayOptions["select"]} select @param {Hooks} hooks @returns {Promise<Values>} */
  async array(path, select, hooks) {
    await this.#reopen();
    return this.#call({ ask: "array", id: 0, path, select }, hooks);
  }

  /** Every virtual path there is. @returns {Promise<string[]>} */
  async paths() {
    await this.#reopen();
    return this.#call({ ask: "paths", id: 0 });
  }

  /** What a gene that was not asked for before will cost. @param {string} path @returns {Promise<Cost>} */
  async cost(path) {
    await this.#reopen();
    return this.#call({ ask: "cost", id: 0, path });
  }

  /**
   * Saves all of it as an export folder. Gives the archive, where it does not go into a folder.
   *
   * @param {Target} target
   * @param {Packing} packing
   * @param {Hooks} [hooks]
   * @returns {Promise<Blob | null>}
   */
  async save(target, packing, hooks = {}) {
    await this.#reopen();
    return this.#call({ ask: "save", id: 0, target, packing }, hooks);
  }

  /** @returns {Promise<Stats>} */
  async stats() {
    await this.#reopen();
    return this.#call({ ask: "stats", id: 0 });
  }

  close() {
    this.#closed = true;
    this.#dismiss(cancelled());
  }

  #hire() {
    const worker = this.spawn();
    // A crash is told twice, by a message and as an error: the second is not that of the worker hired since.
    worker.addEventListener("message", (event) => this.#worker === worker && this.#hear(event.data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (this.#worker !== worker) return;
      // Without words it is the script that did not load.
      if (event.message) this.#crash(event.message);
      else this.#dismiss(unloaded());
    });
    return worker;
  }

  async #reopen() {
    // Whatever is asked for meanwhile waits, too: the new worker is there before it has the dataset.
    if (!this.#reopening) {
      if (this.#worker || this.#closed || !this.#source) return;
      const { from, options } = this.#source;
      this.#reopening = this.#call({ ask: "open", id: 0, from, options }).finally(() => {
        this.#reopening = null;
      });
    }
    await this.#reopening;
  }

  /** @param {Exclude<Ask, { ask: "cancel" }>} ask @param {GeneHooks} [hooks] @returns {Promise<any>} */
  #call(ask, { signal, progress, partial } = {}) {
    if (this.#closed || signal?.aborted) return Promise.reject(cancelled());
    this.#worker ??= this.#hire();
    const worker = this.#worker;
    const id = ++this.#last;
    return new Promise((done, fail) => {
      const abort = () => {
        if (!this.#calls.delete(id)) return;
        worker.postMessage({ ask: "cancel", id });
        fail(cancelled());
      };
      const leave = () => signal?.removeEventListener("abort", abort);
      this.#calls.set(id, {
        done: (value) => {
          leave();
          done(value);
        },
        fail: (fault) => {
          leave();
          fail(fault);
        },
        progress,
        partial,
      });
      signal?.addEventListener("abort", abort, { once: true });
      try {
        // A remote source is dialled anew for each worker: its port can be handed over once.
        const from = "from" in ask && "dial" in Object(ask.from) ? /** @type {Dialled} */ (ask.from).dial() : null;
        worker.postMessage({ ...ask, id, ...(from && { from }) }, from ? [from.port] : []);
      } catch (error) {
        this.#calls.delete(id);
        leave();
        fail(Fault.from(error));
      }
    });
  }

  /** @param {Answer} answer */
  #hear(answer) {
    if (answer.answer === "crashed") return this.#crash(answer.text, answer.failure);
    const call = this.#calls.get(answer.id);
    if (!call) return; // cancelled meanwhile
    if (answer.answer === "progress") return call.progress?.(answer.progress);
    if (answer.answer === "part") return call.partial?.(answer.part);
    this.#calls.delete(answer.id);
    if (answer.answer === "done") call.done(answer.value);
    else call.fail(new Fault(answer.failure));
  }

  /** @param {string} text @param {Failure} [known] why, where it is no fault of the module's */
  #crash(text, known) {
    this.#dismiss(
      new Fault(
        known ?? {
          code: "malformed",
          message: `the reader stopped unexpectedly: ${text}`,
          advice: "The dataset is opened again by itself. Please report this text together with the file.",
        },
      ),
    );
  }

  /** Ends the worker and fails all that waits for it. @param {Fault} fault */
  #dismiss(fault) {
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of waiting) call.fail(fault);
  }
}

const unloaded = () =>
  new Fault({
    code: "source",
    message: "the reader could not be started: the script of its worker did not load",
    advice: "Reload the page. Whoever serves it: the worker's script has to lie where it is looked for.",
  });
