/** The style of what comes with the panels. */
import { element } from "./element.js";

/** Fulfilled when it is there, or cannot be had: what is not styled is still of use. @returns {Promise<unknown>} */
export function sheet() {
  const link = element("link", { rel: "stylesheet", href: new URL("../panels.css", import.meta.url).href });
  const settled = new Promise((done) => {
    link.onload = link.onerror = done;
  });
  document.head.append(link);
  return settled;
}
