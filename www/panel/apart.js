/** The style of parts that a person opens: loaded with the first of them. */
import { sheet } from "./sheet.js";

/** @type {Promise<unknown> | null} */
let there = null;

/** Fulfilled when it is there, or cannot be had. @returns {Promise<unknown>} */
export function apart() {
  there ??= sheet([new URL("../style/apart.css", import.meta.url)]);
  return there;
}
