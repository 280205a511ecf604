import type {
  ArrayOptions,
  Code,
  Description,
  From,
  GeneOptions,
  OpenOptions as ModuleOptions,
  ReadOptions,
  Stats,
  Stored,
  Values,
} from "./cellucid.js";

export type {
  ArrayOptions,
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
  Stored,
  Values,
} from "./cellucid.js";

/** How a dataset is opened: what the module takes, and where the worker is. */
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
  /**
   * What a group or an array of the file is, as it is stored: `uns`, `obs/cell_type`, `layers/counts`. Paths are those in the AnnData that is
   * open; with a slash before, those from the top of the file. Reads no values; not for export folders. Rejects with a {@link CellucidError}.
   */
  look(path: string, options?: ReadOptions): Promise<Stored>;
  /** The values of an array, or of a box of it, as they are stored. Rejects with a {@link CellucidError}. */
  array(path: string, options?: ArrayOptions): Promise<Values>;
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
  /** One virtual file, such as `points_2d.bin`; rejects with a {@link CellucidError} when there is none. */
  read(path: string, options?: { signal?: AbortSignal }): Promise<Uint8Array | ArrayBuffer>;
}

/** Answers reads on a port, for another frame or worker that calls {@link borrow}. */
export declare function lend(dataset: Readable, port: MessagePort): void;
/** The dataset at the other end of a port. */
export declare function borrow(port: MessagePort): Readable;

/** What a viewer tells: see the protocol's events. */
export interface Listener {
  /** An event, as the protocol has it: `selection`, `hover`, `click`, `ready` and others by `type`. */
  event(event: { type: string; [field: string]: unknown }): void;
  /** A session that was asked for, whole; `requestId` is that of {@link Router.endpoint}.expect. */
  bundle?(requestId: string, bundle: Uint8Array): void;
}

/** The virtual files of open datasets, by address, and the events endpoint of viewers. */
export declare class Router {
  /** Who may tell something, and who hears it. */
  readonly endpoint: {
    /** Lets a viewer in; `lenient` takes events without a token, as the app of cellucid 0.0.9 sends them. */
    admit(viewerId: string, viewerToken: string, listener: Listener, lenient?: boolean): void;
    /** Takes nothing more from a viewer. */
    dismiss(viewerId: string): void;
    /** Expects a session bundle, for an hour or so many milliseconds. */
    expect(viewerId: string, requestId: string, patience?: number): void;
    /** Events that were not delivered. */
    refused: number;
  };
  /** Takes a dataset in; gives the id it goes by. The files of one lie at the root, those of several below their ids. */
  add(dataset: Readable, options?: { id?: string }): Promise<string>;
  /** Takes a dataset away; false where there is none of that id. The dataset stays open. */
  remove(id: string): boolean;
  /** Whether a path is answered here, without reading anything. */
  knows(path: string): boolean;
  /** The answer to a request for a decoded path; null where the path means nothing here. */
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
  /** What answers. */
  router: Router;
  /** Where the datasets appear. */
  url: string;
  /** Where the dataset's files are now. */
  add(dataset: Readable, options?: { id?: string }): Promise<string>;
  /** Ends the sharing; the worker stays, for other pages. */
  stop(): Promise<void>;
}>;

/** A data source for the manager of the Cellucid app; its addresses begin with `wasm://`. */
export declare function createDataSource(datasets: Readable | Readable[]): Promise<{
  /** `wasm`. */
  getType(): string;
  /** Whether any dataset is open. */
  isAvailable(): Promise<boolean>;
  /** The datasets, as their identities describe them. */
  listDatasets(): Promise<Array<{ id: string; name: string; [field: string]: unknown }>>;
  /** Whether there is a dataset of that id. */
  hasDataset(id: string): Promise<boolean>;
  /** Its identity; rejects where there is no such dataset. */
  getMetadata(id: string): Promise<{ id: string; name: string; [field: string]: unknown }>;
  /** What the addresses of its files begin with. */
  getBaseUrl(id: string): string;
  /** Nothing to do: what is listed is what is open. */
  refresh(): Promise<void>;
  /** False: there is no connection to lose. */
  requiresManualReconnect(): boolean;
  /** An address that `fetch` and `import` take, for one that begins with `wasm://`. */
  resolveUrl(address: string): Promise<string>;
  /** The same for a path of the first dataset. */
  getFileUrl(path: string): Promise<string>;
  /** Lets go of the addresses that were given out. */
  onDeactivate(): void;
}>;

/** Answers `fetch` for the addresses below a base from open datasets; gives the function that ends it. */
export declare function installFetchShim(datasets: Readable | Readable[] | Router, base: string | URL): Promise<() => void>;
