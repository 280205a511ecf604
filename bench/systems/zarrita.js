/**
 * zarrita.js over its own HTTP store, metadata from the store's consolidated copy where there is one.
 *
 * @import { From, System } from "./types.js"
 */
import * as zarr from "zarrita";
import { own, Rows, scatter } from "./sparse.js";

/** @returns {System} */
export default () => {
  /** @type {any} */
  let root;
  /** @type {From} */
  let source;
  /** @type {Rows | null} */
  let held = null;
  /** @type {Map<string, Promise<any>>} */
  const opened = new Map();
  /** @param {string} path */
  const array = (path) => {
    const known = opened.get(path) ?? zarr.open(root.resolve(path), { kind: "array" });
    opened.set(path, known);
    return known;
  };
  /** @param {string} path @param {any} [selection] */
  const values = async (path, selection) => /** @type {any} */ ((await zarr.get(await array(path), selection)).data);
  return {
    async open(from) {
      source = from;
      const store = new zarr.FetchStore(new URL(from.url, location.href).href);
      root = zarr.root(await zarr.withMaybeConsolidatedMetadata(store));
    },
    async plot() {
      const paths = ["obsm/X_umap", "obsm/X_umap_3d", "obs/cell_type/codes"];
      const [points_2d, points_3d, codes] = await Promise.all(paths.map(async (path) => own(await values(path))));
      return /** @type {any} */ ({ points_2d, points_3d, codes });
    },
    async gene({ index }) {
      if (source.layout === "dense") return own(await values("X", [null, index]));
      if (source.layout === "csr") {
        if (!held) {
          const parts = await Promise.all(["X/indptr", "X/indices", "X/data"].map((path) => values(path)));
          held = new Rows(parts[0], parts[1], parts[2], (await array("var/_index")).shape[0]);
        }
        return held.column(index);
      }
      const [from, to] = await values("X/indptr", [zarr.slice(index, index + 2)]);
      const span = [zarr.slice(from, to)];
      const [rows, found] = await Promise.all([values("X/indices", span), values("X/data", span)]);
      return scatter(rows, found, (await array("obsm/X_umap")).shape[0]);
    },
    async genes(genes) {
      return Promise.all(genes.map((gene) => this.gene(gene)));
    },
    async prepare() {
      held?.turn();
    },
  };
};
