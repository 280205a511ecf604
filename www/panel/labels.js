/**
 * Names of categories on the plot, each where the middle of its cells lies.
 *
 * @import { CategoryColour, Points } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { matrix, project } from "../view/camera.js";
import { middles } from "../view/middle.js";
import { element, known } from "./element.js";

/** More names than this would only cover the cells. */
const MOST = 60;

/** @param {Store} store */
export function labels(store) {
  const box = known("labels", HTMLElement);
  const canvas = known("plot", HTMLCanvasElement);
  /** @type {Array<{ place: [number, number, number], code: number, tag: HTMLElement }>} */
  let tags = [];

  store.subscribe(["points", "colour", "labels"], ({ points, colour, labels: on }) => {
    tags = on && points && points.dimension > 1 && colour?.kind === "category" ? make(points, colour) : [];
    box.replaceChildren(...tags.map(({ tag }) => tag));
    move();
  });
  store.subscribe(["camera", "hidden"], move);
  // After drawing, so that a plot of another size has its new frame.
  canvas.addEventListener("drawn", move);

  function move() {
    const { camera, hidden } = store.state;
    if (!camera || !tags.length) return;
    const frame = { width: canvas.clientWidth, height: canvas.clientHeight };
    const view = matrix(camera, frame);
    for (const { place, code, tag } of tags) {
      const at = hidden.has(code) ? null : project(view, frame, ...place);
      tag.hidden = !at;
      if (at) tag.style.transform = `translate(${at[0]}px, ${at[1]}px) translate(-50%, -50%)`;
    }
  }
}

/** @param {Points} points @param {CategoryColour} colour */
function make(points, { codes, field, counts }) {
  const largest = [...field.labels.keys()].filter((code) => counts[code]).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  const shown = new Set(largest.slice(0, MOST));
  return middles(points.coordinates, points.dimension, codes, field.labels.length).flatMap((place, code) =>
    place && shown.has(code) ? [{ place, code, tag: element("span", {}, field.labels[code] ?? "") }] : [],
  );
}
