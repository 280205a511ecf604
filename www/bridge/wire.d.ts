/** The messages of the bridge as types; what each field means is said in src/protocol (`Command`, `Event`) and doc/PROTOCOL.md. */

/** Many rows in few bytes. `data` is text in base64 where messages are text. */
export interface Packed {
  coding: "bits" | "ranges";
  from: number;
  count: number;
  data: Uint8Array | string;
}

export type Command =
  | { type: "highlight"; cells: Uint32Array; color: string }
  | { type: "clearHighlights" }
  | { type: "setColorBy"; field: string }
  | { type: "setVisibility"; cells: Uint32Array | null; visible: boolean }
  | { type: "resetCamera" }
  | { type: "requestSessionBundle"; requestId: string }
  | { type: "freeze" }
  | { type: "custom"; name: string; fields: Record<string, unknown> };

/** An event before it has its envelope. Lists of rows may be typed arrays. */
export interface Event {
  type: string;
  [field: string]: unknown;
}

/** What goes over the wire: an event or a part of one, with its envelope. */
export interface Message {
  type: string;
  viewerId: string;
  viewerToken?: string;
  seq?: number;
  [field: string]: unknown;
}

/** What a message asks for. */
export type Step =
  | { run: Command; seq: number | null }
  | { reply: Event }
  | { ignore: "foreign" | "replayed" | "early" | "acknowledged" };

export interface Identity {
  viewerId: string;
  viewerToken: string;
}

/**
 * Who listens: the reference's server as of 0.0.9, its later releases, our own relay (`binary` where bytes need no base64), or a page
 * that embeds this one and gets rows as a Uint32Array.
 */
export type Peer =
  | { kind: "plain" }
  | { kind: "strict" }
  | { kind: "relay"; limit: number; binary?: boolean; commands?: boolean }
  | { kind: "page" };

/** Where the viewer runs, for `debug_snapshot`. */
export interface Setting {
  location: string;
  origin: string;
  server: string | null;
  connected: boolean;
  parent: string | null;
  agent: string;
}

export interface Counts {
  accepted: number;
  foreign: number;
  refused: number;
  oversize: number;
  replayed: number;
  lost: number;
  announced: number;
  thinned: number;
  withheld: number;
}
