/**
 * Where the module comes from: files beside the page here; builds that put the page into one file replace this module.
 *
 * @import { Module } from "./messages.js"
 */

/** @returns {Promise<Module>} */
export async function fetchModule() {
  // In the page's folder, as sites have it below any path; else beside it, as the repository does. Spelt out, so that the page's Service
  // Worker finds what to keep; not as an import, because the module is generated: nothing is there when types are checked.
  const inside = new URL("../pkg/cellucid.js", import.meta.url).href;
  const beside = new URL("../../pkg/cellucid.js", import.meta.url).href;
  const [first, second] = import.meta.url.includes("/www/engine/") ? [beside, inside] : [inside, beside];
  return load(first).catch((error) => load(second).catch(() => Promise.reject(error)));
}

/** The glue and the module at once: it need not wait for what asks for it. @param {string} glue @returns {Promise<Module>} */
async function load(glue) {
  const answer = fetch(new URL("cellucid_bg.wasm", glue));
  // Whatever is wrong with it, the glue says when it asks.
  answer.catch(() => {});
  const module = await import(glue);
  const bytes = await answer.catch(() => null);
  await module.default(bytes?.ok ? { module_or_path: bytes } : undefined);
  return module;
}

/** A worker that decodes for this one runs the same script. */
export const hire = () => new Worker(self.location.href, { type: "module", name: "cellucid decoder" });
