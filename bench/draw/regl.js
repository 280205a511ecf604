/** regl-scatterplot: places and values in one texture, selection by an index on the processor. */
import createScatterplot from "regl-scatterplot";

/** @param {HTMLCanvasElement} canvas @param {ReturnType<typeof import("./data.js").clouds>} data */
export default async (canvas, { places, codes, values, groups }) => {
  const plot = createScatterplot({
    canvas,
    width: canvas.width,
    height: canvas.height,
    pointSize: 2,
    colorBy: "category",
  });
  const count = codes.length;
  const x = Float32Array.from({ length: count }, (_, at) => /** @type {number} */ (places[2 * at]));
  const y = Float32Array.from({ length: count }, (_, at) => /** @type {number} */ (places[2 * at + 1]));
  const colours = Array.from({ length: groups }, (_, at) => `hsl(${(at * 360) / groups} 70% 50%)`);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const scaled = values.map((value) => value / most);
  return {
    async first() {
      plot.set({ pointColor: colours.map((_, at) => [at / groups, 0.5, 1 - at / groups, 1]) });
      await plot.draw({ x, y, z: Array.from(codes) });
    },
    async recolour() {
      // The index of places can be kept: they are the same.
      plot.set({ colorBy: "value", pointColor: Array.from({ length: 256 }, (_, at) => [at / 255, 0.3, 1 - at / 255, 1]) });
      await plot.draw({ x, y, w: scaled }, { spatialIndex: plot.get("spatialIndex") });
    },
    async frame() {
      plot.redraw();
      // It draws with the browser's next frame.
      for (let at = 0; at < 2; at++) await new Promise((done) => requestAnimationFrame(done));
    },
    /** @param {Array<[number, number]>} corners */
    lasso(corners) {
      plot.lassoSelect(corners, { isGl: true, preventEvent: true });
      return plot.get("selectedPoints").length;
    },
  };
};
