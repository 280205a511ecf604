/**
 * Parts of the page that are loaded when they are first needed. Should that fail, the person is told.
 *
 * @import { Store } from "../store.js"
 */
import { Fault } from "../engine/fault.js";

/**
 * @template T
 * @param {Store} store @param {() => Promise<T>} load
 * @returns {Promise<T | null>}
 */
export async function lazy(store, load) {
  try {
    return await load();
  } catch (error) {
    const { message } = Fault.from(error);
    const advice = "Check the connection and try again; if the page was updated meanwhile, reload it.";
    store.patch({ trouble: { fault: new Fault({ code: "source", message, advice }), doing: "Loading a part of the page" } });
    return null;
  }
}
