/**
 * Gene sets as files: the table that CELLxGENE takes, a gene a row, and GMT, a set a line.
 *
 * @import { GeneSet } from "./state.js"
 */
import { Fault } from "./engine/fault.js";
import { sound } from "./geneset.js";
import { csv } from "./table.js";

const HEAD = ["gene_set_name", "gene_set_description", "gene_symbol", "gene_description"];
/** Bytes of a file at most: all of MSigDB has a sixth of it. */
const LARGEST = 64 << 20;
const ADVICE = `A table begins with the line ${HEAD.join(",")}, and has a gene in each row. A GMT file has a set in each line: name, description and genes, between tabs.`;

/** @param {File} file @returns {Promise<GeneSet[]>} */
export async function read(file) {
  if (file.size > LARGEST) throw refuse("limit", `${file.size.toLocaleString()} bytes are more than gene sets take`, file.name);
  return parse(await file.text(), file.name);
}

/** @param {string} text @param {string} name of the file @returns {GeneSet[]} */
export function parse(text, name) {
  const body = text.replace(/^\uFEFF/, "");
  const first = body.split(/\r?\n/).find((line) => line.trim() && !line.startsWith("#")) ?? "";
  const heads = /\bgene_set_name\b/.test(first);
  const found = heads ? fromTable(rows(body, first.includes("\t") ? "\t" : ",", name), name) : fromLines(body);
  if (!found.length) throw refuse("malformed", heads ? "the table has no gene set" : "these are no gene sets", name);
  return found;
}

/** @param {string[][]} table @param {string} name */
function fromTable(table, name) {
  const head = (table.shift() ?? []).map((one) => one.trim());
  const [set, about, symbol, told] = HEAD.map((one) => head.indexOf(one));
  if (set === undefined || set < 0 || symbol === undefined || symbol < 0)
    throw refuse("malformed", `the table has no column "gene_symbol": it has ${head.join(", ")}`, name);
  /** @type {Map<string, GeneSet>} */
  const found = new Map();
  for (const row of table) {
    const [own = "", gene = ""] = [row[set]?.trim(), row[symbol]?.trim()];
    if (!own) continue;
    const one = found.get(own) ?? { name: own, description: "", genes: [] };
    one.description ||= row[about ?? -1] ?? "";
    if (gene) one.genes.push({ symbol: gene, description: row[told ?? -1] ?? "" });
    found.set(own, one);
  }
  return sound([...found.values()]);
}

/** @param {string} text */
function fromLines(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() && !line.startsWith("#"));
  const parts = lines.map((line) => line.split("\t"));
  // Whatever else has lines is not taken for sets.
  if (!parts.every(({ length }) => length >= 3)) return [];
  return sound(
    parts.map(([name, description, ...genes]) => ({
      name,
      description,
      genes: genes.map((symbol) => ({ symbol, description: "" })),
    })),
  );
}

/**
 * A table as text, in parts: what is in quotes may hold anything. Lines that begin with # are remarks.
 *
 * @param {string} text @param {string} between @param {string} name of the file
 */
function rows(text, between, name) {
  const out = [];
  /** @type {string[]} */
  let row = [];
  const part = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${between}\r\n][^${between}\r\n]*|))(${between}|\r?\n|\r|$)`, "gy");
  while (part.lastIndex < text.length) {
    if (!row.length && text[part.lastIndex] === "#") {
      const end = text.indexOf("\n", part.lastIndex);
      part.lastIndex = end < 0 ? text.length : end + 1;
      continue;
    }
    const found = part.exec(text);
    if (!found) throw refuse("malformed", `row ${out.length + 1} of the table has a quotation mark without its twin`, name);
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === between) continue;
    if (row.some((one) => one.trim())) out.push(row);
    row = [];
  }
  if (row.length) out.push(row);
  return out;
}

/** @param {GeneSet[]} sets */
export function table(sets) {
  const lines = sets.flatMap(({ name, description, genes }) =>
    (genes.length ? genes : [{ symbol: "", description: "" }]).map((gene) => [name, description, gene.symbol, gene.description]),
  );
  return csv([HEAD, ...lines]);
}

/** @param {GeneSet[]} sets */
export function lines(sets) {
  const plain = (/** @type {string} */ text) => text.replace(/[\t\r\n]+/g, " ");
  return sets
    .map(({ name, description, genes }) => `${[name, description, ...genes.map(({ symbol }) => symbol)].map(plain).join("\t")}\n`)
    .join("");
}

/** @param {import("./engine/messages.js").Code} code @param {string} message @param {string} file */
const refuse = (code, message, file) => new Fault({ code, message, file, advice: ADVICE });
