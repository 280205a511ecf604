/**
 * Columns and genes that were read, ready to colour by, the newest kept.
 *
 * @import { Field, GeneField, NumberField, Steps } from "./engine/manifest.js"
 * @import { Part } from "./engine/messages.js"
 * @import { AnyField, CategoryColour, Colour, NumberColour, ScoreField } from "./state.js"
 */
import { Fault } from "./engine/fault.js";
import { parse } from "./engine/manifest.js";
import { categories, summarise } from "./view/colour.js";

/** Bytes kept: thirty genes of a million cells. */
const ROOM = 128 << 20;
/** Milliseconds between two looks at a gene on its way. */
const SHOW = 250;

export class Columns {
  /** In order of use, the newest last. @type {Map<string, Colour>} */
  #held = new Map();

  /**
   * @param {AnyField} field
   * @param {number} cells
   * @param {(path: string) => Promise<ArrayBuffer>} read
   * @returns {Promise<Colour>}
   */
  async colour(field, cells, read) {
    const colour = this.#held.get(field.path) ?? (await this.#make(field, cells, read));
    this.#held.delete(field.path);
    this.#held.set(field.path, colour);
    let room = ROOM;
    for (const [path, { kind, ...rest }] of [...this.#held].reverse()) {
      room -= "values" in rest ? rest.values.byteLength : rest.codes.byteLength;
      if (room < 0 && path !== field.path) this.#held.delete(path);
    }
    return colour;
  }

  /** @param {AnyField} field @param {number} cells @param {(path: string) => Promise<ArrayBuffer>} read @returns {Promise<Colour>} */
  async #make(field, cells, read) {
    if (field.kind === "category") {
      // Colours are no reason to fail: without them the page has its own.
      const given = field.palette ? read(field.palette).then(colours, () => undefined) : undefined;
      // Labels first: the codes come with them, so that the column is read once.
      if (field.names && !field.labels.length) {
        field.labels = parse(await read(field.names), field.names);
        field.count = field.labels.length;
      }
      return { .../** @type {CategoryColour} */ (make(field, cells, await read(field.path))), colours: await given };
    }
    if (field.axis !== "score") return make(field, cells, await read(field.path));
    // All are asked for before the first has come: one pass over the matrix may answer them together.
    const genes = await Promise.all(field.genes.map((gene) => this.colour(gene, cells, read)));
    const values = score(
      genes.flatMap((gene) => (gene.kind === "continuous" ? [gene.values] : [])),
      field.by,
    );
    return { kind: "continuous", field, values, summary: summarise(values) };
  }
}

/**
 * One number per cell out of several: their mean, or the mean of their z-scores (distance from the gene's mean in standard deviations;
 * a gene that is the same everywhere counts as 0).
 *
 * @param {Float32Array[]} genes @param {ScoreField["by"]} by
 */
export function score(genes, by) {
  const sums = new Float64Array(genes[0]?.length ?? 0);
  for (const values of genes) {
    const { mean, deviation } = by === "z" ? spread(values) : { mean: 0, deviation: 1 };
    if (!deviation) continue;
    for (let cell = 0; cell < sums.length; cell++) {
      sums[cell] = Number(sums[cell]) + (Number(values[cell]) - mean) / deviation;
    }
  }
  return Float32Array.from(sums, (sum) => sum / genes.length);
}

/** Of the values that are numbers. @param {Float32Array} values */
function spread(values) {
  let [count, mean, squares] = [0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count++;
    const away = value - mean;
    mean += away / count;
    squares += away * (value - mean);
  }
  return { mean, deviation: Math.sqrt(squares / Math.max(1, count)) };
}

/**
 * Values that an export folder holds as whole numbers; the largest stands for none.
 *
 * @param {ArrayBuffer} bytes @param {Steps} steps
 */
export function unpack(bytes, { low, high, bits }) {
  const codes = bits === 8 ? new Uint8Array(bytes) : new Uint16Array(bytes);
  const top = 2 ** bits - 2;
  return Float32Array.from(codes, (code) => (code > top ? NaN : low + (code * (high - low)) / top));
}

/**
 * Gathers the parts of a gene that takes long; cells that have none yet have no value. Shows what there is now and then.
 *
 * @param {AnyField} field @param {number} cells @param {(colour: NumberColour) => void} show
 * @returns {((part: Part) => void) | undefined} nothing where values are not as the module sends them
 */
export function gradual(field, cells, show) {
  if (field.axis !== "var" || field.steps) return undefined;
  const values = new Float32Array(cells).fill(NaN);
  let shown = performance.now();
  return ({ start, end, values: part }) => {
    values.set(part, start);
    // Drawing takes time too, and the last part is followed by the whole.
    if (performance.now() - shown < SHOW || end === cells) return;
    const now = values.slice();
    show({ kind: "continuous", field, values: now, summary: summarise(now) });
    shown = performance.now();
  };
}

/**
 * Colours as files write them, by name or number, as `#rrggbb`; undefined where there is none or it is no colour.
 *
 * @param {ArrayBuffer} bytes
 * @returns {Array<string | undefined> | undefined}
 */
function colours(bytes) {
  const list = JSON.parse(new TextDecoder().decode(bytes));
  const pen = document.createElement("canvas").getContext("2d");
  if (!Array.isArray(list) || !pen) return undefined;
  return list.map((text) => {
    // Whatever is no colour leaves the pen as it was: from two starting points that shows.
    const [one, two] = ["#000000", "#ffffff"].map((start) => {
      pen.fillStyle = start;
      pen.fillStyle = String(text);
      return String(pen.fillStyle);
    });
    return one === two && /^#[0-9a-f]{6}$/.test(one ?? "") ? one : opaque(one === two ? one : undefined);
  });
}

/** @param {string | undefined} colour as a pen tells one that is not opaque: rgba(…) */
function opaque(colour) {
  const bands = colour?.match(/\d+/g)?.slice(0, 3).map(Number);
  return bands?.length === 3 ? `#${bands.map((band) => band.toString(16).padStart(2, "0")).join("")}` : undefined;
}

/** The numbers of a column or gene. @param {NumberField | GeneField} field @param {number} cells @param {ArrayBuffer} bytes */
export function decode(field, cells, bytes) {
  check(field, cells, bytes, (field.steps?.bits ?? 32) / 8);
  return field.steps ? unpack(bytes, field.steps) : new Float32Array(bytes);
}

/** @param {Field} field @param {number} cells @param {ArrayBuffer} bytes @param {number} width of a cell, in bytes */
function check({ path }, cells, bytes, width) {
  if (bytes.byteLength === cells * width) return;
  const message = `${bytes.byteLength} bytes where ${cells} cells need ${cells * width}`;
  throw new Fault({ code: "malformed", message, file: path });
}

/** @param {Field} field @param {number} cells @param {ArrayBuffer} bytes @returns {Colour} */
function make(field, cells, bytes) {
  if (field.kind === "continuous") {
    const values = decode(field, cells, bytes);
    return { kind: "continuous", field, values, summary: summarise(values) };
  }
  const wide = bytes.byteLength === 2 * cells;
  check(field, cells, bytes, wide ? 2 : 1);
  const codes = wide ? new Uint16Array(bytes) : new Uint8Array(bytes);
  const { counts, missing } = categories(codes, field.labels.length);
  return { kind: "category", field, codes, counts, missing };
}
