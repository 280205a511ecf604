/**
 * The page that embeds this one. Messages count only from that window and, once it is known, that origin; answers go to that origin or
 * over the port it handed over, never to whoever may be listening.
 *
 * The embedding page may simply post commands. Or it takes the `hello` (sent when its origin is known beforehand) or any later moment
 * to post `{ cellucid: "connect", viewerId, viewerToken, limit? }` with a MessagePort, which carries everything from then on, both ways.
 *
 * @import { Identity, Message } from "./wire.js"
 *
 * @typedef {object} Hooks
 * @property {(data: unknown) => boolean} knows whether it is from a holder of the token, for this viewer
 * @property {(data: unknown) => boolean} hear takes a message; false for a stranger's
 * @property {(limit: number | null) => void} opened a way to answer is there: the largest message, or null where there is no limit
 */

export class Parent {
  /** @type {MessagePort | null} */
  #port = null;
  /** @type {string | null} */
  #origin;

  /** @param {Window} home @param {Identity} who @param {string | null} origin @param {Hooks} hooks */
  constructor(home, { viewerId, viewerToken }, origin, hooks) {
    this.window = home.parent;
    this.hooks = hooks;
    this.#origin = origin;
    if (this.window === home) return;
    home.addEventListener("message", (event) => this.#hear(event));
    if (origin) this.window.postMessage({ cellucid: "hello", viewerId, viewerToken }, origin);
  }

  /** The origin that answers go to. */
  get origin() {
    return this.#origin;
  }

  /** Whether something was heard of it, so that it listens. */
  get heard() {
    return this.#port !== null || this.#pinned;
  }
  #pinned = false;

  /** Whether it handed over a port. */
  get direct() {
    return this.#port !== null;
  }

  /** @param {Message} message */
  send(message) {
    if (this.#port) this.#port.postMessage(message);
    else if (this.#origin) this.window.postMessage(message, this.#origin);
  }

  /** @param {MessageEvent} event */
  #hear({ source, origin, data, ports }) {
    // Another frame of the same notebook may know how messages look, but it is not our parent.
    if (source !== this.window || (this.#origin && origin !== this.#origin)) return;
    const [port] = ports;
    if (data?.cellucid === "connect") {
      if (!port || !this.hooks.knows(data)) return;
      this.#pin(origin);
      this.#adopt(port, Number(data.limit) > 0 ? Number(data.limit) : null);
    } else if (this.hooks.hear(data)) {
      const fresh = !this.heard;
      this.#pin(origin);
      if (fresh && this.#origin) this.hooks.opened(null);
    }
  }

  /** @param {string} origin an opaque origin cannot be written to: its page has to hand over a port */
  #pin(origin) {
    this.#pinned = true;
    if (origin !== "null") this.#origin ??= origin;
  }

  /** @param {MessagePort} port @param {number | null} limit */
  #adopt(port, limit) {
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data }) => this.hooks.hear(data);
    this.hooks.opened(limit);
  }
}
