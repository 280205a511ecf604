/** The page's own renderer, by its modules. */

/** @param {HTMLCanvasElement} canvas @param {ReturnType<typeof import("./data.js").clouds>} data */
export default async (canvas, { places, codes, values, groups }) => {
  /** @param {string} name @returns {Promise<any>} */
  const view = (name) => import(`/www/view/${name}.js`);
  const [{ Points }, { software }, { bounds, fit, matrix }, colour, { shuffle }] = await Promise.all(
    ["points", "gpu", "camera", "colour", "order"].map(view),
  );
  const lasso = await view("lasso").catch(() => null);
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false });
  const points = new Points(gl);
  // As the page does: without a graphics card the processor draws.
  if (software(gl)) points.own = new (await view("own")).Own(gl);
  const frame = { width: canvas.width, height: canvas.height };
  const box = bounds(places, 2);
  // All see the square from -1 to 1.
  const camera = { ...fit(box, 2, frame), target: [0, 0, 0], reach: 1, home: 1 };
  let ranked = false;
  const draw = () =>
    points.draw({
      view: matrix(camera, frame),
      size: 2,
      reach: 0,
      opacity: 1,
      ranked: [ranked],
      hovered: -1,
      ground: [1, 1, 1],
      marker: [0, 0, 0],
      muted: [0.8, 0.8, 0.8],
      boxes: [{ left: 0, bottom: 0, ...frame }],
      layer: 0,
      strokes: null,
      count: codes.length,
    });
  return {
    async first() {
      points.place(places, 2, shuffle(codes.length));
      points.paint(colour.categories(codes, groups).indices);
      points.tint(colour.categoryPalette(groups, new Set(), "light"));
      points.flag(null, new Float32Array(3));
      draw();
    },
    async recolour() {
      const summary = colour.summarise(values);
      points.paint(colour.quantise(values, summary.range, summary.sparse));
      points.tint(colour.numberPalette("light"));
      ranked = true;
      draw();
    },
    async frame() {
      draw();
    },
    ...(lasso && {
      /** @param {Array<[number, number]>} corners */
      lasso(corners) {
        // As a pointer draws them.
        const outline = corners.map(([x, y]) => [((x + 1) * frame.width) / 2, ((1 - y) * frame.height) / 2]);
        return lasso.inside(places, 2, matrix(camera, frame), frame, outline).length;
      },
    }),
  };
};
