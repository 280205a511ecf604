/** Files and folders of this machine as sources, in Node. What changes while it is open is noticed. */
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CellucidError } from "./error.js";

/** @param {string} path */
export async function file(path) {
  const held = await open(path, "r");
  const first = await held.stat();
  /** @param {number} start @param {number} end */
  async function read(start, end) {
    const bytes = new Uint8Array(end - start);
    const { bytesRead } = await held.read(bytes, 0, bytes.length, start);
    const now = await held.stat();
    if (bytesRead < bytes.length || now.mtimeMs !== first.mtimeMs || now.size !== first.size) throw changed(path);
    return bytes;
  }
  /** Held as long as the file that led to them. @type {Array<{ close: () => void }>} */
  const others = [];
  /** @param {string} below from the folder of this file, out of which it does not lead */
  async function sibling(below) {
    const other = join(dirname(path), below);
    if (below.split(/[\\/]/).includes("..") || !(await stat(other).catch(absent))?.isFile()) return undefined;
    const opened = await file(other);
    others.push(opened);
    return opened;
  }
  const close = () => {
    held.close().catch(() => {});
    for (const other of others) other.close();
  };
  return { name: basename(path), size: first.size, read, sibling, close };
}

/** @param {string} root */
export function folder(root) {
  /** A document of the store, and when it was written: whoever writes the store anew writes it anew, too. @type {{ path: string, time: number } | null} */
  let first = null;
  /** @param {string} key @param {{ start: number, end: number } | { last: number } | undefined} part */
  async function get(key, part) {
    // Keys come from documents of the store: none may lead out of it.
    if (key.split(/[\\/]/).includes("..")) return undefined;
    const path = join(root, key);
    const held = await open(path, "r").catch(absent);
    if (!held) return undefined;
    try {
      const now = await held.stat();
      if (!now.isFile()) return undefined;
      first ??= { path, time: now.mtimeMs };
      const then = await stat(first.path).catch(absent);
      if (then?.mtimeMs !== first.time) throw changed(root);
      const [start, end] = !part
        ? [0, now.size]
        : "last" in part
          ? [Math.max(0, now.size - part.last), now.size]
          : [part.start, part.end];
      const bytes = new Uint8Array(Math.max(0, Math.min(end, now.size) - start));
      await held.read(bytes, 0, bytes.length, start);
      return bytes;
    } finally {
      await held.close();
    }
  }
  /** @param {string} prefix */
  async function list(prefix) {
    const entries = await readdir(join(root, prefix), { withFileTypes: true }).catch(absent);
    return entries?.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)) ?? [];
  }
  return { name: basename(resolve(root)), get, list, close: () => {} };
}

/** @param {any} error @returns {undefined} */
function absent(error) {
  if (["ENOENT", "ENOTDIR", "EISDIR"].includes(error?.code)) return undefined;
  throw new CellucidError({ code: "source", message: String(error?.message ?? error), advice: "check that it may be read" });
}

/** @param {string} path */
const changed = (path) =>
  new CellucidError({ code: "source", message: "has changed on disk since it was opened", file: path, advice: "open it again" });
