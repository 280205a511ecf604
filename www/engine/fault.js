/**
 * An error with its place and its advice, as every part of the page throws and shows it.
 *
 * @import { Code, Failure } from "./messages.js"
 */

export class Fault extends Error {
  /** @param {Failure} failure */
  constructor({ code, message, file, object, offset, advice }) {
    super(message);
    this.name = "Fault";
    /** @type {Code} */
    this.code = code;
    this.file = file;
    this.object = object;
    this.offset = offset;
    this.advice = advice;
    /** What can be done in spite of it, as the label of a button. @type {string | undefined} */
    this.way = undefined;
  }

  /** Any thrown value as a fault: the page has no other kind of error to show. @param {unknown} error */
  static from(error) {
    if (error instanceof Fault) return error;
    const message = error instanceof Error ? error.message : String(error);
    const cancelled = error instanceof Error && error.name === "AbortError";
    return new Fault({ code: cancelled ? "cancelled" : "malformed", message });
  }
}

export const cancelled = () => new Fault({ code: "cancelled", message: "cancelled" });
