/** The module out of the worker itself. */
import init, * as module from "../../pkg/cellucid.js";
import bytes from "../../pkg/cellucid_bg.wasm";

export async function fetchModule() {
  await init({ module_or_path: bytes });
  return module;
}
