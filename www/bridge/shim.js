/**
 * `fetch`, answered from open datasets for the addresses below one base: for frames in which no Service Worker can run. The base need not
 * exist.
 *
 *     const remove = await installFetchShim(dataset, "https://data.invalid/");
 *     // then open the app with ?remote=https://data.invalid/
 *
 * @import { Readable } from "./router.js"
 */
import { Router } from "./router.js";

/**
 * @param {Readable | Readable[] | Router} datasets @param {string | URL} base ends with a slash
 * @returns {Promise<() => void>} puts the browser's own `fetch` back
 */
export async function installFetchShim(datasets, base) {
  const router = datasets instanceof Router ? datasets : new Router();
  if (!(datasets instanceof Router)) {
    for (const dataset of Array.isArray(datasets) ? datasets : [datasets]) await router.add(dataset);
  }
  const { href } = new URL(base, document.baseURI);
  const root = href.endsWith("/") ? href : `${href}/`;
  const before = globalThis.fetch;

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
  async function shim(input, init) {
    const address = input instanceof Request ? input.url : new URL(input, document.baseURI).href;
    const url = address.startsWith(root) ? new URL(address) : null;
    const path = url?.href.slice(root.length - 1).split(/[?#]/)[0] ?? "";
    if (!url || !router.knows(path)) return before.call(globalThis, input, init);
    const request = new Request(input, init);
    const { method, signal, headers } = request;
    signal.throwIfAborted();
    const body = method === "POST" ? new Uint8Array(await request.arrayBuffer()) : null;
    const answering = router.answer({ method, path, search: url.search, range: headers.get("Range"), body, signal });
    const reply = await Promise.race([answering, aborted(signal)]);
    if (!reply) return before.call(globalThis, input, init);
    const response = new Response(reply.body, reply);
    // A response that was made has no address, and the app resolves others against it.
    Object.defineProperty(response, "url", { value: url.href });
    return response;
  }
  globalThis.fetch = shim;
  return () => {
    if (globalThis.fetch === shim) globalThis.fetch = before;
  };
}

/** @param {AbortSignal} signal @returns {Promise<never>} */
function aborted(signal) {
  return new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason), { once: true }));
}
