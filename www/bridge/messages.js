/**
 * The viewer's side of the conversation: which messages count, what they ask for, what is told in return, in which form and how often.
 * Pure: no window, no clock. The twin of src/protocol/session.rs; both are bound by tests/fixtures/messages.
 *
 * @import { Command, Counts, Event, Identity, Message, Packed, Peer, Setting, Step } from "./wire.js"
 */
import { Fault } from "../engine/fault.js";
import { fault, MOST, row, unpack } from "./cells.js";
import { Outbox } from "./outbox.js";

/** Largest message in text, in characters. */
const LONGEST = 64 << 20;
/** Most numbered messages that wait for those before them. */
const EARLY = 64;

export class Session {
  /** @type {Counts} */
  counts = { accepted: 0, foreign: 0, refused: 0, oversize: 0, replayed: 0, lost: 0, announced: 0, thinned: 0, withheld: 0 };
  #now = 0;
  /** The number that is due. */
  #next = 1;
  /** @type {Map<number, Record<string, unknown>>} */
  #early = new Map();
  #outbox = new Outbox(this.counts);

  /** @param {Identity} who @param {Peer} peer @param {Setting} setting */
  constructor(who, peer, setting) {
    this.who = who;
    /** May change while the session lasts: a better way to the relay can turn up. */
    this.peer = peer;
    this.setting = setting;
  }

  /** Whether it is from a holder of the token, for this viewer. @param {unknown} data */
  knows(data) {
    if (!plain(data)) return false;
    return same(data.viewerToken, this.who.viewerToken) && data.viewerId === this.who.viewerId;
  }

  /**
   * Takes a message: an object, or its JSON. Throws a Fault for what is no message at all. A command whose fields are wrong is no error
   * here: the step is to reply with `command_error`.
   *
   * @param {unknown} data
   * @returns {Step[]} more than one when messages were waiting for this one
   */
  accept(data) {
    const message = this.#open(data);
    if (!same(message.viewerToken, this.who.viewerToken)) {
      this.counts.foreign++;
      return [{ ignore: "foreign" }];
    }
    const refuse = (/** @type {string} */ why) => {
      this.counts.refused++;
      return fault("request", why);
    };
    if (message.viewerId !== this.who.viewerId) throw refuse("the message is for another viewer");
    if (typeof message.type !== "string" || !message.type) throw refuse('the message has no "type"');
    const seq = number(message.seq);
    if (seq === null) return [this.#step(message, null)];
    if (seq < this.#next || this.#early.has(seq)) {
      this.counts.replayed++;
      return [{ ignore: "replayed" }];
    }
    this.#early.set(seq, message);
    if (this.#early.size > EARLY) {
      // Those before will not come any more.
      const first = Math.min(...this.#early.keys());
      this.counts.lost += first - this.#next;
      this.#next = first;
    }
    /** @type {Step[]} */
    const steps = [];
    for (let due = this.#early.get(this.#next); due; due = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      steps.push(this.#step(due, this.#next++));
    }
    return steps.length ? steps : [{ ignore: "early" }];
  }

  /**
   * What to send for an event: nothing when it is left out or has to wait (see `tick`), several messages for a large selection.
   * Throws a Fault when the other side would refuse it.
   *
   * @param {Event} event
   * @returns {Message[]}
   */
  announce(event) {
    return this.#outbox.announce(event, this.peer, this.who, this.#now);
  }

  /** Says what time it is, in milliseconds. @param {number} now @returns {Message[]} what had to wait until now */
  tick(now) {
    this.#now = now;
    const ripe = this.#outbox.ripe(now);
    return ripe ? this.announce(ripe) : [];
  }

  /** When to `tick` again, if something waits. */
  wakes() {
    return this.#outbox.due();
  }

  /** The relay has every numbered message up to this one. @param {number} upTo */
  acknowledge(upTo) {
    this.#outbox.arrived(upTo);
  }

  /** Numbered messages to be sent again after the connection broke. */
  unacknowledged() {
    return this.#outbox.unacknowledged();
  }

  /** @param {unknown} data @returns {Record<string, unknown>} */
  #open(data) {
    if (typeof data === "string" && data.length > LONGEST) {
      this.counts.oversize++;
      throw fault("limit", `a message of ${data.length} characters exceeds the limit of ${LONGEST}`);
    }
    try {
      const message = typeof data === "string" ? JSON.parse(data) : data;
      if (plain(message)) return message;
    } catch {
      // told below
    }
    this.counts.refused++;
    throw fault("malformed", "the message is not a JSON object");
  }

  /** @param {Record<string, unknown>} message @param {number | null} seq @returns {Step} */
  #step(message, seq) {
    const { type } = message;
    try {
      if (type === "ack") {
        const upTo = number(message.upTo);
        if (upTo === null) throw wrong("upTo", message.upTo, "a number");
        this.acknowledge(upTo);
        return { ignore: "acknowledged" };
      }
      const step = this.#command(message, seq);
      this.counts.accepted++;
      return step;
    } catch (error) {
      this.counts.refused++;
      const reason = Fault.from(error).message;
      return { reply: { type: "command_error", command: type, reason, ...(seq !== null && { answers: seq }) } };
    }
  }

  /** @param {Record<string, unknown>} message @param {number | null} seq @returns {Step} */
  #command(message, seq) {
    const { type } = message;
    if (type === "ping") return { reply: { type: "pong", requestId: request(message), t: this.#now } };
    if (type === "debug_snapshot") {
      const { location, origin, server, connected, parent, agent } = this.setting;
      const reply = {
        type,
        requestId: request(message),
        ts: new Date(this.#now).toISOString(),
        locationHref: location.replaceAll(this.who.viewerToken, "…"),
        origin,
        serverUrl: server,
        connected,
        parentOrigin: parent,
        userAgent: agent,
      };
      return { reply };
    }
    return { run: command(message), seq };
  }
}

/** @param {Record<string, unknown>} message @returns {Command} */
function command(message) {
  const { type } = message;
  switch (type) {
    case "highlight": {
      const cells = rows(message.cells);
      if (!cells) throw fault("request", 'highlight needs "cells", a list of rows');
      return { type, cells, color: colour(message.color) };
    }
    case "setVisibility": {
      const { visible = true } = message;
      const cells = rows(message.cells);
      if (typeof visible !== "boolean") throw wrong("visible", visible, "true or false");
      return { type, cells, visible };
    }
    case "setColorBy": {
      const field = typeof message.field === "string" ? message.field.trim() : "";
      if (!field) throw wrong("field", message.field, "the name of a column");
      return { type, field };
    }
    case "requestSessionBundle":
      return { type, requestId: request(message) };
    case "clearHighlights":
    case "resetCamera":
    case "freeze":
      return { type };
    default: {
      const { type: name, viewerId, viewerToken, seq, ...fields } = message;
      return { type: "custom", name: String(name), fields };
    }
  }
}

/** @param {unknown} cells @returns {Uint32Array | null} */
function rows(cells) {
  if (cells === null || cells === undefined) return null;
  if (cells instanceof Uint32Array) return cells;
  if (Array.isArray(cells)) {
    if (cells.length > MOST) throw fault("limit", `more than ${MOST} cells`);
    const at = cells.findIndex((cell) => !row(cell));
    if (at >= 0) throw fault("request", `cells[${at}] is ${words(cells[at])}, not a row number`);
    return Uint32Array.from(cells);
  }
  if (!plain(cells)) throw fault("request", `cells is ${words(cells)}, not a list`);
  if (!("coding" in cells)) throw fault("request", "cells: neither a list nor a packed list");
  return unpack(/** @type {Packed} */ (/** @type {unknown} */ (cells)));
}

/** @param {unknown} colour */
function colour(colour = "#ff0000") {
  if (typeof colour === "string" && /^#[0-9a-f]{6}$/i.test(colour)) return colour.toLowerCase();
  throw wrong("color", colour, "a colour written #rrggbb");
}

/** The id that goes back as it came: short, and without white space. @param {Record<string, unknown>} message */
function request({ requestId }) {
  if (typeof requestId === "string" && /^\S{1,128}$/.test(requestId)) return requestId;
  throw wrong("requestId", requestId, "an id");
}

/** A place in the sender's order. @param {unknown} value */
const number = (value) => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null);

/** @param {string} name @param {unknown} found @param {string} wanted */
const wrong = (name, found, wanted) => fault("request", `"${name}" is ${words(found)}, not ${wanted}`);

/** @param {unknown} value */
const words = (value) => (typeof value === "object" && value ? "an object" : (JSON.stringify(value) ?? "missing").slice(0, 80));

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const plain = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/**
 * Compares without telling by the time it takes how much was right.
 *
 * @param {unknown} given @param {string} secret
 */
export function same(given, secret) {
  if (typeof given !== "string" || given.length !== secret.length) return false;
  let differ = 0;
  for (let at = 0; at < secret.length; at++) differ |= given.charCodeAt(at) ^ secret.charCodeAt(at);
  return differ === 0;
}
