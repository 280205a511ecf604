/**
 * The front end in a Google Colab output, where it has to do without widgets: what anywidget would offer of the kernel's side, by
 * functions that outputs may call.
 */

/** Milliseconds that widgets are given to appear, and between calls that merely ask for news. */
const PATIENCE = 8000;
const POLL = 1000;

/**
 * @param {Element} place @param {{ name: string, facts: Record<string, unknown>, widget: string }} told
 */
export async function start(place, { name, facts, widget }) {
  const ask = async (/** @type {unknown} */ messages) =>
    (await /** @type {any} */ (globalThis).google.colab.kernel.invokeFunction(name, [messages], {})).data["application/json"];
  await new Promise((done) => setTimeout(done, PATIENCE));
  // Also where the notebook was opened without the kernel that made this output: then the call fails.
  const { needed } = await ask(null).catch(() => ({ needed: false }));
  if (!needed) return;
  const { default: front } = await import(URL.createObjectURL(new Blob([widget], { type: "text/javascript" })));
  front.render({ model: new Callbacks(ask, facts), el: place });
}

/** A model as the front end expects it. */
class Callbacks {
  /** @type {Map<string, Set<(...facts: any[]) => void>>} */
  #listeners = new Map();
  /** @type {object[]} */
  #due = [];
  #asking = false;
  /** @type {unknown} */
  #view;

  /** @param {(messages: unknown) => Promise<any>} ask @param {Record<string, unknown>} facts */
  constructor(ask, facts) {
    this.ask = ask;
    this.facts = facts;
    setInterval(() => this.#view && !document.hidden && this.send({ t: "news", view: this.#view }), POLL);
  }

  /** @param {string} key */
  get(key) {
    return this.facts[key];
  }

  /** @param {string} event @param {(...facts: any[]) => void} listener */
  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  /** @param {string} event @param {(...facts: any[]) => void} listener */
  off(event, listener) {
    this.#listeners.get(event)?.delete(listener);
  }

  /** @param {Record<string, unknown>} content @param {undefined} [_] @param {ArrayBufferView[]} [buffers] */
  send(content, _, buffers = []) {
    this.#view = content.view;
    this.#due.push({ content, buffers: buffers.map(text) });
    this.#go();
  }

  /** One call at a time, with all that has gathered meanwhile: so everything stays in order. */
  async #go() {
    if (this.#asking) return;
    this.#asking = true;
    while (this.#due.length) {
      try {
        const { messages } = await this.ask(this.#due.splice(0));
        for (const { content, buffers } of messages) {
          for (const listener of this.#listeners.get("msg:custom") ?? []) listener(content, buffers.map(bytes));
        }
      } catch {
        // The kernel is gone or busy: what was lost is asked for again.
        break;
      }
    }
    this.#asking = false;
  }
}

/** @param {ArrayBufferView} view */
function text(view) {
  let binary = "";
  const all = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = 0; at < all.length; at += 32768) binary += String.fromCharCode(...all.subarray(at, at + 32768));
  return btoa(binary);
}

/** @param {string} packed */
function bytes(packed) {
  const all = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  return new DataView(all.buffer);
}
