/**
 * h5wasm (HDF5's own library in WebAssembly), three ways of giving it a file: `lazy` is the documented way by address (ranges of a
 * mebibyte by synchronous requests), `whole` copies the file into its file system first, `workerfs` mounts a local file.
 *
 * @import { From, Gene, System } from "./types.js"
 */
import h5wasm from "h5wasm";
import { own, Rows, scatter } from "./sparse.js";

/** @param {"lazy" | "whole" | "workerfs"} way @returns {System} */
export default (way) => {
  /** @type {any} */
  let file;
  /** @type {Rows | null} */
  let held = null;
  /** @type {From} */
  let source;
  /** @param {string} path */
  const array = (path) => file.get(path);
  const genes = () => array("var/_index").shape[0];
  const cells = () => array("obsm/X_umap").shape[0];

  /** @param {Gene} gene */
  function column({ index }) {
    if (source.layout === "dense") return own(array("X").slice([[], [index, index + 1]]));
    if (source.layout === "csr") {
      held ??= new Rows(array("X/indptr").value, array("X/indices").value, array("X/data").value, genes());
      return held.column(index);
    }
    const [from, to] = array("X/indptr").slice([[index, index + 2]]);
    return scatter(array("X/indices").slice([[from, to]]), array("X/data").slice([[from, to]]), cells());
  }

  return {
    async load() {
      await h5wasm.ready;
    },
    async open(from) {
      source = from;
      const { FS } = await h5wasm.ready;
      if (way === "lazy") FS.createLazyFile("/", "data.h5", new URL(from.url, location.href).href, true, false);
      if (way === "whole") {
        const whole = from.file ? await from.file.arrayBuffer() : await (await fetch(from.url)).arrayBuffer();
        FS.writeFile("data.h5", new Uint8Array(whole));
      }
      if (way === "workerfs") {
        FS.mkdir("/here");
        FS.mount(FS.filesystems.WORKERFS, { files: [from.file] }, "/here");
      }
      file = new h5wasm.File(way === "workerfs" ? `/here/${from.file?.name}` : "data.h5", "r");
    },
    async plot() {
      return {
        points_2d: own(array("obsm/X_umap").value),
        points_3d: own(array("obsm/X_umap_3d").value),
        codes: own(array("obs/cell_type/codes").value),
      };
    },
    gene: async (gene) => column(gene),
    async prepare() {
      held?.turn();
    },
  };
};
