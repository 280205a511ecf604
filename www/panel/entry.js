/**
 * What a drop, a file input or an address gives, as something the reader opens. Browsers hand over folders in three ways: as handles,
 * as entries to walk, or as a flat list of files with paths.
 *
 * @import { Source } from "../state.js"
 */
import { Fault } from "../engine/fault.js";

/** More files than this in one folder are surely not a store: walking them would only take memory. */
const MOST = 2_000_000;

/** What the reader makes web addresses of (src/source/places.rs). */
const SCHEMES = new Set(
  ["http", "https", "s3", "gs", "gcs", "az", "abfs", "abfss", "wasb", "wasbs", "hf", "github", "gh", "doi"].map(
    (name) => `${name}:`,
  ),
);

/** @param {string} message @param {string} [advice] */
const refuse = (message, advice) => new Fault({ code: "request", message, advice });

/** @param {string} text @returns {Source} */
export function address(text) {
  const trimmed = text.trim();
  if (!trimmed) throw refuse("no address was given", "Paste the address of an .h5ad file or of a .zarr folder.");
  const url = URL.parse(trimmed, document.baseURI);
  if (!url || !SCHEMES.has(url.protocol)) {
    throw refuse(
      `"${trimmed}" is not a web address`,
      "An address begins with https:// or http://, or with s3://, gs://, az://, hf:// or github:. Choose local files with the buttons.",
    );
  }
  return { from: url.href, label: url.pathname.replace(/\/+$/, "").split("/").pop() || url.host };
}

/** Files from an input: some files, or all files of one folder. @param {File[]} files @returns {Source | Source[] | null} */
export function picked(files) {
  const [first] = files;
  if (!first) return null;
  const [root = "", ...below] = first.webkitRelativePath.split("/");
  if (below.length === 0) {
    return together(files.map((file) => ({ from: file, label: file.name, file })));
  }
  // The path is lost on the way to the worker, so it goes along.
  const from = files.map((file) => /** @type {[string, File]} */ ([file.webkitRelativePath, file]));
  return { from, label: root };
}

/**
 * A drop. Everything that only lives as long as the event is taken out of it before the first wait.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Source | Source[] | null>}
 */
export async function dropped(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const link = transfer.getData("text/uri-list") || transfer.getData("text/plain");
  const things = items.map((item) => ({ file: item.getAsFile(), entry: item.webkitGetAsEntry(), handle: handle(item) }));
  if (!things.length) return link ? address(link) : null;
  return together(await Promise.all(things.map(async (thing) => ({ ...(await taken(thing)), file: thing.file }))));
}

/**
 * Files that were given together may lead to each other.
 *
 * @param {Array<Source & { file: File | null }>} things
 * @returns {Source[]}
 */
function together(things) {
  const files = things.map(({ file }) => file).filter((file) => file !== null);
  const beside = files.map((file) => /** @type {[string, File]} */ ([file.name, file]));
  const alone = things.length === 1;
  return things.map(({ from, label }) => (alone ? { from, label } : { from, label, options: { beside } }));
}

/** @param {{ file: File | null, entry: FileSystemEntry | null, handle: Promise<FileSystemHandle | null> }} thing @returns {Promise<Source>} */
async function taken({ file, entry, handle }) {
  const held = /** @type {FileSystemDirectoryHandle | FileSystemFileHandle | null} */ (await handle);
  if (held) return { from: held, label: held.name };
  if (entry?.isDirectory) {
    return { from: await walk(/** @type {FileSystemDirectoryEntry} */ (entry)), label: entry.name };
  }
  if (!file) throw refuse("the dropped thing is neither a file nor a folder");
  return { from: file, label: file.name };
}

/** @param {DataTransferItem} item @returns {Promise<FileSystemHandle | null>} */
async function handle(item) {
  // In a sandbox without an origin, asking takes the browser's process down.
  if (typeof item.getAsFileSystemHandle !== "function" || self.origin === "null") return null;
  // Refused on some pages that are not secure; the entry serves as well.
  return item.getAsFileSystemHandle().catch(() => null);
}

/** All files below a dropped folder. @param {FileSystemDirectoryEntry} root */
async function walk(root) {
  /** @type {Array<[string, File]>} */
  const found = [];
  /** @type {Array<[string, FileSystemDirectoryEntry]>} */
  const folders = [[`${root.name}/`, root]];
  for (let next = folders.pop(); next; next = folders.pop()) {
    const [path, folder] = next;
    for (const entry of await list(folder)) {
      const below = `${path}${entry.name}`;
      if (entry.isDirectory) folders.push([`${below}/`, /** @type {FileSystemDirectoryEntry} */ (entry)]);
      else {
        const file = await open(/** @type {FileSystemFileEntry} */ (entry), below);
        homes.set(file, folder);
        found.push([below, file]);
      }
    }
    if (found.length > MOST) throw refuse(`"${root.name}" holds more than ${MOST.toLocaleString()} files`);
  }
  return found;
}

/** In which dropped folder a file lies. @type {WeakMap<File, FileSystemDirectoryEntry>} */
export const homes = new WeakMap();

/** A reader gives its entries in portions, and none when it is done. @param {FileSystemDirectoryEntry} folder */
export async function list(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    const some = await /** @type {Promise<FileSystemEntry[]>} */ (new Promise((done, fail) => reader.readEntries(done, fail)));
    if (!some.length) return all;
    all.push(...some);
  }
}

/** @param {FileSystemFileEntry} entry @param {string} path @returns {Promise<File>} */
export function open(entry, path) {
  return new Promise((done, fail) => {
    const give = (/** @type {DOMException} */ error) => fail(new Fault({ code: "source", message: error.message, file: path }));
    entry.file(done, give);
  });
}
