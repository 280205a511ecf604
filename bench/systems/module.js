/**
 * This project's module alone: how long until it is ready.
 *
 * @import { System } from "./types.js"
 */

/** @returns {Partial<System>} */
export default () => ({
  async load() {
    const { default: init } = await import(/** @type {string} */ ("/pkg/cellucid.js"));
    await init();
  },
});
