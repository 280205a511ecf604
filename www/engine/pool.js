/**
 * More workers that only decode chunks: they are handed stored bytes and hand back decoded ones, so no memory is shared and any page
 * can have them. Hired when the first large batch comes; where that fails, decoding stays where it is.
 *
 * @typedef {Array<Uint8Array | null>} Chunks
 * @typedef {{ worker: Worker, load: number }} Hand
 */

/** More than these do not help: one worker puts together what they decode. */
const MOST = 6;

export class Pool {
  /** @type {Hand[] | null} */
  #hands = null;
  /** @type {Map<number, { hand: Hand, bytes: number, done: (chunks: Chunks) => void }>} */
  #waiting = new Map();
  #last = 0;

  /** @param {number} count @param {() => Worker} hire */
  constructor(count, hire) {
    this.count = count;
    this.hire = hire;
  }

  /** Bound, because the module calls it by itself. @type {Parameters<typeof import("../../src/wasm/types.js").decodeWith>[0]} */
  decode = async (codecs, size, bound, chunks, skips) => {
    this.#hands ??= Array.from({ length: this.count }, () => this.#employ());
    if (!this.#hands.length) return [];
    const total = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    // As many shares as there are workers, of about as many bytes.
    const share = Math.max(1, Math.ceil(total / this.#hands.length));
    const shares = [];
    for (let start = 0; start < chunks.length; ) {
      let end = start;
      for (let bytes = 0; end < chunks.length && bytes < share; end++) bytes += chunks[end]?.byteLength ?? 0;
      shares.push(this.#send(codecs, size, bound, chunks.slice(start, end), skips.slice(start, end)));
      start = end;
    }
    return (await Promise.all(shares)).flat();
  };

  /**
   * @param {string} codecs @param {number} size @param {number} bound @param {Uint8Array[]} chunks @param {number[]} skips
   * @returns {Promise<Chunks>}
   */
  #send(codecs, size, bound, chunks, skips) {
    const hand = this.#hands?.reduce((least, other) => (other.load < least.load ? other : least));
    if (!hand) return Promise.resolve(chunks.map(() => null));
    const id = ++this.#last;
    const bytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    hand.load += bytes;
    return new Promise((done) => {
      this.#waiting.set(id, { hand, bytes, done: (decoded) => done(decoded.length ? decoded : chunks.map(() => null)) });
      const buffers = chunks.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer));
      hand.worker.postMessage({ ask: "decode", id, codecs, size, bound, chunks, skips }, buffers);
    });
  }

  #employ() {
    const hand = { worker: this.hire(), load: 0 };
    hand.worker.addEventListener("message", ({ data }) => {
      const job = this.#waiting.get(data.id);
      if (!job) return;
      this.#waiting.delete(data.id);
      hand.load -= job.bytes;
      job.done(data.answer === "done" ? data.value : []);
    });
    hand.worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lose(hand);
    });
    return hand;
  }

  /** What a worker that could not be started was to decode is decoded where it was read. @param {Hand} hand */
  #lose(hand) {
    hand.worker.terminate();
    this.#hands = this.#hands?.filter((other) => other !== hand) ?? null;
    for (const [id, job] of this.#waiting) {
      if (job.hand !== hand) continue;
      this.#waiting.delete(id);
      job.done([]);
    }
  }
}

/** Workers that pay on this machine: none where they would only take turns with the one that reads. */
export function crew(cores = navigator.hardwareConcurrency ?? 1) {
  return cores < 4 ? 0 : Math.min(MOST, cores - 1);
}
