/**
 * The outline being drawn: by the pointer, or corner by corner with the keyboard.
 *
 * @import { Corner, Plot } from "./gestures.js"
 */
import { drawing } from "./element.js";

/**
 * @param {HTMLElement} box over the plot @param {Pick<Plot, "tool" | "corners" | "middle" | "project">} plot
 * @returns {{ trace: Plot["trace"], follow: () => void }} shows what the pointer has drawn; and the corners set with the keyboard, where
 * they lie now
 */
export function outline(box, plot) {
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

  /** They stay with the cells while the plot moves. */
  function follow() {
    const [corners, middle, tool] = [plot.corners(), plot.middle(), plot.tool()];
    if (!corners.length && !dots.childElementCount) return;
    dots.replaceChildren();
    if (!middle || !corners.length) return show([], { left: 0, top: 0 }, false);
    const all = tool === "rectangle" ? [...corners.slice(0, 1), middle] : [...corners, middle];
    const shown = all.map(plot.project).filter((corner) => corner !== null);
    show(shown, { left: 0, top: 0 }, tool === "rectangle");
    for (const [x, y] of shown.slice(0, corners.length)) dots.append(drawing("circle", { cx: x, cy: y, r: 4 }));
  }
  return { follow, trace: (corners, corner) => show(corners, corner, plot.tool() === "rectangle") };
}
