/**
 * What was opened before: handles of files and folders, where a browser hands them out, and addresses. Kept in this browser only. Where
 * nothing can be kept (private windows, sandboxed frames) there is nothing to show, and that is all.
 *
 * @typedef {FileSystemFileHandle | FileSystemDirectoryHandle} Handle
 * @typedef {{ id: number, label: string, from: Handle | string, beside?: FileSystemDirectoryHandle, when: number }} Recent
 */
import { Fault } from "./engine/fault.js";

const [BASE, STORE] = ["cellucid", "recent"];
/** How many are kept. */
const MOST = 8;

/** The newest first. @returns {Promise<Recent[]>} */
export async function recents() {
  try {
    const all = await ask("readonly", (store) => store.getAll());
    return all.sort((/** @type {Recent} */ a, /** @type {Recent} */ b) => b.when - a.when);
  } catch {
    return [];
  }
}

/**
 * Keeps what was opened, if it is of a kind that can be opened again.
 *
 * @param {{ from: unknown, label: string, options?: { beside?: unknown } }} source
 */
export async function remember({ from, label, options }) {
  const handle = from instanceof Object && "kind" in from ? /** @type {Handle} */ (from) : null;
  const folder = options?.beside;
  const beside = folder instanceof Object && "kind" in folder && { beside: folder };
  // What stands behind the question mark may be a signature, which is nobody's business and soon worth nothing.
  if (!handle && !(typeof from === "string" && /^[a-z0-9]+:[^?@]+$/i.test(from))) return;
  const kept = handle ?? String(from);
  const before = await recents();
  for (const [at, old] of before.entries()) {
    if (at >= MOST - 1 || (await same(old.from, kept))) await forget(old.id);
  }
  try {
    await ask("readwrite", (store) => store.add({ label, from: kept, ...beside, when: Date.now() }));
  } catch {
    // Kept by nobody: it was opened all the same.
  }
}

/** @param {number} id */
export async function forget(id) {
  await ask("readwrite", (store) => store.delete(id)).catch(() => {});
}

/**
 * Asks the person to allow reading again, if the browser wants that. Has to be called from a click.
 *
 * @param {Recent} recent
 */
export async function permit({ from, beside, label }) {
  // The folder first: what is allowed for it is allowed for its files.
  if (beside) await allow(beside, label);
  if (typeof from !== "string") await allow(from, label);
}

/** @param {Handle} handle @param {string} label */
async function allow(handle, label) {
  // Firefox asks for nothing: it has handles of its own files only.
  if (!handle.queryPermission) return;
  if ((await handle.queryPermission({ mode: "read" })) === "granted") return;
  if ((await handle.requestPermission?.({ mode: "read" })) === "granted") return;
  throw new Fault({
    code: "source",
    message: `the browser was not allowed to read "${label}" again`,
    advice: "Click it once more and allow reading, or choose it anew with the buttons.",
  });
}

/** @param {Handle | string} a @param {Handle | string} b */
async function same(a, b) {
  if (typeof a === "string" || typeof b === "string") return a === b;
  return a.kind === b.kind && (await a.isSameEntry(b).catch(() => false));
}

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} what @returns {Promise<any>} */
async function ask(mode, what) {
  /** @type {IDBDatabase} */
  const base = await new Promise((done, fail) => {
    const opening = indexedDB.open(BASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => fail(opening.error);
  });
  try {
    return await new Promise((done, fail) => {
      const request = what(base.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });
  } finally {
    base.close();
  }
}
