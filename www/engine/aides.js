/**
 * More workers that read: each opens the same file, and takes part when a matrix that is stored by row has to be gone through. Hired
 * when that begins, let go when it is over; where one cannot open the file, everything is read by the one that asked.
 *
 * @import { Answer, Ask, OpenOptions, Portion, Readable } from "./messages.js"
 * @typedef {{ worker: Worker, load: number }} Hand
 */

/** Milliseconds without work until they go, and their memory with them. */
const IDLE = 2000;
/** Milliseconds until a stretch is given up that nobody hands over: far more than one takes, over whatever line. */
const SILENT = 120_000;
/** Stretches that each has at any time: one is fetched while another is decoded. */
export const EACH = 2;

export class Aides {
  /** @type {Hand[]} */
  #hands = [];
  /** @type {Map<number, { hand: Hand, done: (portion: Portion | null) => void }>} */
  #waiting = new Map();
  #last = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #leave;
  /** Some could not be started, or cannot open the file: asking again would cost the same again. */
  #useless = false;

  /**
   * @param {number} count
   * @param {() => Worker} hire
   * @param {Readable} from what all of them open; it has to be something that can be sent to a worker
   * @param {OpenOptions} [options]
   */
  constructor(count, hire, from, options = {}) {
    this.count = count;
    this.hire = hire;
    this.from = from;
    const { beside: _, ...plain } = options;
    this.options = { ...plain, prefetch: false, cache: false };
  }

  /** Bound, because the module calls it by itself. @param {string} path @param {number} start @param {number} end @param {number[]} [columns] */
  help = (path, start, end, columns = []) => {
    clearTimeout(this.#leave);
    if (!this.#hands.length) for (let i = 0; i < this.count && !this.#useless; i++) this.#employ();
    const [first, ...others] = this.#hands;
    if (!first) return Promise.resolve(null);
    const hand = others.reduce((least, other) => (other.load < least.load ? other : least), first);
    return this.#send(hand, { ask: "portion", id: 0, path, start, end, columns });
  };

  /** Lets all of them go; whoever waits reads for himself. */
  close() {
    clearTimeout(this.#leave);
    for (const { worker } of this.#hands) worker.terminate();
    this.#hands = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { done } of waiting) done(null);
  }

  #employ() {
    const hand = { worker: this.hire(), load: 0 };
    this.#hands.push(hand);
    hand.worker.addEventListener("message", ({ data }) => this.#hear(data));
    hand.worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail();
    });
    this.#send(hand, { ask: "aid", id: 0, from: this.from, options: this.options });
  }

  /** @param {Hand} hand @param {Extract<Ask, { ask: "aid" | "portion" }>} ask @returns {Promise<Portion | null>} */
  #send(hand, ask) {
    const id = ++this.#last;
    return new Promise((resolve) => {
      hand.load++;
      const silent = setTimeout(() => this.#fail(), SILENT);
      /** @param {Portion | null} portion */
      const done = (portion) => {
        clearTimeout(silent);
        resolve(portion);
      };
      this.#waiting.set(id, { hand, done });
      try {
        hand.worker.postMessage({ ...ask, id });
      } catch {
        // What the data are opened from cannot be sent.
        this.#fail();
      }
    });
  }

  /** @param {Answer} answer */
  #hear(answer) {
    if (answer.answer === "crashed" || answer.answer === "failed") return this.#fail();
    const job = "id" in answer && answer.answer === "done" ? this.#waiting.get(answer.id) : undefined;
    if (!job || answer.answer !== "done") return;
    this.#waiting.delete(answer.id);
    job.hand.load--;
    job.done(/** @type {Portion | null} */ (answer.value));
    if (!this.#waiting.size) this.#leave = setTimeout(() => this.close(), IDLE);
  }

  #fail() {
    this.#useless = true;
    this.close();
  }
}

/** As many as pay: one beside the worker that asks, more where there are processors for it and for those that only decode. */
export function aides(cores = navigator.hardwareConcurrency ?? 1) {
  return cores < 2 ? 0 : Math.max(1, Math.min(3, Math.floor(cores / 2) - 1));
}
