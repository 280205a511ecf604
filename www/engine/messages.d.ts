/** What the page and its worker say to each other. The module's own types are those it is published with. */

import type {
  Aide,
  ArrayOptions,
  Code,
  Cost,
  Dataset,
  Description,
  decodeChunks,
  decodeWith,
  OpenOptions as Given,
  PackOptions,
  Part,
  Portion,
  Progress as Read,
  From as Readable,
  Stats,
  Stored,
  Values,
} from "../../src/wasm/types.js";

export type { Aide, ArrayOptions, Code, Cost, Dataset, Description, Part, Portion, Readable, Stats, Stored, Values };

/** An error as it crosses the worker boundary: plain data, no classes. */
export interface Failure {
  code: Code;
  message: string;
  /** The file, key or URL that was being read. */
  file?: string;
  /** The object inside it, such as `obsm/X_umap`. */
  object?: string;
  /** Byte offset inside the file. */
  offset?: number;
  /** What the person can do about it. */
  advice?: string;
}

/** How far something is; a total and a stage only where they are known. */
export interface Progress extends Partial<Read> {
  bytes: number;
  total?: number;
  stage?: string;
  /** What is counted, where it is not bytes. */
  unit?: string;
}

/** Everything a dataset can be opened from. Pairs are paths, the chosen folder's name included, with their files. */
export type From = Blob | string | FileSystemFileHandle | FileSystemDirectoryHandle | Array<[path: string, file: File]> | Dialled;

/** Data at the other end of a port, which a worker is handed when it opens them. */
export interface Remote {
  port: MessagePort;
  kind: "file" | "folder";
  name: string;
  /** Of a file, in bytes. */
  size?: number;
  /** Whether it may lead to other files at the other end. */
  beside?: boolean;
  /** How it is called at the other end. */
  source: string;
  /** Most bytes in one answer, and on their way at any time. */
  limits: { reply: number; window: number };
}

/** Functions of the page's that the worker calls over a port: a source of its own (`kind`), or one that renews the address `from`. */
export interface Called {
  calls: true;
  port: MessagePort;
  kind?: "file" | "folder";
  from?: string;
  name: string;
  size?: number;
  lists?: boolean;
  /** Whether it may lead to other files. */
  siblings?: boolean;
  renews?: boolean;
}

/** Makes a port for each worker that opens the data. */
export interface Dialled {
  dial(): Remote | Called;
}

/** What the page asks of an opening. It crosses to the worker, so it is plain data. */
export type OpenOptions = Omit<Given, "signal" | "progress" | "headers" | "renew"> & { headers?: Array<[string, string]> };

/** How an export folder is packed. */
export type Packing = Pick<PackOptions, "quantizeVar" | "quantizeObs" | "compression" | "genes">;

/** Where an export folder goes: into a new folder below one that was chosen, or, without one, into a zip archive. */
export interface Target {
  /** The new folder's name, the archive's without ending. */
  name: string;
  handle?: FileSystemDirectoryHandle;
}

/** The module as the worker loads it. */
export interface Module {
  default(): Promise<unknown>;
  Dataset: typeof Dataset;
  Aide: typeof Aide;
  decodeWith: typeof decodeWith;
  decodeChunks: typeof decodeChunks;
  /** Brings the module's second part. */
  later(): Promise<unknown>;
}

/** Page to worker. */
export type Ask =
  | { ask: "open"; id: number; from: From | Remote | Called; options: OpenOptions }
  | { ask: "read"; id: number; path: string; raw: boolean; parts: boolean }
  | { ask: "readMany"; id: number; paths: string[]; raw: boolean }
  | { ask: "paths"; id: number }
  | { ask: "cost"; id: number; path: string }
  | { ask: "look"; id: number; path: string }
  | { ask: "array"; id: number; path: string; select: ArrayOptions["select"] }
  | { ask: "decode"; id: number; codecs: string; size: number; bound: number; chunks: Uint8Array[]; skips: number[] }
  | { ask: "aid"; id: number; from: Readable; options: OpenOptions }
  | { ask: "portion"; id: number; path: string; start: number; end: number; columns: number[] }
  | { ask: "stats"; id: number }
  | { ask: "save"; id: number; target: Target; packing: Packing }
  | { ask: "cancel"; id: number };

/** Worker to page. */
export type Answer =
  | { answer: "done"; id: number; value: unknown }
  | { answer: "failed"; id: number; failure: Failure }
  | { answer: "progress"; id: number; progress: Progress }
  | { answer: "part"; id: number; part: Part }
  | { answer: "crashed"; text: string; failure?: Failure };
