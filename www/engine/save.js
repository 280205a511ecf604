/**
 * Saving the open dataset as an export folder, in the worker: into a folder that was chosen, or as a zip archive in the origin's private
 * files, from where the browser downloads it. A file appears whole or not at all; the identity, which makes a folder a dataset, comes
 * last; what was begun and not ended is removed.
 *
 * @import { Dataset, Packing, Progress, Target } from "./messages.js"
 * @typedef {{ add: (path: string, body: Uint8Array<ArrayBuffer>) => Promise<void>, end: () => Promise<Blob | null>, undo: () => Promise<void> }} Sink
 * @typedef {{ write: (bytes: Uint8Array, options: { at: number }) => number, flush: () => void, close: () => void }} Access what only workers have
 */
import { Zip } from "./zip.js";

/** Folder in the private files where archives wait for their download. */
const SHELF = "cellucid-saved";

/**
 * @param {Dataset} dataset @param {Target} target @param {Packing} packing
 * @param {{ signal: AbortSignal, progress: (progress: Progress) => void }} hooks
 * @returns {Promise<Blob | null>} the archive; null where it went into a folder
 */
export async function save(dataset, target, packing, { signal, progress }) {
  const sink = target.handle ? await folder(target.handle, target.name) : await archive(target.name);
  let [done, files, bytes] = [0, 0, 0];
  /** What is being written: it has to end before anything can be removed. @type {Promise<void>} */
  let writing = Promise.resolve();
  const tell = () => progress({ bytes, stage: `${done.toLocaleString()} of ${files.toLocaleString()} files` });
  try {
    await dataset.pack({
      ...packing,
      signal,
      expect: (count) => {
        files = count;
        tell();
      },
      put: async (path, body, level) => {
        const whole = /** @type {Uint8Array<ArrayBuffer>} */ (body);
        const write = async () => {
          const packed = level === undefined ? whole : await gzip(whole);
          // Whoever cancelled meanwhile waits only for what has begun.
          signal.throwIfAborted();
          await sink.add(path, packed);
          bytes += packed.length;
        };
        writing = write();
        await writing;
        done++;
        tell();
      },
    });
    signal.throwIfAborted();
    return await sink.end();
  } catch (error) {
    await writing.catch(() => {});
    await sink.undo().catch(() => {});
    throw error;
  }
}

/** @param {Uint8Array<ArrayBuffer>} body */
async function gzip(body) {
  const packed = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** @param {FileSystemDirectoryHandle} parent @param {string} name @returns {Promise<Sink>} */
async function folder(parent, name) {
  const root = await parent.getDirectoryHandle(name, { create: true });
  for await (const _ of root.keys()) {
    throw Object.assign(new Error(`the folder "${name}" is there already and not empty`), {
      code: "request",
      file: `${parent.name}/${name}`,
      advice: "Choose another folder, or remove that one first.",
    });
  }
  /** @type {Map<string, FileSystemDirectoryHandle>} */
  const folders = new Map([["", root]]);
  /** @param {string} path @returns {Promise<FileSystemDirectoryHandle>} */
  async function below(path) {
    const known = folders.get(path);
    if (known) return known;
    const cut = path.lastIndexOf("/");
    const made = await (await below(path.slice(0, Math.max(cut, 0)))).getDirectoryHandle(path.slice(cut + 1), { create: true });
    folders.set(path, made);
    return made;
  }
  return {
    async add(path, body) {
      const cut = path.lastIndexOf("/");
      const file = await (await below(path.slice(0, Math.max(cut, 0)))).getFileHandle(path.slice(cut + 1), { create: true });
      // What is written comes to the file when it is closed: all of it, or nothing.
      const writable = await file.createWritable();
      try {
        await writable.write(body);
        await writable.close();
      } catch (error) {
        await writable.abort().catch(() => {});
        throw full(error);
      }
    },
    end: async () => null,
    undo: () => parent.removeEntry(name, { recursive: true }),
  };
}

/** @param {string} name @returns {Promise<Sink>} */
async function archive(name) {
  const shelf = await privateFiles();
  if (!shelf) return inMemory(name);
  const file = await shelf.getFileHandle(`${name}-${Date.now()}.zip`, { create: true });
  const access = await /** @type {{ createSyncAccessHandle: () => Promise<Access> }} */ (
    /** @type {unknown} */ (file)
  ).createSyncAccessHandle();
  let at = 0;
  const zip = new Zip((bytes) => {
    let written = 0;
    try {
      written = access.write(bytes, { at });
    } catch (error) {
      throw full(error);
    }
    if (written < bytes.length) throw full(new DOMException("", "QuotaExceededError"));
    at += written;
  });
  return {
    add: (path, body) => zip.add(`${name}/${path}`, body),
    async end() {
      await zip.end();
      access.flush();
      access.close();
      return file.getFile();
    },
    async undo() {
      access.close();
      await shelf.removeEntry(file.name);
    },
  };
}

/** The folder where archives wait, emptied of those of before; null where a browser has none to give. */
async function privateFiles() {
  try {
    const root = await navigator.storage.getDirectory();
    if (!("createSyncAccessHandle" in FileSystemFileHandle.prototype)) return null;
    await root.removeEntry(SHELF, { recursive: true }).catch(() => {});
    return await root.getDirectoryHandle(SHELF, { create: true });
  } catch {
    return null;
  }
}

/** @param {string} name @returns {Sink} */
function inMemory(name) {
  /** @type {Blob[]} */
  const parts = [];
  const zip = new Zip((bytes) => parts.push(new Blob([bytes])));
  return {
    add: (path, body) => zip.add(`${name}/${path}`, body),
    async end() {
      await zip.end();
      return new Blob(parts, { type: "application/zip" });
    },
    async undo() {
      parts.length = 0;
    },
  };
}

/** A full disk in words. @param {unknown} error */
function full(error) {
  if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") return error;
  return Object.assign(new Error("there is not enough room to save it"), {
    code: "limit",
    advice: "Make room on the disk, or save less: quantised, compressed, or into a folder.",
  });
}
