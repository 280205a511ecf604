/** The one state value of the page. Panels and the plot read it; gestures and, later, notebook commands patch it. */

import type { Fault } from "./engine/fault.js";
import type { CategoryField, Field, GeneField, NumberField } from "./engine/manifest.js";
import type { Description, From, OpenOptions, Stats } from "./engine/messages.js";
import type { Camera } from "./view/camera.js";

/** What the person asked to open. A new object each time, so that asking twice opens twice. */
export interface Source {
  from: From;
  /** How it is called in words: a file name, a folder name, a URL. */
  label: string;
  /** Download all of it first: for hosts that cannot send parts. */
  whole?: boolean;
  /** How it is read. */
  options?: OpenOptions;
}

export interface Opened {
  name: string;
  description: Description;
  cells: number;
  /** Null until the manifests have arrived. */
  fields: Array<CategoryField | NumberField> | null;
  genes: GeneField[] | null;
  dimensions: Array<{ dimension: number; path: string }>;
  /** Objects that cannot be shown, with the reason. */
  skipped: Array<{ object: string; reason: string }>;
}

export interface Points {
  dimension: number;
  /** Cell after cell, `dimension` numbers each. */
  coordinates: Float32Array;
  /** Cells whose coordinates are not finite. */
  unplaced: number;
}

export interface CategoryColour {
  kind: "category";
  field: CategoryField;
  codes: Uint8Array | Uint16Array;
  counts: Uint32Array;
  missing: number;
}

export interface NumberColour {
  kind: "continuous";
  field: NumberField | GeneField;
  values: Float32Array;
  summary: import("./view/colour.js").Summary;
}

export type Colour = CategoryColour | NumberColour;

/** Marked cells, ascending. */
export interface Highlight {
  id: string;
  label: string;
  /** `#rrggbb` */
  color: string;
  cells: Uint32Array;
}

/** A click on a cell: a new object each time. */
export interface Click {
  cell: number;
  button: number;
  shift: boolean;
  ctrl: boolean;
}

export interface Busy {
  id: string;
  label: string;
  since: number;
  bytes: number;
  total?: number;
  stage?: string;
  cancel: () => void;
}

export interface Trouble {
  fault: Fault;
  /** What was being done, in words. */
  doing: string;
  /** A second way, such as downloading the whole file. */
  way?: { label: string; run: () => void };
}

export interface State {
  source: Source | null;
  dataset: Opened | null;
  /** The dimension asked for; `points.dimension` is the one drawn. */
  dimension: number;
  points: Points | null;
  /** The field asked for; `colour.field` is the one drawn. */
  wanted: Field | null;
  colour: Colour | null;
  /** Category codes switched off in the legend. */
  hidden: ReadonlySet<number>;
  /** Ends of the colour ramp. */
  range: [number, number];
  camera: Camera | null;
  hover: { cell: number; x: number; y: number } | null;
  clicked: Click | null;
  /** The cells last chosen by a gesture, ascending, and by which: lasso, knn, range… */
  selection: { cells: Uint32Array; source: string } | null;
  /** The newest last. */
  highlights: Highlight[];
  /** One byte per cell, 1 for those not shown; null when all are. */
  invisible: Uint8Array | null;
  /** The data went away: the picture stays, nothing can be asked for any more. */
  frozen: boolean;
  size: number;
  opacity: number;
  /** Names of categories on the plot. */
  labels: boolean;
  busy: Busy[];
  /** What the engine has read of the dataset so far. */
  read: Stats | null;
  trouble: Trouble | null;
  /** One polite sentence for the status line. */
  notice: string;
  graphics: "ready" | "lost" | "none";
  /** Counts changes of the colour scheme: colours are read from the style sheet again. */
  theme: number;
}
