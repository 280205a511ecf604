/**
 * The second way to a file whose host cannot send parts of it: all of it at once, if the person asks for that. And the way out: a
 * file of ours among the person's downloads.
 *
 * @import { Progress } from "./engine/messages.js"
 */
import { Fault } from "./engine/fault.js";
import { size as words } from "./words.js";

/** Most bytes that are downloaded: what comes whole is kept whole. */
export const LIMIT = 2 ** 31;

/**
 * Whether a file can be had as a whole, and how large it is. Asks for headers only.
 *
 * @param {string} url
 * @returns {Promise<{ size: number | null } | null>} null when the host refuses this page altogether
 */
export async function downloadable(url) {
  try {
    const reply = await fetch(url, { method: "HEAD", cache: "no-store" });
    if (!reply.ok) return null;
    const size = Number(reply.headers.get("content-length"));
    return { size: size > 0 ? size : null };
  } catch {
    return null;
  }
}

/**
 * @param {string} url
 * @param {{ signal: AbortSignal, progress: (progress: Progress) => void, limit?: number }} hooks
 * @returns {Promise<File>}
 */
export async function download(url, { signal, progress, limit = LIMIT }) {
  try {
    const reply = await fetch(url, { signal });
    if (!reply.ok || !reply.body) throw new Error(`the host answered with status ${reply.status}`);
    const total = Number(reply.headers.get("content-length")) || undefined;
    if (total && total > limit) throw large(url, total, limit);
    /** @type {Array<Uint8Array<ArrayBuffer>>} */
    const parts = [];
    let bytes = 0;
    for (const reader = reply.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      bytes += value.byteLength;
      if (bytes > limit) {
        reader.cancel();
        throw large(url, bytes, limit);
      }
      progress({ bytes, total, stage: "downloading" });
    }
    if (total && bytes < total) throw new Error(`the download ended after ${bytes} of ${total} bytes`);
    return new File(parts, new URL(url).pathname.split("/").pop() || "download");
  } catch (error) {
    if (signal.aborted || error instanceof Fault) throw Fault.from(error);
    const message = error instanceof Error ? error.message : String(error);
    throw new Fault({ code: "source", message, file: url, advice: "Download the file by hand and drop it here." });
  }
}

/** @param {string} file @param {number} bytes @param {number} limit */
function large(file, bytes, limit) {
  return new Fault({
    code: "limit",
    message: `the file has ${words(bytes)} or more, and at most ${words(limit)} are downloaded into a page`,
    file,
    advice: "Download it by hand and drop it here: files of this machine are read in parts, whatever their size.",
  });
}

/** Hands a file to the browser as a download. @param {Blob} file @param {string} name */
export function offer(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken hold of it long before that; until then it must stay.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
