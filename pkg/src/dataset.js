/**
 * An open dataset, wherever its module runs. The same in browsers and in Node.
 *
 * @import { Description, GeneOptions, ReadOptions, Stats } from "../../src/wasm/types.js"
 *
 * @typedef {object} Reader
 * @property {() => Promise<string[]>} paths
 * @property {(path: string, options?: GeneOptions) => Promise<Uint8Array>} read
 * @property {(paths: string[], options?: ReadOptions) => Promise<Uint8Array[]>} readMany
 * @property {() => Promise<Stats>} stats
 * @property {() => void} close
 */
import { CellucidError } from "./error.js";

export class Dataset {
  /** @type {Reader} */
  #reader;
  /** @type {Description} */
  #description;

  /** @param {Reader} reader @param {Description} description */
  constructor(reader, description) {
    this.#reader = reader;
    this.#description = description;
  }

  describe() {
    return this.#description;
  }

  paths() {
    return told(this.#reader.paths());
  }

  /** @param {string} path @param {GeneOptions} [options] */
  read(path, options) {
    return told(this.#reader.read(path, options));
  }

  /** @param {string[]} paths @param {ReadOptions} [options] */
  readMany(paths, options) {
    return told(this.#reader.readMany(paths, options));
  }

  stats() {
    return told(this.#reader.stats());
  }

  close() {
    this.#reader.close();
  }
}

/** @template T @param {Promise<T>} promise */
function told(promise) {
  return promise.catch((error) => {
    throw CellucidError.from(error);
  });
}
