/** three.js: one Points object with a colour per vertex. It has no lasso. */
import { BufferAttribute, BufferGeometry, OrthographicCamera, Points, PointsMaterial, Scene, WebGLRenderer } from "three";

/** @param {HTMLCanvasElement} canvas @param {ReturnType<typeof import("./data.js").clouds>} data */
export default async (canvas, { places, codes, values, groups }) => {
  const renderer = new WebGLRenderer({ canvas, antialias: false });
  renderer.setSize(canvas.width, canvas.height, false);
  const camera = new OrthographicCamera(-1, 1, 1, -1, 0.1, 10);
  camera.position.z = 1;
  const scene = new Scene();
  const count = codes.length;
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  /** @param {(cell: number) => number} step 0 to 1 */
  const colours = (step) => {
    const out = new Uint8Array(3 * count);
    for (let at = 0; at < count; at++) out.set([255 * step(at), 90, 255 - 255 * step(at)], 3 * at);
    return new BufferAttribute(out, 3, true);
  };
  const geometry = new BufferGeometry();
  return {
    async first() {
      const where = new Float32Array(3 * count);
      for (let at = 0; at < count; at++) where.set(places.subarray(2 * at, 2 * at + 2), 3 * at);
      geometry.setAttribute("position", new BufferAttribute(where, 3));
      geometry.setAttribute(
        "color",
        colours((at) => (codes[at] ?? 0) / groups),
      );
      scene.add(new Points(geometry, new PointsMaterial({ size: 2, sizeAttenuation: false, vertexColors: true })));
      renderer.render(scene, camera);
    },
    async recolour() {
      geometry.setAttribute(
        "color",
        colours((at) => (values[at] ?? 0) / most),
      );
      renderer.render(scene, camera);
    },
    async frame() {
      renderer.render(scene, camera);
    },
  };
};
