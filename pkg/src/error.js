/** Every error that the package throws: a code, a place, and what can be done. @import { Code } from "../../src/wasm/types.js" */

export class CellucidError extends Error {
  /** @override */
  name = /** @type {const} */ ("CellucidError");

  /** @param {{ code: Code, message: string, advice?: string, file?: string, object?: string, offset?: number }} told */
  constructor({ code, message, advice = "", file, object, offset }) {
    super(message);
    this.code = code;
    this.advice = advice;
    this.file = file;
    this.object = object;
    this.offset = offset;
  }

  /** @param {any} error */
  static from(error) {
    if (error instanceof CellucidError) return error;
    const { name, code, message, advice, file, object, offset } = error ?? {};
    const cancelled = name === "AbortError" ? "cancelled" : "malformed";
    return new CellucidError({ code: code ?? cancelled, message: message ?? String(error), advice, file, object, offset });
  }
}
