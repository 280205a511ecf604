/**
 * The outline being drawn: by the pointer, or corner by corner with the keyboard.
 *
 * @import { Frame } from "../view/camera.js"
 * @import { Corner } from "./gestures.js"
 * @import { Store } from "../store.js"
 */
import { matrix, project } from "../view/camera.js";
import { drawing, known } from "./element.js";

/**
 * @param {Store} store @param {HTMLCanvasElement} canvas @param {() => Frame} frame
 * @returns {(outline: Array<[number, number]>, corner: Corner) => void} shows what the pointer has drawn
 */
export function outline(store, canvas, frame) {
  const box = known("outline", HTMLElement);
  const line = drawing("path", {});
  const dots = drawing("g", {});
  box.append(drawing("svg", {}, line, dots));

  /** @param {Array<[number, number]>} corners @param {Corner} corner @param {boolean} rectangle */
  function show(corners, { left, top }, rectangle) {
    const [[x1, y1] = [0, 0], [x2, y2] = [0, 0]] = corners;
    const shape =
      rectangle && corners.length === 2
        ? [
            [x1, y1],
            [x2, y1],
            [x2, y2],
            [x1, y2],
          ]
        : corners;
    const path = shape.map(([x = 0, y = 0], at) => `${at ? "L" : "M"}${x + left} ${y + top}`).join("");
    line.setAttribute("d", path && `${path}Z`);
  }

  /** Corners set with the keyboard stay with the cells while the plot moves. */
  function follow() {
    const { outline: corners, camera, tool } = store.state;
    dots.replaceChildren();
    if (!camera || !corners.length) return show([], { left: 0, top: 0 }, false);
    const view = matrix(camera, frame());
    const all = tool === "rectangle" ? [...corners.slice(0, 1), camera.target] : [...corners, camera.target];
    const shown = all.map((corner) => project(view, frame(), ...corner)).filter((corner) => corner !== null);
    show(shown, { left: 0, top: 0 }, tool === "rectangle");
    for (const [x, y] of shown.slice(0, corners.length)) dots.append(drawing("circle", { cx: x, cy: y, r: 4 }));
  }
  store.subscribe(["outline", "camera", "tool"], ({ outline: corners }) => {
    if (corners.length || dots.childElementCount) follow();
  });
  canvas.addEventListener("drawn", () => dots.childElementCount && follow());

  return (corners, corner) => show(corners, corner, store.state.tool === "rectangle");
}
