/**
 * Datasets in what was dropped or chosen: the folder itself, or the stores and files in it. People drop the folder around the store, or
 * several things at once.
 *
 * @import { From } from "../engine/messages.js"
 * @import { Source } from "../state.js"
 * @typedef {Array<[path: string, file: File]>} Files
 */

import { Fault } from "../engine/fault.js";
import { homes, list, open } from "./entry.js";

/** Files that make their folder a store, or an export. */
const MARKS = new Set([
  "zarr.json",
  ".zmetadata",
  ".zgroup",
  ".zattrs",
  ".zarray",
  "dataset_identity.json",
  "obs_manifest.json",
  "datasets.json",
]);
const FILE = /\.(?:h5ad|h5|hdf5|zip)$/i;
/** Whether a file is a dataset by its name: asked where there are several. @param {Source} source */
export const likely = ({ from, label }) =>
  !(from instanceof File || ("kind" in Object(from) && Object(from).kind === "file")) || FILE.test(label);
/** How deep is looked, and at how many names: whoever drops their home folder is told so soon. */
const [DEEP, MANY] = [3, 5000];
/** Most that are offered. */
const MOST = 50;

/**
 * What can be opened of it. Only itself, when it is no folder or a store already; nothing, when nothing is found.
 *
 * @param {Source} source
 * @returns {Promise<Source[]>}
 */
export async function stores(source) {
  const { from, label } = source;
  if (Array.isArray(from)) return among(/** @type {Files} */ (from), label).map(watched);
  if (from instanceof Object && "kind" in from && from.kind === "directory") {
    return below(/** @type {FileSystemDirectoryHandle} */ (from), label);
  }
  return [source];
}

/** @param {FileSystemDirectoryHandle} root @param {string} label @returns {Promise<Source[]>} */
async function below(root, label) {
  /** @type {Source[]} */
  const found = [];
  /** @type {Array<{ folder: FileSystemDirectoryHandle, path: string, depth: number }>} */
  const folders = [{ folder: root, path: label, depth: 0 }];
  let seen = 0;
  for (let next = folders.shift(); next; next = folders.shift()) {
    const { folder, path, depth } = next;
    /** @type {FileSystemDirectoryHandle[]} */
    const inner = [];
    /** @type {Source[]} */
    const files = [];
    let store = /\.zarr$/i.test(folder.name) && depth > 0;
    for await (const entry of folder.values()) {
      if (store || ++seen > MANY) break;
      if (MARKS.has(entry.name)) store = true;
      else if (entry.kind === "directory") inner.push(/** @type {FileSystemDirectoryHandle} */ (entry));
      else if (FILE.test(entry.name)) {
        const from = /** @type {FileSystemFileHandle} */ (entry);
        files.push({ from, label: `${path}/${entry.name}`, options: { beside: folder } });
      }
    }
    if (store && depth === 0) return [{ from: root, label }];
    if (store) found.push({ from: folder, label: path });
    else found.push(...files);
    if (!store && depth < DEEP) {
      for (const one of inner) folders.push({ folder: one, path: `${path}/${one.name}`, depth: depth + 1 });
    }
    if (found.length >= MOST) break;
  }
  return sorted(found);
}

/** @param {Files} files paths begin with the folder's name @param {string} label @returns {Source[]} */
function among(files, label) {
  /** The folder of each mark, the outermost only. @type {Set<string>} */
  const roots = new Set();
  for (const [path] of files) {
    const parts = path.split("/");
    const at = parts.findIndex((part, index) => index > 0 && index < parts.length - 1 && /\.zarr$/i.test(part));
    const name = parts.pop() ?? "";
    if (at > 0) roots.add(parts.slice(0, at + 1).join("/"));
    else if (MARKS.has(name)) roots.add(parts.join("/"));
  }
  const outermost = [...roots].filter((root) => {
    const parts = root.split("/");
    return !parts.some((_, index) => index > 0 && roots.has(parts.slice(0, index).join("/")));
  });
  if (outermost.some((root) => !root.includes("/"))) return [{ from: files, label }];
  /** @type {Map<string, Files>} */
  const inside = new Map(outermost.map((root) => [root, []]));
  /** Files around one, which it may lead to; the same list for all of a folder. @type {Map<string, Files>} */
  const around = new Map();
  const inFolder = (/** @type {string} */ path) => {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const found = around.get(folder) ?? [];
    if (!around.has(folder)) {
      for (const [other, file] of files) if (other.startsWith(folder)) found.push([other.slice(folder.length), file]);
      around.set(folder, found);
    }
    return found;
  };
  /** @type {Source[]} */
  const single = [];
  for (const [path, file] of files) {
    const root = outermost.find((one) => path.startsWith(`${one}/`));
    const name = root?.split("/").pop() ?? "";
    if (root) inside.get(root)?.push([`${name}${path.slice(root.length)}`, file]);
    else if (FILE.test(path)) single.push({ from: file, label: path, options: { beside: inFolder(path) } });
  }
  return sorted([...[...inside].map(([root, from]) => ({ from, label: root })), ...single]).slice(0, MOST);
}

/** @param {Source[]} sources */
const sorted = (sources) => sources.sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }));

/**
 * Files of a dropped folder stay what they were when it fell; what its folder lists now tells whether they are still that. Whoever writes a
 * store anew writes its documents anew, too.
 *
 * @param {Source} source
 * @returns {Source}
 */
function watched(source) {
  if (!Array.isArray(source.from)) return source;
  const documents = /** @type {Files} */ (source.from).filter(([path]) => MARKS.has(path.split("/").pop() ?? ""));
  const [, before] = documents.sort(([a], [b]) => a.length - b.length)[0] ?? [];
  const home = before && homes.get(before);
  if (!home) return source;
  return {
    ...source,
    async still() {
      // A folder that is gone has nothing in it any more.
      const entry = (await list(home).catch(() => [])).find(({ name }) => name === before.name);
      const now = entry?.isFile && (await open(/** @type {FileSystemFileEntry} */ (entry), before.name));
      if (now && now.size === before.size && now.lastModified === before.lastModified) return;
      const message = "has changed on disk since it was opened";
      throw new Fault({ code: "source", message, file: source.label, advice: "Drop it again to see what is there now." });
    },
  };
}
