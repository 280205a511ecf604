/** Who can mend an error. */
export type Code = "source" | "malformed" | "unsupported" | "missing" | "limit" | "request" | "cancelled";

/** Every error thrown here. */
export interface CellucidError extends Error {
  readonly name: "CellucidError";
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

/** A file whose bytes the caller provides. */
export interface ByteSource {
  readonly name?: string;
  /** Size in bytes. */
  readonly size: number;
  /** Exactly the bytes from `start` up to, not including, `end`. */
  read(start: number, end: number, signal: AbortSignal): Promise<Uint8Array> | Uint8Array;
  /**
   * Another file, by its path from this one's folder (never out of it), where a file leads to others: external links, virtual datasets.
   * `undefined` when there is none.
   */
  sibling?(path: string): Promise<ByteSource | undefined> | ByteSource | undefined;
}

/** Many small files by key, as a Zarr store has them, provided by the caller. */
export interface KeyedSource {
  readonly name?: string;
  /** The file, or the part of it; `undefined` when there is no such key. */
  get(
    key: string,
    part: { start: number; end: number } | { last: number } | undefined,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Names directly below a prefix (`""` or ending in `/`), folders with a trailing `/`; left out when unknown. */
  list?(prefix: string): Promise<string[] | undefined> | string[] | undefined;
}

/** How far a call is. */
export interface Progress {
  /** Bytes that have come in since the call began. */
  bytes: number;
  /** Requests sent since the call began. */
  requests: number;
}

/** What every call that takes long can be given. */
export interface ReadOptions {
  /** Ends the call; its promise is then rejected with the code `cancelled`. */
  signal?: AbortSignal;
  /** Told now and then how far the call is. */
  progress?: (progress: Progress) => void;
}

/** Part of a gene, final while the rest of it is still looked for. */
export interface Part {
  /** First cell of the part, and the one behind its last. */
  start: number;
  end: number;
  /** Cells of the whole. */
  total: number;
  values: Float32Array;
}

/** What reading something takes, about. */
export interface Cost {
  /** Bytes that have to be read; 0 for what is at hand. */
  bytes: number;
  /** As fast as the source has answered so far; `null` when nothing is known, as for local files. */
  seconds: number | null;
}

/** How a file is read, a gene above all. */
export interface GeneOptions extends ReadOptions {
  /**
   * Given the values of a gene part by part where a matrix stored by row has to be gone through. The parts follow each other
   * without gaps; genes that are at hand come as one part or none.
   */
  partial?: (part: Part) => void;
}

/** How a dataset is opened. */
export interface OpenOptions extends ReadOptions {
  /** File or folder name, where the source does not tell it. */
  name?: string;
  /**
   * The folder that a local file is in, or the files in it with their paths from there: where others are found that the file leads to.
   * Browsers do not tell a file's folder themselves.
   */
  beside?: FileSystemDirectoryHandle | File[] | Array<[path: string, file: File]>;
  /**
   * Object in the file that is the AnnData, such as `mod/rna` in MuData or `tables/table` in SpatialData; `/` is the file
   * itself. When left out: the file itself, or in a file of several the one that people look at first; see
   * {@link Description.inside}.
   */
  root?: string;
  /** What the virtual files are for: `reference` (default), as cellucid 0.0.9 serves them, or `strict`, for the later app. */
  profile?: "reference" | "strict";
  /** Entry of obsm in which outlier quantiles are measured. */
  latentKey?: string;
  /** Column of var that holds the gene ids, instead of the index. */
  geneIdColumn?: string;
  /** Matrix that genes come from instead of X: one of {@link Description.layers}, where `raw` brings genes of its own. */
  layer?: string;
  /** Name of the dataset, instead of the file's. */
  datasetName?: string;
  /** Id of the dataset, instead of one made from its name. */
  datasetId?: string;
  /** Share of a group's cells that its centroid is made of; 0.95 when left out. */
  centroidQuantile?: number;
  /** Least number of cells for a centroid; 10 when left out. */
  centroidMinPoints?: number;
  /** Whether embeddings are centred and scaled; true when left out. */
  normalize?: boolean;
  /**
   * Sent with every request to the origin of the address given, and to no other. Where a host redirects, `Authorization` is taken off
   * on the way to another origin; with other headers a redirect is an error.
   */
  headers?: HeadersGiven;
  /**
   * Gives a fresh address when the host refuses the old one: for signed addresses and tokens that run out. Nothing means that there
   * is none.
   */
  renew?: (address: string) => Renewed | Promise<Renewed>;
  /**
   * Whether what costs much to find out may be kept in the origin's private file system, for later visits; true when left out.
   * Only workers can do so.
   */
  cache?: boolean;
  /**
   * Whether what is likely to be asked for next is read ahead while nothing is asked for: of a file or store on a host the embedding
   * shown first and the first category, each up to 16 MiB, and what leads to genes. A call for anything else ends it at once. When left
   * out: unless the browser is told to save data.
   */
  prefetch?: boolean;
}

/** What a path leads to. */
export type Stored =
  | {
      kind: "group";
      /** From the top of the file, without a slash before. */
      path: string;
      attrs: Record<string, unknown>;
      /** Names of what is in it; `null` where the host cannot list. */
      children: string[] | null;
    }
  | {
      kind: "array";
      path: string;
      attrs: Record<string, unknown>;
      /** As numpy names it, or `string`. */
      dtype: string;
      shape: number[];
      /** Items of a chunk along each axis. */
      chunks: number[];
    };

/** Options of {@link Dataset.array}. */
export interface ArrayOptions extends ReadOptions {
  /** For each axis `[start, end)`, or `null` for all of it; axes that are not named are taken whole. */
  select?: Array<[start: number, end: number] | null>;
}

/** Values of an array, row after row. */
export interface Values {
  path: string;
  /** As numpy names it, or `string`. */
  dtype: string;
  /** Of what was selected; `[]` for a single item. */
  shape: number[];
  /**
   * Of the type; bytes of 0 and 1 for `bool`, single precision for `float16`, pairs of real and imaginary part for complex numbers, `BigInt`s for
   * integers of 64 bits, and text as strings.
   */
  values:
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array
    | BigUint64Array
    | BigInt64Array
    | Float32Array
    | Float64Array
    | string[];
}

/** Headers, in any form that `fetch` takes. */
export type HeadersGiven = Record<string, string> | Array<[name: string, value: string]> | Headers;
/** A fresh address, headers, or both; nothing where there is none. */
export type Renewed = string | URL | { url?: string | URL; headers?: HeadersGiven } | null | undefined;

/** How a dataset is written as an export folder. */
export interface PackOptions extends ReadOptions {
  /** Bits of quantised gene values; single precision when left out. */
  quantizeVar?: 8 | 16;
  /** Bits of quantised columns and outlier quantiles; single precision when left out. */
  quantizeObs?: 8 | 16;
  /** The gzip level that the manifests name, 1 to 9. Compressing is up to `put`. */
  compression?: number;
  /** Only these gene ids. */
  genes?: string[];
  /** Bytes of gene values held at a time; 256 MiB when left out. */
  memory?: number;
  /** Told, before the first file, how many there will be. */
  expect?: (files: number) => void;
  /**
   * Takes a file; the next one is made when this is done. With a level, the file has to be stored as gzip, as its name says.
   * The identity, which makes a folder a dataset, comes last.
   */
  put: (path: string, bytes: Uint8Array, level: number | undefined) => Promise<void> | void;
}

/** What is in a dataset, as its headers tell. */
export interface Description {
  /** What it was read from. */
  format: "hdf5" | "zarr" | "export";
  /** For people; and what its addresses are made of. */
  name: string;
  id: string;
  /** Where it was opened from. */
  source: string;
  /** Cells, and genes. */
  n_obs: number;
  n_vars: number;
  /** The matrix X: `dense`, `csr` or `csc`; null where there is none. */
  x: { encoding: string; dtype: string; shape: number[] } | null;
  /** The matrix that genes come from, where it is not X. */
  layer: string | null;
  /** Other matrices that genes can come from: `raw`, and names of layers. */
  layers: string[];
  /** Columns of obs that can be shown; `n_categories` where it is known without reading. */
  obs: Array<{ key: string; kind: "category" | "continuous"; n_categories?: number | null }>;
  /** Columns of var. */
  var: string[];
  /** Entries of obsm. */
  obsm: Array<{ key: string; shape: number[] }>;
  /** The entry of obsm shown in each dimension, and the virtual file with its coordinates. */
  embeddings: Array<{ dim: number; key: string; file: string }>;
  /** Whether there is a neighbour graph. */
  has_connectivity: boolean;
  /** Ids of vector fields, such as `velocity_umap`. */
  vector_fields: string[];
  /** What could not be used, and why. */
  skipped: Array<{ object: string; reason: string }>;
  /** The object in the file that this is: what to pass as `root` to open it again; empty where the file is one AnnData. */
  root: string;
  /** All AnnData objects of a file that holds several (MuData, SpatialData): what to offer for choice; else empty. */
  inside: Inside[];
}

/** An AnnData object in a file of several. */
export interface Inside {
  /** What to pass as `root` to open it. */
  root: string;
  n_obs: number | null;
  n_vars: number | null;
  /** Why it cannot be shown; null where it can. */
  reason: string | null;
}

/** Requests sent and bytes read since a dataset was opened. */
export interface Stats {
  requests: number;
  bytes_read: number;
  /** What goes on more slowly than it might, such as genes that go through all of X anew, and what to do about it; empty for most. */
  notices: string[];
}

/** Anything a dataset can be opened from. */
export type From =
  | Blob
  | string
  | URL
  | FileSystemFileHandle
  | FileSystemDirectoryHandle
  | File[]
  | Array<[path: string, file: File]>
  | Uint8Array
  | ArrayBuffer
  | ByteSource
  | KeyedSource;

/** An AnnData file or store, seen as the files of a Cellucid export. */
export class Dataset {
  private constructor();
  /**
   * Opens a dataset; only headers are read. Addresses may be relative to the page or worker, and their fragment may name an
   * object in the file. Throws {@link CellucidError}.
   */
  static open(from: From, options?: OpenOptions): Promise<Dataset>;
  /** What is in it, as its headers tell. */
  describe(): Description;
  /** Every virtual path there is. */
  paths(): Promise<string[]>;
  /** One virtual file, such as `points_2d.bin` or `var/CD3E.values.f32`. Throws {@link CellucidError}. */
  read(path: string, options?: GeneOptions): Promise<Uint8Array>;
  /** Several virtual files, made together: genes with one plan for all of them. Throws {@link CellucidError}. */
  readMany(paths: string[], options?: ReadOptions): Promise<Uint8Array[]>;
  /**
   * What a group or an array of the file is, as it is stored: `uns`, `obs/cell_type`, `layers/counts`. Paths are those in the AnnData that is
   * open; with a slash before, those from the top of the file. Reads no values. Throws {@link CellucidError}.
   */
  look(path: string, options?: ReadOptions): Promise<Stored>;
  /** The values of an array, or of a box of it, as they are stored. Throws {@link CellucidError}. */
  array(path: string, options?: ArrayOptions): Promise<Values>;
  /** Makes every file of an export folder and hands them to `put`, one after another. Throws {@link CellucidError}. */
  pack(options: PackOptions): Promise<void>;
  /**
   * What a gene that was not asked for before will cost, so that somebody can be asked first: a matrix stored by row has to be gone
   * through once. Looks at few chunks only. Other files cost nothing here.
   */
  cost(path: string): Promise<Cost>;
  /**
   * Has others take part where a matrix stored by row has to be gone through: `help` gets a stretch of its items from an {@link Aide} in
   * another worker, with what the columns have there that are waited for, and gives `null` for what is better read here. Up to `most` (2)
   * stretches are asked for at a time; nothing given ends it.
   */
  helpWith(help?: (path: string, start: number, end: number, columns: number[]) => Promise<Portion | null>, most?: number): void;
  /** Requests sent and bytes read since it was opened, and what goes on more slowly than it might. */
  stats(): Stats;
  /** Ends what is under way and lets go of the source. */
  close(): void;
  /** Closes, and frees the object in the module. */
  free(): void;
}

/** Items of a matrix stored by row, as one worker hands them to another: the buffers of both arrays may be transferred. */
export interface Portion {
  whose: string | null;
  plain: number;
  form: number;
  indices: Uint16Array;
  values: Uint8Array | Uint16Array | Uint32Array | BigUint64Array;
  found: Array<{ column: number; places: Uint32Array; values: Uint8Array }>;
  seen: string;
  requests: number;
  bytesRead: number;
}

/** A reader of a file that takes part in what a {@link Dataset} in another worker has to go through. */
export class Aide {
  private constructor();
  /** Opens what a dataset was opened from, with the same options. Throws {@link CellucidError}. */
  static open(from: From, options?: OpenOptions): Promise<Aide>;
  /** A stretch of the items of the matrix at a path, and what some columns have there. Throws {@link CellucidError}. */
  portion(path: string, start: number, end: number, columns?: number[]): Promise<Portion>;
  /** Ends what is under way. */
  close(): void;
  /** Frees the object in the module. */
  free(): void;
}

/**
 * Has large batches of chunks decoded elsewhere, such as in other workers that call {@link decodeChunks}; nothing given ends that.
 * A chunk that comes back as `null` is decoded here, where its error is told. For all datasets of this module.
 */
export function decodeWith(
  decode?: (
    codecs: string,
    size: number,
    bound: number,
    chunks: Uint8Array[],
    skips: number[],
  ) => Promise<Array<Uint8Array | null>>,
): void;

/** Decodes chunks: what another worker does with the arguments that {@link decodeWith} hands out. */
export function decodeChunks(
  codecs: string,
  size: number,
  bound: number,
  chunks: Uint8Array[],
  skips: number[],
): Array<Uint8Array | null>;
