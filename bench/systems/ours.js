/**
 * This project, as the page uses it: through the engine and its worker.
 *
 * @import { Gene, System } from "./types.js"
 */

/** @returns {Promise<System>} */
export default async () => {
  // By address: the page's own files as they are served.
  const { Engine } = await import(/** @type {string} */ ("/www/engine/client.js"));
  const engine = new Engine();
  /** @param {string} path @returns {Promise<ArrayBuffer>} */
  const read = (path) => engine.read(path);
  /** @param {Gene} gene */
  const path = ({ name }) => `var/${name}.values.f32`;
  return {
    async open({ url, file }) {
      await engine.open(file ?? new URL(url, location.href).href, {});
    },
    async plot() {
      const paths = ["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"];
      const [points_2d, points_3d, codes] = await Promise.all(paths.map(read));
      return /** @type {any} */ ({ points_2d, points_3d, codes });
    },
    gene: (gene, partial) => engine.read(path(gene), partial ? { partial } : {}),
    genes: (genes) => (engine.readMany ? engine.readMany(genes.map(path)) : Promise.all(genes.map(path).map(read))),
    manifests: () => Promise.all(["obs_manifest.json", "var_manifest.json"].map(read)),
    async close() {
      engine.close();
    },
  };
};
