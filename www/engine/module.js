/**
 * Where the module comes from: files beside the page here; builds that put the page into one file replace this module.
 *
 * @import { Module } from "./messages.js"
 */

/** @returns {Promise<Module>} */
export async function fetchModule() {
  // The path is put together here because the module is generated: nothing is there when types are checked.
  const at = (/** @type {string} */ path) => import(new URL(path, import.meta.url).href);
  // In the page's folder, as sites have it below any path; else beside it, as the repository does.
  const module = await at("../pkg/cellucid.js").catch((error) => at("../../pkg/cellucid.js").catch(() => Promise.reject(error)));
  await module.default();
  return module;
}

/** A worker that decodes for this one runs the same script. */
export const hire = () => new Worker(self.location.href, { type: "module", name: "cellucid decoder" });
