/**
 * What `import … from "cellucid-wasm"` gives in a browser: datasets that live in a worker of their own, and the ways to hand them to the
 * Cellucid app. Bundled with what it imports by xtask/package.js; described in ../index.d.ts.
 *
 * @import { From, OpenOptions, Renewed } from "../../src/wasm/types.js"
 */
import { answer, functions, outline } from "../../www/engine/calls.js";
import { Engine } from "../../www/engine/client.js";
import { Dataset } from "./dataset.js";
import { CellucidError } from "./error.js";
import { spawn } from "./spawn.js";

export { borrow, createDataSource, installFetchShim, lend, Router, share } from "../../www/bridge/app.js";
export { download } from "./download.js";
export { CellucidError };

/**
 * @param {From} from
 * @param {OpenOptions & { engine?: string | URL | (() => Worker) }} [options]
 */
export async function openDataset(from, { signal, progress, engine: where, headers, renew, beside, ...options } = {}) {
  const engine = new Engine(() => spawn(where));
  try {
    const around = beside && { beside: Array.isArray(beside) ? paths(beside) : beside };
    const given = { ...options, ...around, ...(headers && { headers: pairs(headers) }) };
    const description = await engine.open(/** @type {any} */ (sendable(from, renew)), given, hooks(signal, progress));
    return new Dataset(
      {
        paths: () => engine.paths(),
        read: async (path, { signal, progress, partial } = {}) => {
          const bytes = await engine.read(path, { ...hooks(signal, progress), ...(partial && { partial }), raw: true });
          return new Uint8Array(bytes);
        },
        readMany: async (paths, { signal, progress } = {}) => {
          const files = await engine.readMany(paths, { ...hooks(signal, progress), raw: true });
          return files.map((bytes) => new Uint8Array(bytes));
        },
        look: (path, { signal, progress } = {}) => engine.look(path, hooks(signal, progress)),
        array: (path, { signal, progress, select } = {}) => engine.array(path, select, hooks(signal, progress)),
        stats: () => engine.stats(),
        close: () => engine.close(),
      },
      description,
    );
  } catch (error) {
    engine.close();
    throw CellucidError.from(error);
  }
}

/** @param {AbortSignal | undefined} signal @param {OpenOptions["progress"]} progress */
function hooks(signal, progress) {
  return { ...(signal && { signal }), ...(progress && { progress: /** @type {(news: any) => void} */ (progress) }) };
}

/** @param {NonNullable<OpenOptions["headers"]>} headers */
const pairs = (headers) => (Symbol.iterator in headers ? [...headers] : Object.entries(headers));

/**
 * What crosses to the worker. Lists of files lose their paths on the way, so these go along; addresses are meant relative to this page, not
 * to the worker; what only this page can do is called over a port.
 *
 * @param {any} from @param {OpenOptions["renew"]} renew
 */
function sendable(from, renew) {
  if (from instanceof URL) return called({ from: from.href }, renew);
  if (typeof from === "string") return called({ from: URL.parse(from.trim(), document.baseURI)?.href ?? from }, renew);
  if (Array.isArray(from)) return paths(from);
  const source = typeof from?.read === "function" || typeof from?.get === "function";
  return source ? called(outline(from), renew, from) : from;
}

/** @param {Array<File | [path: string, file: File]>} files @returns {Array<[path: string, file: File]>} */
function paths(files) {
  return files.map((item) => (item instanceof File ? [item.webkitRelativePath || item.name, item] : item));
}

/** @param {object} what @param {OpenOptions["renew"]} renew @param {any} [source] */
function called(what, renew, source) {
  if (!source && !renew) return /** @type {any} */ (what).from;
  return {
    // Anew for each worker: a port can be handed over once.
    dial() {
      const { port1, port2 } = new MessageChannel();
      answer(port1, {
        ...(source && functions(source)),
        ...(renew && { renew: (/** @type {string} */ address) => /** @type {Renewed} */ (renew(address)) }),
      });
      return { ...what, calls: true, port: port2, renews: Boolean(renew) };
    },
  };
}
