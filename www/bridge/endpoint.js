/**
 * The events endpoint, answered in the page: what a viewer posts to `_cellucid/events` and `_cellucid/session_bundle`, in the words of
 * the reference's server. The twin of src/protocol/endpoint.rs, bound by the same golden messages.
 *
 * @import { Event, Packed } from "./wire.js"
 * @typedef {{ status: number, media: string, body: string }} Answer
 *
 * @typedef {object} Listener
 * @property {(event: Event) => void} event
 * @property {(requestId: string, bundle: Uint8Array) => void} [bundle]
 *
 * @typedef {object} Viewer
 * @property {string} token
 * @property {boolean} lenient
 * @property {Listener} listener
 * @property {number} seq the newest number of those that are numbered
 * @property {{ cells: Uint32Array[], next: number, parts: number } | null} waiting parts of a selection
 */
import { fault, row, unpack } from "./cells.js";
import { same } from "./messages.js";

const LARGEST = 1 << 20;
const LARGEST_BUNDLE = 512 << 20;
const MAGIC = "CELLUCID_SESSION\n";

export class Endpoint {
  /** @type {Map<string, Viewer>} */
  #viewers = new Map();
  /** Requests for a session bundle that are open. @type {Array<{ viewer: string, request: string, until: number }>} */
  #expected = [];
  /** Events that were not delivered. */
  refused = 0;

  /**
   * Lets a viewer in. `lenient` takes events without a token, as the reference's 0.0.9 web app sends them; a wrong token never counts.
   *
   * @param {string} viewerId @param {string} viewerToken @param {Listener} listener @param {boolean} [lenient]
   */
  admit(viewerId, viewerToken, listener, lenient = false) {
    this.#viewers.set(viewerId, { token: viewerToken, lenient, listener, seq: 0, waiting: null });
  }

  /**
   * A viewer's page was loaded, again perhaps: it counts its messages from 1.
   *
   * @param {string} viewerId @param {string} viewerToken @returns {boolean} whether there is such a viewer with that token
   */
  renew(viewerId, viewerToken) {
    const viewer = this.#viewers.get(viewerId);
    if (!viewer || !same(viewerToken, viewer.token)) return false;
    viewer.seq = 0;
    viewer.waiting = null;
    return true;
  }

  /**
   * The answer by which the page knows that packed selections and numbered messages are understood. Commands are not followed here:
   * whoever embeds the page gives them by window.
   *
   * @returns {Answer}
   */
  about() {
    return json({ relay: "cellucid-wasm", limit: LARGEST, commands: false });
  }

  /** @param {string} viewerId */
  dismiss(viewerId) {
    this.#viewers.delete(viewerId);
  }

  /** Expects a bundle for so many milliseconds. @param {string} viewer @param {string} request @param {number} [patience] */
  expect(viewer, request, patience = 3_600_000) {
    this.#expected.push({ viewer, request, until: Date.now() + patience });
  }

  /** An event's body. @param {Uint8Array} body @returns {Answer} */
  events(body) {
    if (body.length > LARGEST) return text(413, "Request too large");
    const answer = this.#take(body);
    if (!answer.body.includes('"delivered":true')) this.refused++;
    return answer;
  }

  /** @param {URLSearchParams} query @param {Uint8Array} body @returns {Answer} */
  upload(query, body) {
    const [viewer, request] = [query.get("viewerId"), query.get("requestId")];
    if (!viewer || !request) return json({ status: "error", message: "Missing viewerId/requestId" });
    this.#expected = this.#expected.filter(({ until }) => until > Date.now());
    const at = this.#expected.findIndex((one) => one.viewer === viewer && one.request === request);
    if (at < 0) return text(404, "No pending session bundle request (viewerId/requestId)");
    this.#expected.splice(at, 1);
    if (!body.length) return text(411, "Missing Content-Length");
    if (body.length > LARGEST_BUNDLE) return text(413, "Session bundle too large");
    const listener = this.#viewers.get(viewer)?.listener;
    const tell = (/** @type {object} */ outcome) => listener?.event({ type: "session_bundle", requestId: request, ...outcome });
    if (String.fromCharCode(...body.subarray(0, MAGIC.length)) !== MAGIC) {
      const error = "this is no Cellucid session";
      tell({ status: "error", error });
      return text(500, `Failed to receive session bundle: ${error}`);
    }
    listener?.bundle?.(request, body);
    tell({ status: "ok", bytes: body.length });
    return json({ status: "ok", bytes: body.length });
  }

  /** @param {Uint8Array} body @returns {Answer} */
  #take(body) {
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch (error) {
      return wrong(`Invalid JSON: ${error instanceof Error ? error.message : error}`);
    }
    // Any other JSON value makes the reference's server stumble.
    if (typeof message !== "object" || message === null || Array.isArray(message)) return text(500, "Internal server error");
    const { viewerId, viewerToken, seq, ...event } = message;
    if (typeof viewerId !== "string" || !viewerId) return wrong("Missing viewerId");
    const viewer = this.#viewers.get(viewerId);
    if (!viewer || !(viewerToken === undefined ? viewer.lenient : same(viewerToken, viewer.token))) {
      return json({ status: "not_found", delivered: false });
    }
    try {
      if (Number.isSafeInteger(seq) && seq > 0) {
        // Sent again because the answer was lost: it has been delivered.
        if (seq <= viewer.seq) return DELIVERED;
        viewer.seq = seq;
      }
      const whole = whatever(viewer, { type: "", ...event });
      if (whole) viewer.listener.event(whole);
      return DELIVERED;
    } catch (error) {
      return wrong(error instanceof Error ? error.message : String(error));
    }
  }
}

/** The event with its rows unpacked; null while parts are missing. @param {Viewer} viewer @param {Event} event */
function whatever(viewer, event) {
  if (event.type !== "selection" && event.type !== "selection_part") return event;
  const { part, parts, ...rest } = event;
  const cells = rows(event.cells);
  const { waiting } = viewer;
  viewer.waiting = null;
  if (part === undefined || parts === undefined) return { ...rest, cells };
  const due = waiting ?? { cells: [], next: 0, parts: Number(parts) };
  const last = Number(part) + 1 === due.parts;
  if (part !== due.next || parts !== due.parts || last !== (event.type === "selection")) {
    const expected = waiting ? `${due.next} of ${due.parts}` : "the first";
    throw fault("malformed", `part ${part} of ${parts} of a selection where ${expected} is due`);
  }
  due.cells.push(cells);
  if (!last) {
    viewer.waiting = { ...due, next: due.next + 1 };
    return null;
  }
  const all = new Uint32Array(due.cells.reduce((sum, some) => sum + some.length, 0));
  let at = 0;
  for (const some of due.cells) {
    all.set(some, at);
    at += some.length;
  }
  return { ...rest, cells: all };
}

/** @param {unknown} cells */
function rows(cells) {
  if (Array.isArray(cells)) {
    const at = cells.findIndex((cell) => !row(cell));
    if (at >= 0) throw fault("request", `cells[${at}] is ${JSON.stringify(cells[at])}, not a row number`);
    return Uint32Array.from(cells);
  }
  if (typeof cells === "object" && cells) return unpack(/** @type {Packed} */ (cells));
  throw fault("request", 'selection needs "cells", a list of rows');
}

/** @param {unknown} value @returns {Answer} */
const json = (value) => ({ status: 200, media: "application/json", body: JSON.stringify(value) });
/** @param {number} status @param {string} body @returns {Answer} */
const text = (status, body) => ({ status, media: "text/plain", body });
/** @param {string} message */
const wrong = (message) => json({ status: "error", message });
const DELIVERED = json({ status: "ok", delivered: true });
