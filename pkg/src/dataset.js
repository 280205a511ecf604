/**
 * An open dataset, wherever its module runs. The same in browsers and in Node.
 *
 * @import { ArrayOptions, Description, GeneOptions, ReadOptions, Stats, Stored, Values } from "../../src/wasm/types.js"
 *
 * @typedef {object} Reader
 * @property {() => Promise<string[]>} paths
 * @property {(path: string, options?: GeneOptions) => Promise<Uint8Array>} read
 * @property {(paths: string[], options?: ReadOptions) => Promise<Uint8Array[]>} readMany
 * @property {(path: string, options?: ReadOptions) => Promise<Stored>} look
 * @property {(path: string, options?: ArrayOptions) => Promise<Values>} array
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

  /** @param {string} path @param {ReadOptions} [options] */
  look(path, options) {
    return told(this.#reader.look(path, options));
  }

  /** @param {string} path @param {ArrayOptions} [options] */
  array(path, options) {
    return told(this.#reader.array(path, options));
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
