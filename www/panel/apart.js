/** The style of parts that a person opens: loaded with the first of them. */
import { element } from "./element.js";

/** @type {Promise<unknown> | null} */
let there = null;

/** Fulfilled when it is there, or cannot be had. @returns {Promise<unknown>} */
export function apart() {
  there ??= new Promise((done) => {
    const link = element("link", { rel: "stylesheet", href: new URL("../apart.css", import.meta.url).href });
    link.onload = link.onerror = done;
    document.head.append(link);
  });
  return there;
}
