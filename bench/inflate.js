/**
 * The module's decoder beside the browser's, on real chunks of the files that are read.
 *
 * @import { Plans } from "./systems/types.js"
 * @import { Inflated } from "./summary.js"
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./browser.js";
import { serve } from "./serve.js";

/** @type {Array<[kind: string, layout: string, part: "points_2d" | "indices" | "data"]>} */
const KINDS = [
  ["embedding", "csc", "points_2d"],
  ["CSC values", "csc", "data"],
  ["CSC rows", "csc", "indices"],
  ["CSR genes", "csr", "indices"],
];
const MOST = 200;

/** @param {string} data @param {string} size of the files, such as 1000000x1000 */
export async function inflating(data, size) {
  const site = await serve(data);
  const { browser } = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${site.url}/page/inflate.html`);
    /** @type {Record<string, Inflated>} */
    const out = {};
    for (const [kind, layout, part] of KINDS) {
      const file = `${size}_${layout}_gzip.h5ad`;
      /** @type {Plans} */
      const plans = JSON.parse(readFileSync(join(data, `${file}.chunks.json`), "utf8"));
      const { at, chunk, item } = plans[part];
      // The last chunk of a row or column may be part of one.
      const chunks = at.filter(([, stored]) => stored > 0).slice(0, Math.min(MOST, at.length - 1));
      const bytes = chunk.reduce((product, length) => product * length, item);
      out[kind] = await page.evaluate(
        (given) => /** @type {any} */ (globalThis).compare(...given),
        /** @type {const} */ ([`/data/${file}`, chunks, bytes]),
      );
    }
    return out;
  } finally {
    await browser.close();
    site.stop();
  }
}
