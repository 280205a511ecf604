/**
 * Columns and genes that were read, ready to colour by, the newest kept.
 *
 * @import { Field, Steps } from "./engine/manifest.js"
 * @import { Part } from "./engine/messages.js"
 * @import { Colour, NumberColour } from "./state.js"
 */
import { Fault } from "./engine/fault.js";
import { categories, summarise } from "./view/colour.js";

/** Bytes kept: thirty genes of a million cells. */
const ROOM = 128 << 20;
/** Milliseconds between two looks at a gene on its way. */
const SHOW = 250;

export class Columns {
  /** In order of use, the newest last. @type {Map<string, Colour>} */
  #held = new Map();

  /**
   * @param {Field} field
   * @param {number} cells
   * @param {(path: string) => Promise<ArrayBuffer>} read
   * @returns {Promise<Colour>}
   */
  async colour(field, cells, read) {
    const colour = this.#held.get(field.path) ?? make(field, cells, await read(field.path));
    this.#held.delete(field.path);
    this.#held.set(field.path, colour);
    let room = ROOM;
    for (const [path, { kind, ...rest }] of [...this.#held].reverse()) {
      room -= "values" in rest ? rest.values.byteLength : rest.codes.byteLength;
      if (room < 0 && path !== field.path) this.#held.delete(path);
    }
    return colour;
  }
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
 * @param {Field} field @param {number} cells @param {(colour: NumberColour) => void} show
 * @returns {((part: Part) => void) | undefined} nothing where values are not as the module sends them
 */
export function gradual(field, cells, show) {
  if (field.kind !== "continuous" || field.steps) return undefined;
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

/** @param {Field} field @param {number} cells @param {ArrayBuffer} bytes @returns {Colour} */
function make(field, cells, bytes) {
  const width = field.kind === "continuous" ? (field.steps?.bits ?? 32) / 8 : field.wide ? 2 : 1;
  if (bytes.byteLength !== cells * width) {
    const message = `${bytes.byteLength} bytes where ${cells} cells need ${cells * width}`;
    throw new Fault({ code: "malformed", message, file: field.path });
  }
  if (field.kind === "continuous") {
    const values = field.steps ? unpack(bytes, field.steps) : new Float32Array(bytes);
    return { kind: "continuous", field, values, summary: summarise(values) };
  }
  const codes = field.wide ? new Uint16Array(bytes) : new Uint8Array(bytes);
  const { counts, missing } = categories(codes, field.labels.length);
  return { kind: "category", field, codes, counts, missing };
}
