/** What keys and pointer do on the plot, for who asks: the same as what is told to screen readers, and the gestures. */
import { element } from "./element.js";

/** @type {Array<[string, Array<[string, string]>]>} */
const ALL = [
  [
    "Looking",
    [
      ["Drag, or arrow keys", "move the plot, or turn it in 3D"],
      ["Shift with either", "the other of the two"],
      ["Wheel, + and −", "zoom"],
      ["0", "show everything"],
    ],
  ],
  [
    "Cells",
    [
      ["Point at a cell, or Enter", "name the cell; Enter the one in the middle"],
      ["L, R", "lasso, rectangle: drag; or Space sets a corner in the middle, Enter selects"],
      ["N", "neighbours of a cell along the graph"],
      ["V", "back to moving"],
      ["A, Ctrl A", "select what is in view, everything"],
      ["Shift, Alt, both", "while selecting: add, take out, keep what is in both"],
      ["I", "select the others"],
      ["Escape", "select nothing"],
    ],
  ],
  [
    "Scatter plot",
    [
      ["Drag", "a rectangle; with L a lasso"],
      ["Drag with the right button", "move it"],
      ["Everything else", "as above"],
    ],
  ],
  [
    "Everywhere",
    [
      ["Ctrl Z, Ctrl Y", "take back, do again"],
      ["Double click, Alt Enter", "in the legend: this category alone"],
      ["?", "this list"],
    ],
  ],
];

/** Opens the list; it closes with Escape. */
export function help() {
  const close = element("button", { className: "quiet icon", "aria-label": "Close", title: "Close" }, "×");
  const box = element(
    "dialog",
    { id: "help", className: "sheet", "aria-labelledby": "help-title" },
    element("div", { className: "top" }, element("h2", { id: "help-title" }, "Keys and gestures"), close),
    ...ALL.flatMap(([title, rows]) => [
      element("h3", {}, title),
      element(
        "dl",
        {},
        ...rows.flatMap(([keys, what]) => [element("dt", {}, element("kbd", {}, keys)), element("dd", {}, what)]),
      ),
    ]),
  );
  close.addEventListener("click", () => box.close());
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}
