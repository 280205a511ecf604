/**
 * Names of categories on the plot, each where the middle of its cells lies.
 *
 * @import { CategoryColour, Points } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { matrix, project } from "../view/camera.js";
import { middles } from "../view/middle.js";
import { element, known } from "./element.js";

/** Height of a name. */
const LINE = 15;
/** More names than this would only cover the cells. */
const MOST = 60;

/** @param {Store} store */
export function labels(store) {
  const box = known("labels", HTMLElement);
  const canvas = known("plot", HTMLCanvasElement);
  /** The largest category first. @type {Array<{ place: [number, number, number], code: number, tag: HTMLElement, width: number }>} */
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
    /** @type {Array<{ x: number, y: number, width: number }>} */
    const taken = [];
    for (const one of tags) {
      const { place, code, tag } = one;
      tag.hidden = false;
      // Measured once: a name keeps its width.
      one.width ||= tag.offsetWidth;
      const at = hidden.has(code) ? null : project(view, frame, ...place);
      const [x, y] = at ?? [0, 0];
      const { width } = one;
      // Of names that would cover each other, that of the larger category stays.
      const free = taken.every((other) => Math.abs(other.y - y) > LINE || Math.abs(other.x - x) * 2 > other.width + width);
      tag.hidden = !at || !free;
      if (tag.hidden) continue;
      taken.push({ x, y, width });
      tag.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    }
  }
}

/** @param {Points} points @param {CategoryColour} colour */
function make(points, { codes, field, counts }) {
  const largest = [...field.labels.keys()].filter((code) => counts[code]).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  const places = middles(points.coordinates, points.dimension, codes, field.labels.length);
  return largest.slice(0, MOST).flatMap((code) => {
    const place = places[code];
    return place ? [{ place, code, tag: element("span", {}, field.labels[code] ?? ""), width: 0 }] : [];
  });
}
