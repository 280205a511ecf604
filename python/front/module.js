/**
 * The module in the page's worker. Its bytes come with the first message: the worker's text has to be short, because where a notebook's
 * policy forbids workers of other kinds, it goes into an address.
 */
import init, * as module from "../../pkg/cellucid.js";

/** Both parts. @type {Promise<{ wasm: BufferSource, later: BufferSource }>} */
const bytes = new Promise((done) => {
  const take = (/** @type {MessageEvent} */ event) => {
    if (!event.data?.wasm) return;
    event.stopImmediatePropagation();
    removeEventListener("message", take);
    done(event.data);
  };
  addEventListener("message", take);
});

export async function fetchModule() {
  const { wasm, later } = await bytes;
  await init({ module_or_path: wasm, later });
  return module;
}

/** A worker that decodes for this one runs the same script, and needs the same bytes. */
export function hire() {
  const worker = new Worker(self.location.href, { name: "cellucid decoder" });
  bytes.then(({ wasm, later }) => worker.postMessage({ wasm, later }));
  return worker;
}
