/** A whole file, for hosts that cannot send parts. */
import { download as fetchAll } from "../../www/download.js";
import { CellucidError } from "./error.js";

/** @param {string | URL} url @param {{ signal?: AbortSignal, progress?: (news: { bytes: number, total?: number }) => void, limit?: number }} [options] */
export function download(url, { signal = new AbortController().signal, progress = () => {}, limit } = {}) {
  const full = new URL(url, document.baseURI).href;
  return fetchAll(full, { signal, progress, limit }).catch((error) => {
    throw CellucidError.from(error);
  });
}
