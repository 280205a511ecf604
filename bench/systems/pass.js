/**
 * A gene of a CSR matrix in a store, as little as it can be: two workers, as ours has on two processors, each of which fetches a chunk of
 * indices and the one of values, decodes them, takes out what the gene has there, and keeps nothing. So it has no quick next gene.
 *
 * @import { Picked, Plans } from "./types.js"
 */
import { Picker } from "../../build/bench/floor/floor.js";
import { own } from "./sparse.js";

/** Chunks that each worker has under way. */
const EACH = 3;

/** A whole file past the browser's cache. @param {string} url */
export async function fetched(url) {
  const reply = await fetch(url, { cache: "no-store" });
  if (!reply.ok) throw new Error(`${url}: ${reply.status}`);
  return new Uint8Array(await reply.arrayBuffer());
}

/** @type {Picker | null} */
let picker = null;

/** @param {Picked} chunk @param {boolean} raw the transfer alone */
export async function pick({ indices, values, packed, height, count, gene }, raw) {
  const [columns, items] = await Promise.all([fetched(indices), fetched(values)]);
  if (raw) return new Uint32Array();
  picker ??= new Picker(height);
  return picker.pick(columns, items, packed, height, count, gene);
}

export class Pass {
  /** @type {Map<number, (hits: ArrayBuffer) => void>} */
  #asked = new Map();
  #last = 0;

  /** @param {Plans} plans @param {string} url of the store @param {boolean} raw */
  constructor({ indices, data }, url, raw) {
    const [height, length] = [indices.chunk[0] ?? 0, indices.shape[0] ?? 0];
    const files = data.files ?? [];
    const same = data.chunk[0] === height && data.packed === indices.packed && data.item === 4 && indices.item === 4;
    this.chunks = (indices.files ?? []).map((file, at) => {
      const other = files[at];
      if (!same || !file || !other) throw new Error("indices and values do not lie in chunks of the same items");
      const count = Math.min(height, length - at * height);
      return { indices: `${url}/${file}`, values: `${url}/${other}`, packed: data.packed, height, count };
    });
    this.raw = raw;
    this.worker = new Worker(`worker.js?system=floor${raw ? "&way=raw" : ""}`, { type: "module" });
    this.ready = new Promise((done, fail) => {
      this.worker.onerror = ({ message }) => fail(new Error(message));
      this.worker.onmessage = ({ data: { ready, id, value, error } }) => {
        if (error) throw new Error(error);
        if (ready) done(null);
        else this.#asked.get(id)?.(value);
      };
    });
  }

  /** @param {Picked} chunk @returns {Promise<Uint32Array>} */
  #other(chunk) {
    const id = ++this.#last;
    return new Promise((done) => {
      this.#asked.set(id, (hits) => done(new Uint32Array(hits)));
      this.worker.postMessage({ id, call: "pick", args: [chunk] });
    });
  }

  /** @param {number} gene @param {Promise<ArrayBuffer>} indptr where rows begin */
  async column(gene, indptr) {
    await this.ready;
    const rest = Array.from(this.chunks, (chunk, at) => ({ at, chunk: { ...chunk, gene } }));
    /** @type {Uint32Array[]} */
    const found = [];
    /** @param {(chunk: Picked) => Promise<Uint32Array>} take */
    const lanes = (take) =>
      Array.from({ length: EACH }, async () => {
        for (let next = rest.shift(); next; next = rest.shift()) found[next.at] = await take(next.chunk);
      });
    const both = [...lanes((chunk) => pick(chunk, this.raw)), ...lanes((chunk) => this.#other(chunk))];
    const [starts] = await Promise.all([indptr, ...both]);
    return column(new Uint32Array(starts), found, this.chunks[0]?.height ?? 0);
  }
}

/** @param {Uint32Array} starts @param {Uint32Array[]} found places and values in turns, chunk by chunk @param {number} height */
function column(starts, found, height) {
  const out = new Uint32Array(starts.length - 1);
  let cell = 0;
  for (const [chunk, hits] of found.entries()) {
    for (let at = 0; at < hits.length; at += 2) {
      const place = chunk * height + /** @type {number} */ (hits[at]);
      while (/** @type {number} */ (starts[cell + 1]) <= place) cell++;
      out[cell] = /** @type {number} */ (hits[at + 1]);
    }
  }
  return own(out);
}
