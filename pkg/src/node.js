/**
 * What `import … from "cellucid-wasm"` gives in Node: the same datasets, from paths of this machine too. The module runs in the calling
 * thread.
 *
 * @import { From, OpenOptions } from "../../src/wasm/types.js"
 */
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import init, { Dataset as Module } from "../cellucid.js";
import { Dataset } from "./dataset.js";
import { CellucidError } from "./error.js";
import { file, folder } from "./files.js";

export { borrow, lend, Router } from "./bridge.js";
export { CellucidError };

/** @type {Promise<unknown> | undefined} */
let loading;

/** @param {From} from @param {OpenOptions} [options] */
export async function openDataset(from, { signal, progress, ...options } = {}) {
  loading ??= load();
  const local = await find(from);
  try {
    await loading;
    const named = { ...(local && { name: local.name }), ...options, ...(signal && { signal }), ...(progress && { progress }) };
    const open = /** @type {any} */ (await Module.open(local ?? from, named));
    const close = () => {
      open.close();
      local?.close();
    };
    return new Dataset(
      {
        paths: () => open.paths(),
        read: (path, given) => open.read(path, given),
        readMany: (paths, given) => open.readMany(paths, given),
        look: (path, given) => open.look(path, given),
        array: (path, given) => open.array(path, given),
        stats: async () => open.stats(),
        close,
      },
      open.describe(),
    );
  } catch (error) {
    local?.close();
    throw CellucidError.from(error);
  }
}

async function load() {
  const parts = [new URL("./cellucid_bg.wasm", import.meta.url), new URL("./cellucid_later.wasm", import.meta.url)];
  const [module_or_path = new Uint8Array(), later] = await Promise.all(parts.map((part) => readFile(part)));
  // The second is compiled when something of it is called.
  await init({ module_or_path, later });
}

/** A path or a `file:` address as a source. @param {unknown} from */
async function find(from) {
  const url = from instanceof URL ? from : typeof from === "string" && /^file:/i.test(from) ? new URL(from) : null;
  if (url && url.protocol !== "file:") return null;
  // One letter before the colon is a drive.
  if (!url && (typeof from !== "string" || /^[a-z][a-z0-9+.-]+:/i.test(from))) return null;
  const path = url ? fileURLToPath(url) : String(from);
  const found = await stat(path).catch(() => null);
  if (!found)
    throw new CellucidError({
      code: "missing",
      message: "there is no such file or folder",
      file: path,
      advice: "check the path",
    });
  return found.isDirectory() ? folder(path) : file(path);
}
