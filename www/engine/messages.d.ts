/** What the page and its worker say to each other, and what the module in the worker looks like from here. */

/** Who can mend it: the same seven codes in Rust, JavaScript and Python. */
export type Code = "source" | "malformed" | "unsupported" | "missing" | "limit" | "request" | "cancelled";

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

export interface Progress {
  bytes: number;
  total?: number;
  stage?: string;
}

/** Everything a dataset can be opened from. Pairs are paths, the chosen folder's name included, with their files. */
export type From = Blob | string | FileSystemDirectoryHandle | Array<[path: string, file: File]> | Dialled;

/** Data at the other end of a port, which a worker is handed when it opens them. */
export interface Remote {
  port: MessagePort;
  kind: "file" | "folder";
  name: string;
  /** Of a file, in bytes. */
  size?: number;
  /** How it is called at the other end. */
  source: string;
  /** Most bytes in one answer, and on their way at any time. */
  limits: { reply: number; window: number };
}

/** Makes a port for each worker that opens the data. */
export interface Dialled {
  dial(): Remote;
}

export interface OpenOptions {
  profile?: "reference" | "strict";
  latentKey?: string;
  geneIdColumn?: string;
  datasetName?: string;
  datasetId?: string;
  centroidQuantile?: number;
  centroidMinPoints?: number;
  normalize?: boolean;
}

/** What `Dataset.describe()` tells without reading any values. */
export interface Description {
  format: string;
  name: string;
  n_obs: number;
  n_vars: number;
  obs: Array<{ key: string; kind: "category" | "continuous"; n_categories?: number }>;
  obsm: Array<{ key: string; shape: number[] }>;
  embeddings: Array<{ dim: number; key: string }>;
  x: { encoding: string; dtype: string; shape: number[] } | null;
  has_connectivity: boolean;
  vector_fields: unknown[];
  skipped: Array<{ object: string; reason: string }>;
}

export interface Stats {
  requests: number;
  bytes_read: number;
}

/** The class exported by the module. */
export interface Dataset {
  describe(): Description;
  paths(): Promise<string[]>;
  read(path: string, options?: { signal?: AbortSignal; progress?: (progress: Progress) => void }): Promise<Uint8Array>;
  stats(): Stats;
  close(): void;
}

export interface Module {
  default(): Promise<unknown>;
  Dataset: {
    open(from: From, options?: OpenOptions & { signal?: AbortSignal; progress?: (progress: Progress) => void }): Promise<Dataset>;
  };
}

/** Page to worker. */
export type Ask =
  | { ask: "open"; id: number; from: From | Remote; options: OpenOptions }
  | { ask: "read"; id: number; path: string }
  | { ask: "stats"; id: number }
  | { ask: "cancel"; id: number };

/** Worker to page. */
export type Answer =
  | { answer: "done"; id: number; value: unknown }
  | { answer: "failed"; id: number; failure: Failure }
  | { answer: "progress"; id: number; progress: Progress }
  | { answer: "crashed"; text: string };
