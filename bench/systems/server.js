/**
 * The reference's server: everything is ready-made on the other side.
 *
 * @import { System } from "./types.js"
 */

/** @returns {System} */
export default () => {
  let base = "";
  /** @param {string} path */
  const get = async (path) => {
    const reply = await fetch(`${base}${path}`);
    if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
    return reply.arrayBuffer();
  };
  return {
    async open({ url }) {
      base = url;
    },
    async plot() {
      const paths = ["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"];
      const [points_2d, points_3d, codes] = await Promise.all(paths.map(get));
      return /** @type {any} */ ({ points_2d, points_3d, codes });
    },
    gene: ({ name }) => get(`var/${name}.values.f32`),
    genes: (genes) => Promise.all(genes.map(({ name }) => get(`var/${name}.values.f32`))),
    manifests: () => Promise.all([get("obs_manifest.json"), get("var_manifest.json")]),
  };
};
