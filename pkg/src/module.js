/** The module with its glue, in one file with the worker. @import { Module } from "../../www/engine/messages.js" */
import init, * as module from "../cellucid.js";

/** @returns {Promise<Module>} */
export async function fetchModule() {
  await init();
  return /** @type {any} */ (module);
}

/** A worker that decodes for this one runs the same script. */
export const hire = () => new Worker(self.location.href, { type: "module", name: "cellucid decoder" });
