/**
 * What hands do on the first plot: gestures and keys in, patches out.
 *
 * @import { Data } from "../load.js"
 * @import { Store } from "../store.js"
 * @import { View } from "./plot.js"
 */
import { choosable, select } from "../select.js";
import { enclosed } from "../view/lasso.js";
import { asked, Picker } from "../view/pick.js";
import { Points } from "../view/points.js";
import { known } from "./element.js";
import { CLOSER, gestures } from "./gestures.js";
import { keys, steps } from "./keys.js";
import { outline } from "./outline.js";
import { steer } from "./steer.js";

/** @param {Store} store @param {Data} data @param {View} view */
export function hands(store, data, { painter, frame, where, scene, ratio, home }) {
  const canvas = known("plot", HTMLCanvasElement);
  const picker = new Picker((scene, x, y, late) => {
    const now = painter();
    return now instanceof Points ? asked(now, scene, x, y) : now.read(scene, x, y, late);
  });
  const moved = steer({
    camera: () => store.state.camera,
    look: (camera) => store.patch({ camera, hover: null }),
    frame,
  });
  const shape = {
    ...moved,
    tool: () => store.state.tool,
    corners: () => store.state.outline,
  };
  const { trace, follow } = outline(known("outline", HTMLElement), shape);
  /** @type {import("./gestures.js").Plot} */
  const own = {
    ...shape,
    trace,
    frame,
    home,
    mark: (corners, notice) => store.patch({ outline: corners, ...(notice && { notice }) }),
    corner(x, y) {
      const { width, height } = frame();
      return (
        where().find(({ left, top }) => x >= left && y >= top && x < left + width && y < top + height) ?? { left: 0, top: 0 }
      );
    },
    pick(x, y, corner, then) {
      const made = scene();
      if (!made) return;
      const layer = Math.max(
        0,
        where().findIndex(({ left, top }) => left === corner.left && top === corner.top),
      );
      const tell = (/** @type {number} */ cell) => {
        const hover = cell < 0 ? null : { cell, x: x + corner.left, y: y + corner.top };
        if (hover || store.state.hover) store.patch({ hover });
        then?.(cell);
      };
      picker.ask({ ...made, layer }, x * ratio(), (frame().height - y) * ratio(), tell, then !== undefined);
    },
    async enclose(outline, source, how) {
      const { points } = store.state;
      const matrix = moved.view();
      if (!points || !matrix) return;
      const { drawn: coordinates, axes } = points;
      const found = await enclosed({ coordinates, axes, matrix, frame: frame(), outline, counts: choosable(store.state) });
      // Other cells, or elsewhere, were not meant.
      if (store.state.points === points) select(store, found, source, how);
    },
    async near(cell, how) {
      const found = await data.near(cell);
      if (found) select(store, found, "knn", how);
    },
  };
  store.subscribe(["outline", "camera", "tool"], follow);
  canvas.addEventListener("drawn", follow);
  gestures(store, canvas, own);
  keys(store, canvas, own);
  steps(store);
  known("closer", HTMLButtonElement).addEventListener("click", () => own.zoom(CLOSER));
  known("away", HTMLButtonElement).addEventListener("click", () => own.zoom(1 / CLOSER));
  known("whole", HTMLButtonElement).addEventListener("click", home);
}
