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
  const module = await import(inside).catch((error) => import(beside).catch(() => Promise.reject(error)));
  await module.default();
  return module;
}

/** A worker that decodes for this one runs the same script. */
export const hire = () => new Worker(self.location.href, { type: "module", name: "cellucid decoder" });
