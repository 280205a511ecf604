/** What gene sets are. @import { GeneSet } from "./state.js" */

/** Gene sets of a kind that can be used, whatever was given. @param {unknown} given @returns {GeneSet[]} */
export function sound(given) {
  /** @type {Map<string, GeneSet>} */
  const found = new Map();
  for (const one of Array.isArray(given) ? given : []) {
    const [name, description] = [text(one?.name), text(one?.description)];
    /** @type {Map<string, string>} */
    const genes = new Map();
    for (const gene of Array.isArray(one?.genes) ? one.genes : []) {
      if (text(gene?.symbol)) genes.set(text(gene.symbol), text(gene.description));
    }
    if (name) found.set(name, { name, description, genes: [...genes].map(([symbol, told]) => ({ symbol, description: told })) });
  }
  return [...found.values()];
}

/** Sets with others, which win where names are alike. @param {GeneSet[]} before @param {GeneSet[]} others @returns {GeneSet[]} */
export function joined(before, others) {
  const all = new Map(before.map((one) => [one.name, one]));
  for (const one of others) all.set(one.name, one);
  return [...all.values()];
}

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value.trim() : "");
