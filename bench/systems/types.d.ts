/** What a system under test does: each its own way, each the same work. */
export interface System {
  /** Everything that can be done before the data are known. */
  load?(): Promise<void>;
  open(from: From): Promise<void>;
  /** Coordinates in two and three dimensions, and the codes of one categorical column. */
  plot(): Promise<Plot>;
  /** A column of X as 32-bit floats; `partial` is called for each part of it that is there before the whole is, if there are any. */
  gene(gene: Gene, partial?: () => void): Promise<ArrayBuffer>;
  /** Several at once; one after another where left out. */
  genes?(genes: Gene[]): Promise<ArrayBuffer[]>;
  /** What a client does after the first column of a CSR matrix so that later ones are quick. */
  prepare?(): Promise<void>;
  /** The lists of columns and of genes as export files; of the floor, the columns of obs that the plot did not need. */
  manifests?(): Promise<ArrayBuffer[]>;
  /** Of the floor's second worker: what a gene has in one chunk. */
  pick?(chunk: Picked): Promise<ArrayBuffer>;
  close?(): Promise<void>;
}

export interface Plot {
  points_2d: ArrayBuffer;
  points_3d: ArrayBuffer;
  codes: ArrayBuffer;
}

export interface Gene {
  index: number;
  name: string;
}

export interface From {
  /** Address of the file, store or server. */
  url: string;
  /** The same file on this machine. */
  file?: File;
  /** For the floor: where chunks are. */
  chunks: string;
  layout: "csr" | "csc" | "dense";
}

/** An array in a file or a store: where its chunks are. */
export interface Chunks {
  shape: number[];
  chunk: number[];
  item: number;
  /** What undoes its packing. */
  packed: "" | "zlib" | "blosc" | "zstd";
  at: Array<[offset: number, size: number]>;
  /** In a store, instead: a file each, none where there are but zeros. */
  files?: Array<string | null>;
}

/** A gene in a chunk of a CSR matrix, and where the chunk is. */
export interface Picked {
  indices: string;
  values: string;
  packed: Chunks["packed"];
  height: number;
  count: number;
  gene: number;
}

export type Plans = { layout: From["layout"] } & Record<
  "points_2d" | "points_3d" | "codes" | "indptr" | "indices" | "data" | "X",
  Chunks
> & { rest: Chunks[] };
