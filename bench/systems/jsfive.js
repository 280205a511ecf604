/**
 * jsfive (HDF5 in JavaScript): needs the whole file, and gives whole datasets as arrays of numbers.
 *
 * @import { From, System } from "./types.js"
 */
import { File } from "jsfive";
import { floats, own, Rows, scatter } from "./sparse.js";

/** @returns {System} */
export default () => {
  /** @type {any} */
  let file;
  /** @type {From} */
  let source;
  /** @type {Rows | null} */
  let held = null;
  /** @type {Map<string, number[]>} */
  const read = new Map();
  /** Whole, kept: there is no other way to read a part of it. @param {string} path @returns {number[]} */
  const array = (path) => {
    const known = read.get(path) ?? file.get(path).value;
    read.set(path, known);
    return known;
  };
  const cells = () => file.get("obsm/X_umap").shape[0];
  return {
    async open(from) {
      source = from;
      file = new File(await (await fetch(from.url)).arrayBuffer(), "data.h5");
    },
    async plot() {
      const { value } = file.get("obs/cell_type/codes");
      return {
        points_2d: floats(file.get("obsm/X_umap").value),
        points_3d: floats(file.get("obsm/X_umap_3d").value),
        codes: own(Int8Array.from(value)),
      };
    },
    async gene({ index }) {
      if (source.layout === "dense") {
        const [rows, genes] = file.get("X").shape;
        const all = array("X");
        const out = new Float32Array(rows);
        for (let row = 0; row < rows; row++) out[row] = /** @type {number} */ (all[row * genes + index]);
        return own(out);
      }
      if (source.layout === "csr") {
        held ??= new Rows(array("X/indptr"), array("X/indices"), array("X/data"), file.get("var/_index").shape[0]);
        return held.column(index);
      }
      const starts = array("X/indptr");
      const [from, to] = [starts[index], starts[index + 1]];
      return scatter(array("X/indices").slice(from, to), array("X/data").slice(from, to), cells());
    },
    async prepare() {
      held?.turn();
      read.clear();
    },
  };
};
