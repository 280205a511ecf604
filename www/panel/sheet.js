/** The style of what comes with the panels. */
import { element } from "./element.js";

/** In the order in which they count: what is styled twice is so for a reason. */
const SHEETS = [
  new URL("../style/lists.css", import.meta.url),
  new URL("../style/over.css", import.meta.url),
  new URL("../style/tables.css", import.meta.url),
];

/** Fulfilled when it is there, or cannot be had: what is not styled is still of use. @param {URL[]} [sheets] @returns {Promise<unknown>} */
export function sheet(sheets = SHEETS) {
  return Promise.all(
    sheets.map((address) => {
      const link = element("link", { rel: "stylesheet", href: address.href });
      document.head.append(link);
      return new Promise((done) => {
        link.onload = link.onerror = done;
      });
    }),
  );
}
