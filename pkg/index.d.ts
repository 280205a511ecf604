import type { Code, Description, From, GeneOptions, OpenOptions as ModuleOptions, ReadOptions, Stats } from "./cellucid.js";

export type {
  ByteSource,
  Code,
  Description,
  From,
  GeneOptions,
  HeadersGiven,
  KeyedSource,
  Progress,
  ReadOptions,
  Renewed,
  Stats,
} from "./cellucid.js";

export interface OpenOptions extends ModuleOptions {
  /**
   * The worker that the dataset lives in: where `engine.js` of this package is served, or a function that starts it. Found by itself
   * beside the package and by bundlers that know `new Worker(new URL(…))`. Not used in Node.
   */
  engine?: string | URL | (() => Worker);
}

/** Every error that is thrown here. */
export declare class CellucidError extends Error {
  readonly name: "CellucidError";
  /** Who can mend it. */
  readonly code: Code;
  /** What to do about it. */
  readonly advice: string;
  /** File, folder or address. */
  readonly file?: string;
  /** Object in it, such as `obs/cell_type`. */
  readonly object?: string;
  /** Byte offset in the file. */
  readonly offset?: number;
}

/** An AnnData file or store, seen as the files of a Cellucid export. It lives in a worker of its own; in Node, in the calling thread. */
export interface Dataset {
  /** What is in it, as its headers tell. */
  describe(): Description;
  /** Every virtual path there is. */
  paths(): Promise<string[]>;
  /** One virtual file, such as `points_2d.bin` or `var/CD3E.values.f32`. Rejects with a {@link CellucidError}. */
  read(path: string, options?: GeneOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Several virtual files, made together: genes of a matrix stored by row cost one pass for all of them. */
  readMany(paths: string[], options?: ReadOptions): Promise<Array<Uint8Array<ArrayBuffer>>>;
  /** Requests sent and bytes read since it was opened. */
  stats(): Promise<Stats>;
  /** Ends what is under way and lets go of the source. */
  close(): void;
}

/**
 * Opens a dataset; only headers are read. Addresses may be relative to the page, may be of forms that people have (`s3://`, `gs://`, pages
 * of GitHub, Zenodo, Hugging Face), and their fragment may name an object in the file. In Node also a path or a `file:` address.
 * Rejects with a {@link CellucidError}.
 */
export declare function openDataset(from: From, options?: OpenOptions): Promise<Dataset>;

/** All of a file at once, for hosts that cannot send parts. At most 2 GiB, or `limit` bytes. */
export declare function download(
  url: string | URL,
  options?: { signal?: AbortSignal; progress?: (news: { bytes: number; total?: number }) => void; limit?: number },
): Promise<File>;

/** Anything that gives virtual files: a {@link Dataset}, or one that is lent over a port. */
export interface Readable {
  read(path: string, options?: { signal?: AbortSignal }): Promise<Uint8Array | ArrayBuffer>;
}

/** Answers reads on a port, for another frame or worker that calls {@link borrow}. */
export declare function lend(dataset: Readable, port: MessagePort): void;
/** The dataset at the other end of a port. */
export declare function borrow(port: MessagePort): Readable;

/** What a viewer tells: see the protocol's events. */
export interface Listener {
  event(event: { type: string; [field: string]: unknown }): void;
  bundle?(requestId: string, bundle: Uint8Array): void;
}

/** The virtual files of open datasets, by address, and the events endpoint of viewers. */
export declare class Router {
  readonly endpoint: {
    /** Lets a viewer in; `lenient` takes events without a token, as the app of cellucid 0.0.9 sends them. */
    admit(viewerId: string, viewerToken: string, listener: Listener, lenient?: boolean): void;
    dismiss(viewerId: string): void;
    /** Expects a session bundle, for an hour or so many milliseconds. */
    expect(viewerId: string, requestId: string, patience?: number): void;
    /** Events that were not delivered. */
    refused: number;
  };
  add(dataset: Readable, options?: { id?: string }): Promise<string>;
  remove(id: string): boolean;
  knows(path: string): boolean;
  answer(ask: {
    method: string;
    path: string;
    search?: string;
    range?: string | null;
    body?: Uint8Array | null;
    signal?: AbortSignal;
  }): Promise<{
    status: number;
    headers: Record<string, string>;
    body: Uint8Array<ArrayBuffer> | string | null;
  } | null>;
}

/** Datasets as files beside a self-hosted copy of the Cellucid app, through `service-worker.js` of this package. */
export declare function share(options: { worker: string | URL; base?: string | URL; router?: Router }): Promise<{
  router: Router;
  /** Where the datasets appear. */
  url: string;
  /** Where the dataset's files are now. */
  add(dataset: Readable, options?: { id?: string }): Promise<string>;
  stop(): Promise<void>;
}>;

/** A data source for the manager of the Cellucid app; its addresses begin with `wasm://`. */
export declare function createDataSource(datasets: Readable | Readable[]): Promise<{
  getType(): string;
  isAvailable(): Promise<boolean>;
  listDatasets(): Promise<Array<{ id: string; name: string; [field: string]: unknown }>>;
  hasDataset(id: string): Promise<boolean>;
  getMetadata(id: string): Promise<{ id: string; name: string; [field: string]: unknown }>;
  getBaseUrl(id: string): string;
  refresh(): Promise<void>;
  requiresManualReconnect(): boolean;
  resolveUrl(address: string): Promise<string>;
  getFileUrl(path: string): Promise<string>;
  onDeactivate(): void;
}>;

/** Answers `fetch` for the addresses below a base from open datasets; gives the function that ends it. */
export declare function installFetchShim(datasets: Readable | Readable[] | Router, base: string | URL): Promise<() => void>;
