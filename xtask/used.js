/**
 * Which of a module's functions are run when datasets are opened and shown: by number, one a line. What is not goes into the module's second
 * part.
 *
 *     node xtask/used.js GLUE COUNTED
 *
 * GLUE is what wasm-bindgen wrote, COUNTED the module in which each function says its number first. The datasets are the page's sample and
 * one of a matrix by column, .h5ad files as anndata writes them by default, so that nothing else has to be there. They are read from a host, the
 * second time with what was kept of it: files of this machine and folders are chosen by hand, which takes longer than the second part. What
 * a browser has and Node has not is played here.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [glue = "", counted = ""] = process.argv.slice(2);
const root = join(import.meta.dirname, "..");
/** Longer than the module waits for another call before it reads ahead and keeps what it has found out. */
const QUIET = 500;

/** @type {Set<number>} */
const used = new Set();
const instantiate = WebAssembly.instantiate.bind(WebAssembly);
/** @type {any} */ (WebAssembly).instantiate = (/** @type {BufferSource} */ bytes, /** @type {WebAssembly.Imports} */ imports) =>
  instantiate(bytes, { ...imports, used: { at: (/** @type {number} */ number) => used.add(number) } });

/** A folder of the origin's private file system, in memory, and as far as the module uses it. */
class FileSystemDirectoryHandle {
  kind = "directory";
  /** @type {Map<string, any>} */
  all = new Map();

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** @param {string} name @param {{ create?: boolean }} [options] */
  async getDirectoryHandle(name, options) {
    return this.#get(name, FileSystemDirectoryHandle, options);
  }

  /** @param {string} name @param {{ create?: boolean }} [options] */
  async getFileHandle(name, options) {
    return this.#get(name, FileSystemFileHandle, options);
  }

  /** @param {string} name */
  async removeEntry(name) {
    this.all.delete(name);
  }

  async *entries() {
    yield* this.all;
  }

  /** @template T @param {string} name @param {new (name: string) => T} kind @param {{ create?: boolean }} [options] @returns {T} */
  #get(name, kind, { create = false } = {}) {
    if (create && !this.all.has(name)) this.all.set(name, new kind(name));
    const found = this.all.get(name);
    if (!(found instanceof kind)) throw new DOMException("there is no such thing", "NotFoundError");
    return found;
  }
}

class FileSystemFileHandle {
  kind = "file";
  bytes = new Uint8Array(0);

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  async getFile() {
    return new File([this.bytes], this.name, { lastModified: 1 });
  }

  async createSyncAccessHandle() {
    return {
      getSize: () => this.bytes.length,
      /** @param {number} size */
      truncate: (size) => {
        const before = this.bytes.subarray(0, size);
        this.bytes = new Uint8Array(size);
        this.bytes.set(before);
      },
      /** @param {Uint8Array} into @param {{ at: number }} where */
      read: (into, { at }) => {
        const part = this.bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      /** @param {Uint8Array} from @param {{ at: number }} where */
      write: (from, { at }) => {
        const bytes = new Uint8Array(Math.max(this.bytes.length, at + from.length));
        bytes.set(this.bytes);
        bytes.set(from, at);
        this.bytes = bytes;
        return from.length;
      },
      flush() {},
      close() {},
    };
  }
}

const ours = new FileSystemDirectoryHandle("");
const storage = { getDirectory: async () => ours, estimate: async () => ({ quota: 1e9 }) };
Object.defineProperty(globalThis, "navigator", { value: { storage, onLine: true }, configurable: true });
Object.assign(globalThis, { FileSystemDirectoryHandle, FileSystemFileHandle, location: new URL("http://localhost/") });

/** A host with ranges, on which the repository lies. @type {(address: any, init?: RequestInit) => Promise<Response>} */
globalThis.fetch = async (address, init = {}) => {
  /** @type {Buffer} */
  let bytes;
  try {
    bytes = readFileSync(join(root, decodeURIComponent(new URL(String(address)).pathname)));
  } catch {
    return new Response(null, { status: 404 });
  }
  const { length } = bytes;
  const [, first, last] = new Headers(init.headers).get("Range")?.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  const from = first === undefined ? 0 : first ? Number(first) : Math.max(0, length - Number(last));
  const to = first && last ? Math.min(Number(last) + 1, length) : length;
  const headers = { ETag: '"1"', "Accept-Ranges": "bytes", "Content-Length": `${to - from}` };
  const body = init.method === "HEAD" ? null : new Uint8Array(bytes.subarray(from, to));
  if (first === undefined) return new Response(body, { headers });
  return new Response(body, { status: 206, headers: { ...headers, "Content-Range": `bytes ${from}-${to - 1}/${length}` } });
};

const module = await import(resolve(glue));
await module.default({ module_or_path: readFileSync(counted) });

/** What people do first: plot, colour by each column, look at genes. @param {string} from @param {"strict" | "reference"} profile */
async function show(from, profile) {
  /** As the worker calls. */
  const how = () => ({ signal: new AbortController().signal, progress() {} });
  const dataset = await module.Dataset.open(from, { ...how(), profile });
  dataset.helpWith(async () => null, 2);
  const { embeddings, obs } = dataset.describe();
  /** @type {string[]} */
  const paths = await dataset.paths();
  const genes = paths.filter((path) => path.startsWith("var/"));
  await Promise.all(["dataset_identity.json", "obs_manifest.json", "var_manifest.json"].map((path) => dataset.read(path, how())));
  for (const { file } of embeddings) await dataset.read(file, how());
  for (const path of paths.filter((path) => path.startsWith("obs/"))) await dataset.read(path, how());
  for (const { key } of obs.filter((/** @type {any} */ field) => field.kind === "category")) {
    // As the page asks; the reference serves none.
    if (profile === "strict") for (const more of ["labels", "colors"]) await dataset.read(`obs/${key}.${more}.json`, how());
  }
  await dataset.cost(genes[0]);
  await dataset.read(genes[0], { ...how(), partial() {} });
  await dataset.cost(genes[1]);
  await dataset.readMany(genes.slice(1, 12), how());
  // One that is given up.
  const abort = new AbortController();
  const given = dataset.read(genes[20], { signal: abort.signal });
  abort.abort();
  await given.catch(() => {});
  dataset.stats();
  if (!obs.length || !genes.length) throw new Error(`nothing to show in ${from}`);
  await sleep(QUIET);
  dataset.close();
  dataset.free();
}

const [sample, columns] = ["www/sample/sample.h5ad", "xtask/used/columns.h5ad"];
await show(sample, "strict");
await show(columns, "reference");
// With what was kept of it, and others that decode.
module.decodeWith(async (/** @type {unknown[]} */ ...job) => module.decodeChunks(...job));
await show(sample, "strict");
console.log([...used].sort((a, b) => a - b).join("\n"));
// Timers of the module are not waited for.
process.exit(0);
