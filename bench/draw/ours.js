/** The page's own renderer, by its modules. */

/** @param {HTMLCanvasElement} canvas @param {ReturnType<typeof import("./data.js").clouds>} data */
export default async (canvas, { places, codes, values, groups }) => {
  /** @param {string} name @returns {Promise<any>} */
  const view = (name) => import(`/www/view/${name}.js`);
  const [{ Points }, { software }, { bounds, fit, matrix }, colour, { shuffle }] = await Promise.all(
    ["points", "gpu", "camera", "colour", "order"].map(view),
  );
  const lasso = await view("lasso").catch(() => null);
  const [order, none] = [shuffle(codes.length), new Float32Array(3)];
  const card = () => {
    const { width, height } = canvas;
    const gl = Object.assign(document.createElement("canvas"), { width, height }).getContext("webgl2", {
      antialias: false,
      alpha: false,
    });
    return new Points(gl);
  };
  // As the page does: without a graphics card the processor draws.
  const points = software(card().gl) ? new (await view("plain")).Plain(canvas) : new Points(canvas.getContext("webgl2"));
  const frame = { width: canvas.width, height: canvas.height };
  const box = bounds(places, 2);
  // All see the square from -1 to 1.
  const camera = { ...fit(box, 2, frame), target: [0, 0, 0], reach: 1, home: 1 };
  let ranked = false;
  /** @param {any} points */
  const place = (points) => {
    points.place(places, 2, order);
    points.paint(colour.categories(codes, groups).indices);
    points.tint(colour.categoryPalette(groups, new Set(), "light"));
    points.flag(null, none);
  };
  /** @param {any} points */
  const recolour = (points) => {
    const summary = colour.summarise(values);
    points.paint(colour.quantise(values, summary.range, summary.sparse));
    points.tint(colour.numberPalette("light"));
  };
  /** @param {any} points @param {boolean} ranked */
  const show = (points, ranked) =>
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
      place(points);
      show(points, ranked);
    },
    async recolour() {
      recolour(points);
      ranked = true;
      show(points, ranked);
    },
    async frame() {
      show(points, ranked);
    },
    /** What a graphics card is sent, whoever draws here. @param {() => number} sent so far */
    async card(sent) {
      const points = card();
      place(points);
      show(points, false);
      const before = sent();
      recolour(points);
      show(points, true);
      return sent() - before;
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
