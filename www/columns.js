/**
 * Columns and genes that were read, ready to colour by, the newest kept.
 *
 * @import { Field, Steps } from "./engine/manifest.js"
 * @import { Colour } from "./state.js"
 */
import { Fault } from "./engine/fault.js";
import { categories, summarise } from "./view/colour.js";

/** Bytes kept: thirty genes of a million cells. */
const ROOM = 128 << 20;

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
