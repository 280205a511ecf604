/**
 * Events on their way out: what they weigh, which are left out, in which form the other side can read them. The twin of
 * src/protocol/outbox.rs.
 *
 * @import { Counts, Event, Identity, Message, Packed, Peer } from "./wire.js"
 */
import { ascending, FEW, fault, pack, toBase64 } from "./cells.js";

/** Largest event the reference's server takes, in bytes. */
const PLAIN = 1 << 20;
/** Least time between two hover events, in milliseconds. */
const HOVER = 50;
/** Most console lines in a second, and the longest. */
const [LINES, LINE] = [20, 4000];
const REASON = 500;
/** Most events, and most bytes of them, kept until the relay has said that they arrived. */
const [KEPT, KEPT_BYTES] = [256, 32 << 20];

/** The types that the protocol knows; others are the user's own. */
const KNOWN = [
  ..."ready selection hover click console pong debug_snapshot session_bundle command_done command_error".split(" "),
  "selection_part",
];

export class Outbox {
  /** @type {Array<{ message: Message, bytes: number }>} */
  #kept = [];
  #bytes = 0;
  #seq = 0;
  /** The last hover event sent, and the newest that waits. @type {{ at: number, text: string } | null} */
  #hovered = null;
  /** @type {Event | null} */
  #waiting = null;
  /** When the latest console lines went out. @type {number[]} */
  #lines = [];

  /** @param {Counts} counts */
  constructor(counts) {
    this.counts = counts;
  }

  /** @param {Event} event @param {Peer} to @param {Identity} who @param {number} now @returns {Message[]} */
  announce(event, to, who, now) {
    if (event.type === "hover" && !this.#hover(event, now)) return [];
    if (event.type === "console" && !this.#line(now)) return [];
    // Nobody but our own relay knows these.
    if (event.type === "command_done" && !numbers(to)) return [];
    try {
      const messages = this.#write(event, to, who);
      this.counts.announced++;
      return messages;
    } catch (error) {
      this.counts.withheld++;
      throw error;
    }
  }

  /** When the hover event that waits may go. */
  due() {
    return this.#waiting && this.#hovered ? this.#hovered.at + HOVER : null;
  }

  /** @param {number} now */
  ripe(now) {
    const due = this.due();
    if (due === null || due > now) return null;
    const event = this.#waiting;
    this.#waiting = null;
    return event;
  }

  /** @param {number} upTo */
  arrived(upTo) {
    while (this.#kept[0] && Number(this.#kept[0].message.seq) <= upTo) this.#forget();
  }

  unacknowledged() {
    return this.#kept.map(({ message }) => message);
  }

  /** Whether a hover event goes now. @param {Event} event @param {number} now */
  #hover(event, now) {
    const text = JSON.stringify(event);
    if (this.#hovered?.text === text) {
      // Back where it was: what waits in between is of no interest any more.
      this.counts.thinned += this.#waiting ? 2 : 1;
      this.#waiting = null;
      return false;
    }
    if (this.#hovered && now < this.#hovered.at + HOVER) {
      if (this.#waiting) this.counts.thinned++;
      this.#waiting = event;
      return false;
    }
    this.#hovered = { at: now, text };
    this.#waiting = null;
    return true;
  }

  /** Whether a console line goes. @param {number} now */
  #line(now) {
    this.#lines = this.#lines.filter((at) => at + 1000 > now);
    if (this.#lines.length >= LINES) {
      this.counts.thinned++;
      return false;
    }
    this.#lines.push(now);
    return true;
  }

  /** @param {Event} event @param {Peer} to @param {Identity} who @returns {Message[]} */
  #write(event, to, who) {
    const { type, ...fields } = event;
    const limit = to.kind === "relay" ? to.limit : to.kind === "page" ? Infinity : PLAIN;
    const own = !KNOWN.includes(type);
    if (own && to.kind === "strict") {
      throw fault("unsupported", `the server takes no events of its user's own, such as "${type}"`);
    }
    if (type === "console") fields.message = cut(fields.message, LINE);
    if (type === "command_error") fields.reason = cut(fields.reason, REASON);
    const cells = type === "selection" ? /** @type {ArrayLike<number>} */ (fields.cells) : null;
    const what = cells ? `a selection of ${cells.length} cells` : `an event "${type}"`;
    /** @type {Array<{ type: string, fields: Record<string, unknown> }>} */
    const drafts = [];
    if (cells && to.kind === "relay" && cells.length > FEW) {
      const pieces = split(ascending(cells), Math.max(256, limit - 1024), to.binary ? 1 : 4 / 3);
      for (const [part, piece] of pieces.entries()) {
        const place = pieces.length > 1 ? { part, parts: pieces.length } : {};
        const packed = to.binary ? piece : { ...piece, data: toBase64(piece.data) };
        drafts.push({
          type: part + 1 < pieces.length ? "selection_part" : type,
          fields: { ...fields, cells: packed, ...place },
        });
      }
    } else {
      if (cells && to.kind === "page") fields.cells = Uint32Array.from(cells);
      else if (cells) {
        check(weigh(cells), limit, what);
        fields.cells = Array.from(cells);
      }
      drafts.push({ type, fields });
    }
    const numbered = numbers(to) && type !== "hover" && type !== "console";
    return drafts
      .map(({ type, fields }, at) => {
        /** @type {Message} */
        const message = { type, ...fields, viewerId: who.viewerId };
        if (to.kind !== "plain") message.viewerToken = who.viewerToken;
        if (numbered) message.seq = this.#seq + 1 + at;
        const bytes = size(message);
        check(bytes, limit, what);
        return { message, bytes };
      })
      .map(({ message, bytes }) => {
        if (numbered) {
          this.#seq++;
          this.#keep(message, bytes);
        }
        return message;
      });
  }

  /** @param {Message} message @param {number} bytes */
  #keep(message, bytes) {
    this.#kept.push({ message, bytes });
    this.#bytes += bytes;
    while (this.#kept.length > KEPT || this.#bytes > KEPT_BYTES) {
      this.#forget();
      this.counts.lost++;
    }
  }

  #forget() {
    this.#bytes -= this.#kept.shift()?.bytes ?? 0;
  }
}

/** Whether it takes numbered messages and acknowledges them. @param {Peer} to */
const numbers = (to) => to.kind === "relay" || to.kind === "page";

/** Halves what does not fit: the halves pack at least as well. @param {Uint32Array} rows @param {number} room @param {number} stretch @returns {Array<ReturnType<typeof pack>>} */
function split(rows, room, stretch) {
  const packed = pack(rows);
  if (packed.data.length * stretch + 96 <= room || rows.length < 2) return [packed];
  const half = rows.length >> 1;
  return [...split(rows.subarray(0, half), room, stretch), ...split(rows.subarray(half), room, stretch)];
}

/** Bytes of a list of rows in JSON: weighed before it is made. @param {ArrayLike<number>} cells */
function weigh(cells) {
  let bytes = 0;
  for (let at = 0; at < cells.length; at++) {
    let digits = 1;
    for (let left = Number(cells[at]); left >= 10; left = Math.floor(left / 10)) digits++;
    bytes += digits + 1;
  }
  return bytes;
}

/** @param {number} bytes @param {number} limit @param {string} what */
function check(bytes, limit, what) {
  if (bytes > limit) throw fault("limit", `${what} takes more than the ${limit} bytes that the server allows`);
}

/** Bytes of a message: of its JSON, bytes that travel as they are counted as such. @param {Message} message */
function size(message) {
  let raw = 0;
  const text = JSON.stringify(message, (_, value) => {
    if (!ArrayBuffer.isView(value)) return value;
    raw += value.byteLength;
    return "";
  });
  return new TextEncoder().encode(text).length + raw;
}

/** @param {unknown} text @param {number} most in characters, not in halves of them */
const cut = (text, most) => [...String(text)].slice(0, most).join("");
