/** The one state value of the page. Panels and the plot read it; gestures and, later, notebook commands patch it. */

import type { Fault } from "./engine/fault.js";
import type { CategoryField, Field, GeneField, NumberField } from "./engine/manifest.js";
import type { Description, From, OpenOptions, Packing, Stats, Target } from "./engine/messages.js";
import type { Camera } from "./view/camera.js";

/** One number per cell out of several genes. */
export interface ScoreField {
  axis: "score";
  kind: "continuous";
  key: string;
  /** No file: what it is made of. */
  path: string;
  genes: GeneField[];
  /** The mean of the values, or of their z-scores. */
  by: "mean" | "z";
}

export type AnyField = Field | ScoreField;

/** What the person asked to open. A new object each time, so that asking twice opens twice. */
export interface Source {
  from: From;
  /** How it is called in words: a file name, a folder name, a URL. */
  label: string;
  /** Download all of it first: for hosts that cannot send parts. */
  whole?: boolean;
  /** How it is read. */
  options?: OpenOptions;
  /** Fails when it is another by now, where only the page can tell. */
  still?: () => Promise<void>;
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
  /** The same as it is drawn, `axes` numbers each: one-dimensional ones lie in a strip. */
  drawn: Float32Array;
  axes: 2 | 3;
  /** Cells whose coordinates are not finite. */
  unplaced: number;
  /** The entry of obsm they come from, where it is not the export's own embedding. */
  key?: string;
}

export interface CategoryColour {
  kind: "category";
  field: CategoryField;
  codes: Uint8Array | Uint16Array;
  counts: Uint32Array;
  missing: number;
  /** What the file says about their colours, `#rrggbb`, by code. */
  colours?: Array<string | undefined> | undefined;
}

export interface NumberColour {
  kind: "continuous";
  field: NumberField | GeneField | ScoreField;
  values: Float32Array;
  summary: import("./view/colour.js").Summary;
}

export type Colour = CategoryColour | NumberColour;

/** Marked cells, ascending. Those a notebook asks for, and the selections that the person keeps under a name. */
export interface Highlight {
  id: string;
  /** How its cells were chosen, as in `Selection`; left out for a notebook's. */
  type?: string;
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

/** Cells chosen by a gesture, ascending, and by which: lasso, knn, range… */
export interface Selection {
  cells: Uint32Array;
  source: string;
}

/** What a pointer does on the plot: moves it, or selects in one of three ways. */
export type Tool = "move" | "lasso" | "rectangle" | "near";

/** How what is chosen meets what is selected already. */
export type Combine = "new" | "add" | "subtract" | "intersect";

/** One condition that cells have to meet to be shown. */
export interface Filter {
  id: number;
  /** Switched on. */
  on: boolean;
  /** The column or gene, with its values. */
  colour: Colour;
  /** Category codes that are left out, -1 for cells without a value. */
  out?: ReadonlySet<number>;
  /** Least and greatest value that is kept. */
  range?: [number, number];
  /** Cells without a value are kept. */
  missing: boolean;
  /** Cells further from their group's middle than this share of the group are left out; one quantile per cell. */
  outliers?: { most: number; quantiles: Float32Array };
}

/** How numbers become colours. */
export interface Ramp {
  name: import("./view/ramps.js").RampName;
  reverse: boolean;
  /** Steps by the logarithm of value + 1. */
  log: boolean;
}

/** A field drawn beside the others, in a plot of its own. */
export interface Pane {
  colour: Colour;
  hidden: ReadonlySet<number>;
  range: [number, number];
}

/** Genes under a name, as the person or a file spells them: some may not be in the dataset. */
export interface GeneSet {
  name: string;
  description: string;
  genes: Array<{ symbol: string; description: string }>;
}

/** Two fields against each other, in a plot beside the first. */
export interface Scatter {
  /** Across, and up. */
  fields: [AnyField, AnyField];
  log: [boolean, boolean];
  /** Cells that are zero on either are left out. */
  without: boolean;
}

export type Tab = "legend" | "cells" | "filters" | "compare";

export interface Busy {
  id: string;
  label: string;
  since: number;
  bytes: number;
  total?: number;
  stage?: string;
  /** What is counted, where it is not bytes. */
  unit?: string;
  cancel: () => void;
}

/** Saving that the person asked for. A new object each time. */
export interface Save {
  target: Target;
  packing: Packing;
}

export interface Trouble {
  fault: Fault;
  /** What was being done, in words. */
  doing: string;
  /** Above the message; by the kind of fault when left out. */
  title?: string;
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
  wanted: AnyField | null;
  colour: Colour | null;
  /** Category codes switched off in the legend. */
  hidden: ReadonlySet<number>;
  /** Ends of the colour ramp. */
  range: [number, number];
  camera: Camera | null;
  hover: { cell: number; x: number; y: number } | null;
  clicked: Click | null;
  selection: Selection | null;
  tool: Tool;
  combine: Combine;
  /** How many cells the neighbours tool takes. */
  near: number;
  /** Corners of the outline being drawn, in the plot's own coordinates. */
  outline: Array<[number, number, number]>;
  /** The newest last. */
  highlights: Highlight[];
  /** One byte per cell, 1 for those not shown; null when all are. */
  invisible: Uint8Array | null;
  /** Gene sets that are kept. */
  sets: GeneSet[];
  /** All of those that are switched on have to be met. */
  filters: Filter[];
  /** One byte per cell, 1 for those that a filter leaves out; null when none is. Follows from `filters`. */
  filtered: Uint8Array | null;
  /** Cells that filters leave out stay as grey dots. */
  muted: boolean;
  /** What can be taken back, and what can be done again. */
  history: { back: number; forward: number };
  /** The data went away: the picture stays, nothing can be asked for any more. */
  frozen: boolean;
  size: number;
  opacity: number;
  /** Points are shaded by how many lie on each other. */
  density: boolean;
  /** Who draws the points; by itself, whoever is faster. */
  drawing: "auto" | "card" | "processor";
  /** Names of categories on the plot. */
  labels: boolean;
  ramp: Ramp;
  /** Colours that the person gave to categories, by field and code. */
  tones: Record<string, Record<number, string>>;
  /** Further plots of the same cells, each with its own colours. */
  panes: Pane[];
  /** Open while there is one. */
  scatter?: Scatter | null;
  /** Lines between neighbours. */
  edges: boolean;
  /** The vector field drawn, and how. */
  flow: { field: string; style: "arrows" | "streams" } | null;
  /** Columns told of the cell under the pointer. */
  tips: Colour[];
  /** Fields coloured by before, the newest first. */
  recent: AnyField[];
  tab: Tab;
  busy: Busy[];
  save: Save | null;
  /** What the engine has read of the dataset so far. */
  read: Stats | null;
  trouble: Trouble | null;
  /** One polite sentence for the status line. */
  notice: string;
  graphics: "ready" | "lost" | "none";
  /** Counts changes of the colour scheme: colours are read from the style sheet again. */
  theme: number;
}
