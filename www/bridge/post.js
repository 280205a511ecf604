/**
 * Events by HTTP, to the server this page came from: the reference's, or our own. One after the other, so that they arrive in order;
 * the newest hover pushes aside one that still waits.
 *
 * @import { Message, Peer } from "./wire.js"
 *
 * @typedef {object} Hooks
 * @property {(seq: number) => void} delivered a numbered message has arrived
 * @property {(fault: Fault) => void} failed
 */
import { Fault } from "../engine/fault.js";

/** Most messages that wait for a slow server. */
const MOST = 1000;
/** Waits between attempts with our own relay, which knows a message that comes twice. */
const AGAIN = [300, 1000, 3000, 9000];
/** Browsers let requests outlive the page up to this size. */
const SMALL = 60_000;

export class Post {
  /** @type {Array<{ message: Message, body: string }>} */
  #queue = [];
  #running = false;

  /** @param {string} server ends with a slash @param {Hooks} hooks */
  constructor(server, hooks) {
    this.server = server;
    this.hooks = hooks;
  }

  /**
   * Which kind of server it is. Our own says so, and learns that this page begins to count; later releases of the reference list their
   * events; 0.0.9 knows neither address.
   *
   * @param {{ viewerId: string, viewerToken: string }} who
   * @returns {Promise<Peer>}
   */
  async meet({ viewerId, viewerToken }) {
    const own = await this.#ask(`relay?${new URLSearchParams({ viewerId, viewerToken })}`);
    if (Number(own?.limit) > 0) return { kind: "relay", limit: Number(own.limit), commands: own.commands === true };
    const later = await this.#ask("protocol");
    return { kind: Array.isArray(later?.events) ? "strict" : "plain" };
  }

  /** The first dataset that the server offers, as an address. @returns {Promise<{ url: string, name: string } | null>} */
  async dataset() {
    const [first] = (await this.#ask("datasets"))?.datasets ?? [];
    if (typeof first?.path !== "string") return null;
    // A path from the server's own root, which may lie below a proxy's prefix.
    return { url: new URL(`.${first.path}`, this.server).href, name: String(first.name ?? first.id ?? "dataset") };
  }

  /** @param {Message} message */
  send(message) {
    if (message.type === "hover") this.#queue = this.#queue.filter(({ message: { type } }) => type !== "hover");
    if (this.#queue.length >= MOST) {
      return this.hooks.failed(fault(`the server is too slow: ${MOST} events wait`));
    }
    this.#queue.push({ message, body: JSON.stringify(message) });
    if (!this.#running) this.#run();
  }

  /**
   * Hands over a session bundle.
   *
   * @param {Blob} bundle @param {{ viewerId: string, viewerToken: string }} who @param {string} requestId
   */
  async upload(bundle, { viewerId, viewerToken }, requestId) {
    const address = new URL("_cellucid/session_bundle", this.server);
    address.search = new URLSearchParams({ viewerId, requestId, viewerToken }).toString();
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: bundle,
    });
    const text = await answer.text();
    const told = parse(text);
    if (!answer.ok || told?.status !== "ok")
      throw fault(`the session was not taken: ${told?.message ?? (text || answer.status)}`);
  }

  async #run() {
    this.#running = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      try {
        await this.#deliver(next.message, next.body);
        if (next.message.seq) this.hooks.delivered(next.message.seq);
      } catch (error) {
        this.hooks.failed(Fault.from(error));
      }
    }
    this.#running = false;
  }

  /** @param {Message} message @param {string} body */
  async #deliver({ type, seq }, body) {
    for (let attempt = 0; ; attempt++) {
      const wait = seq === undefined ? undefined : AGAIN[attempt];
      try {
        const answer = await fetch(new URL("_cellucid/events", this.server), {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body,
          keepalive: body.length < SMALL,
        });
        const told = parse(await answer.text());
        if (answer.ok && told?.delivered === true) return;
        const why = told?.message ?? told?.status ?? `status ${answer.status}`;
        if (answer.status < 500 || wait === undefined) throw fault(`the server did not take the event "${type}": ${why}`);
      } catch (error) {
        // A refusal is final; a broken connection may mend.
        if (error instanceof Fault) throw error;
        if (wait === undefined) throw fault(`the event "${type}" could not be sent: the server does not answer`);
      }
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  /** @param {string} name @returns {Promise<any>} null where there is no such thing */
  async #ask(name) {
    try {
      const answer = await fetch(new URL(`_cellucid/${name}`, this.server), { cache: "no-store" });
      return answer.ok ? parse(await answer.text()) : null;
    } catch {
      return null;
    }
  }
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {string} message */
const fault = (message) =>
  new Fault({
    code: "source",
    message,
    advice: "Is the notebook's kernel still running? Run the cell again to get a new viewer.",
  });
