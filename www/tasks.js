/**
 * Pieces of work that take time, one at a time under each name: a newer one cancels the older. Shows in the store how far each is.
 *
 * @import { Progress } from "./engine/messages.js"
 * @import { Busy } from "./state.js"
 * @import { Store } from "./store.js"
 * @typedef {{ signal: AbortSignal, progress: (progress: Progress) => void }} Hooks
 */
import { Fault } from "./engine/fault.js";

/**
 * @param {Store} store
 * @param {{ failed: (fault: Fault, label: string, id: string) => void, over: () => void }} tell
 */
export function tasks(store, { failed, over }) {
  /** @type {Map<string, AbortController>} */
  const running = new Map();

  /**
   * @param {string} id @param {string} label @param {(hooks: Hooks) => Promise<void>} work
   * @returns {Promise<boolean>} whether it came to its end
   */
  return async function task(id, label, work) {
    running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    const current = () => running.get(id) === abort;
    const cancel = () => abort.abort();
    /** @type {Busy} */
    let busy = { id, label, since: performance.now(), bytes: 0, cancel };
    const others = () => store.state.busy.filter((other) => other.id !== id);
    const progress = (/** @type {Progress} */ news) => {
      if (!current()) return;
      busy = { ...busy, ...news };
      store.patch({ busy: [...others(), busy] });
    };
    store.patch({ busy: [...others(), busy] });
    try {
      await work({ signal: abort.signal, progress });
      return true;
    } catch (error) {
      if (current()) failed(Fault.from(error), label, id);
      return false;
    } finally {
      if (current()) {
        running.delete(id);
        store.patch({ busy: others() });
        over();
      }
    }
  };
}
