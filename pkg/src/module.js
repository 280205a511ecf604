/** The module with its glue, in one file with the worker. @import { Module } from "../../www/engine/messages.js" */
import init, { Dataset } from "../cellucid.js";

/** @returns {Promise<Module>} */
export async function fetchModule() {
  await init();
  return /** @type {any} */ ({ default: init, Dataset });
}
