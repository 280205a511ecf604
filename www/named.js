/**
 * Genes of a dataset by what people call them.
 *
 * @import { GeneField } from "./engine/manifest.js"
 * @import { GeneSet } from "./state.js"
 */

/** Genes by their names, of one dataset. @type {WeakMap<GeneField[], { exact: Map<string, GeneField>, loose: Map<string, GeneField> }>} */
const books = new WeakMap();

/**
 * The gene of a name: as it is written, else whatever the case of its letters.
 *
 * @param {string} name @param {GeneField[]} genes
 */
export function gene(name, genes) {
  let book = books.get(genes);
  if (!book) {
    const exact = new Map(genes.map((one) => [one.key, one]));
    book = { exact, loose: new Map(genes.map((one) => [one.key.toLowerCase(), one])) };
    books.set(genes, book);
  }
  return book.exact.get(name) ?? book.loose.get(name.toLowerCase());
}

/**
 * The genes a text names, each once.
 *
 * @param {string} text @param {GeneField[]} genes
 */
export function named(text, genes) {
  /** @type {Set<GeneField>} */
  const found = new Set();
  /** @type {Set<string>} */
  const missing = new Set();
  for (const name of text.split(/[\s,;|"']+/).filter(Boolean)) {
    const one = gene(name, genes);
    if (one) found.add(one);
    else missing.add(name);
  }
  return { found: [...found], missing: [...missing] };
}

/** Genes of a set that the dataset has, each once. @param {GeneSet} set @param {GeneField[]} all */
export function present({ genes }, all) {
  return [...new Set(genes.map(({ symbol }) => gene(symbol, all)).filter((one) => one !== undefined))];
}
