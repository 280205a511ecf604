/**
 * This project's module alone: how long until it is ready, with the glue in the worker's one file, as the npm package has it.
 *
 * @import { System } from "./types.js"
 */

/** @returns {Partial<System>} */
export default () => ({
  async load() {
    const bytes = fetch("/pkg/cellucid_bg.wasm");
    // Put into this file when it is bundled; generated, so that nothing is there when types are checked.
    const { default: init } = await import(/** @type {string} */ ("../../pkg/cellucid.js"));
    await init({ module_or_path: bytes });
  },
});
