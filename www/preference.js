/**
 * Which field to colour by at first: the one a person would most likely choose.
 *
 * @import { CategoryField, NumberField } from "./engine/manifest.js"
 */

/** Names that mean "what kind of cell is this", best first. */
const TELLING = [
  /cell.?type|celltype|cell.?label|annotation|labels?$/i,
  /cluster|leiden|louvain|seurat/i,
  /phase|lineage|state|stage/i,
];

/** @param {Array<CategoryField | NumberField>} fields */
export function preferred(fields) {
  // Labels that are not counted before they are read may be few, where the name says so.
  const may = fields.filter((field) => field.kind === "category" && (field.count ?? 2) > 1 && (field.count ?? 2) <= 100);
  const few = may.filter((field) => field.kind === "category" && field.count !== null);
  for (const name of TELLING) {
    const found = may.find(({ key }) => name.test(key));
    if (found) return found;
  }
  return few[0] ?? fields[0] ?? null;
}
