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
  const few = fields.filter((field) => field.kind === "category" && field.labels.length > 1 && field.labels.length <= 100);
  for (const name of TELLING) {
    const found = few.find(({ key }) => name.test(key));
    if (found) return found;
  }
  return few[0] ?? fields[0] ?? null;
}
