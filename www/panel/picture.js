/**
 * The plot with its legend as a drawing: points as an image or as shapes, everything else as lines and text. A PNG is that drawing,
 * painted.
 *
 * @import { Colour, State } from "../state.js"
 * @import { View } from "./plot.js"
 */
import { choosable } from "../select.js";
import { distance, matrix } from "../view/camera.js";
import { css, missing, ramp } from "../view/colour.js";
import { places } from "../view/places.js";
import { short } from "../words.js";
import { drawing, known } from "./element.js";
import { part, shade, toner } from "./paint.js";
import { scheme } from "./theme.js";

/** More shapes than this make a file that other programs choke on. */
export const SHAPES = 30_000;
const LINE = 18;
const SIDE = 220;
/** Categories named in a legend. */
const MOST = 60;
export const FONT = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif";

/**
 * @param {State} state @param {View} view @param {{ shapes: boolean, scale: number }} how
 * @returns {Promise<SVGSVGElement>}
 */
export async function draw(state, view, { shapes, scale }) {
  const { image, width, height } = await view.snap(scale);
  const canvas = known("plot", HTMLCanvasElement);
  const style = getComputedStyle(canvas);
  const ink = style.color;
  const panes = [{ colour: state.colour, hidden: state.hidden, range: state.range }, ...state.panes];
  const legends = panes.flatMap(({ colour, hidden, range }) => (colour ? [legend(state, colour, hidden, range, ink)] : []));
  const tall = Math.max(height + 40, 56 + legends.reduce((sum, one) => sum + one.height + 16, 0));
  const svg = drawing("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width: width + SIDE,
    height: tall,
    viewBox: `0 0 ${width + SIDE} ${tall}`,
    "font-family": FONT,
    "font-size": 12,
  });
  svg.append(drawing("rect", { width: "100%", height: "100%", fill: style.backgroundColor }));
  svg.append(text(16, 26, state.dataset?.name ?? "", { "font-size": 15, "font-weight": 600, fill: ink }));
  const body = drawing("g", { transform: "translate(0 40)" });
  if (shapes) for (const [at, pane] of panes.entries()) body.append(points(state, pane, places(panes.length, width, height)[at]));
  else body.append(drawing("image", { width, height, href: await address(image) }));
  if (state.panes.length) {
    for (const [at, { colour }] of panes.entries()) {
      const { left = 0, top = 0 } = places(panes.length, width, height)[at] ?? {};
      body.append(text(left + 12, top + 20, colour?.field.key ?? "", { "font-weight": 600, fill: ink }));
    }
  }
  body.append(...names(canvas, ink, style.backgroundColor));
  svg.append(body);
  let y = 40;
  for (const one of legends) {
    one.drawn.setAttribute("transform", `translate(${width + 16} ${y})`);
    svg.append(one.drawn);
    y += one.height + 16;
  }
  return svg;
}

/** @param {SVGSVGElement} svg */
export const source = (svg) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}\n`;

/** @param {SVGSVGElement} svg @param {number} scale @returns {Promise<Blob>} */
export async function png(svg, scale) {
  const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: (width ?? 1) * scale, height: (height ?? 1) * scale });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const made = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!(made instanceof Blob)) throw new Error("the browser could not make a picture of that size");
  return made;
}

/** @param {Blob} blob @returns {Promise<string>} */
function address(blob) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
}

/**
 * @param {State} state @param {{ colour: Colour | null, hidden: ReadonlySet<number>, range: [number, number] }} pane
 * @param {import("../view/places.js").Place} [place]
 */
function points(state, { colour, hidden, range }, place = { left: 0, top: 0, width: 1, height: 1 }) {
  const group = drawing("g", { transform: `translate(${place.left} ${place.top})` });
  const { points: shown, camera, opacity } = state;
  if (!shown || !camera) return group;
  const m = matrix(camera, place);
  const cells = shown.drawn.length / shown.axes;
  const room = Math.sqrt((place.width * place.height) / Math.max(1, cells));
  const size = Math.min(8, Math.max(1.5, 0.5 * room)) * (camera.home / camera.reach) ** 0.4 * state.size;
  const tone = shade(colour, range, state, scheme());
  const can = choosable({ ...state, colour, hidden });
  const found = [];
  for (let cell = 0; cell < cells; cell++) {
    if (!can(cell)) continue;
    const at = cell * shown.axes;
    const [x, y, z] = [shown.drawn[at] ?? 0, shown.drawn[at + 1] ?? 0, shown.axes === 3 ? (shown.drawn[at + 2] ?? 0) : 0];
    const along = (/** @type {number} */ row) =>
      (m[row] ?? 0) * x + (m[row + 4] ?? 0) * y + (m[row + 8] ?? 0) * z + (m[row + 12] ?? 0);
    const w = along(3);
    const [left, top] = [((along(0) / w + 1) * place.width) / 2, ((1 - along(1) / w) * place.height) / 2];
    if (!(w > 0 && left >= 0 && top >= 0 && left <= place.width && top <= place.height)) continue;
    const near = camera.mode === "orbit" ? Math.min(6, Math.max(0.2, distance(camera) / w)) : 1;
    const rank = colour?.kind === "continuous" ? (colour.values[cell] ?? 0) : 0;
    found.push({ left, top, radius: (size * near) / 2, fill: css(tone(cell)), depth: w, rank });
  }
  // As on the plot: what is nearer, or higher, lies in front.
  found.sort((a, b) => (camera.mode === "orbit" ? b.depth - a.depth : a.rank - b.rank));
  group.setAttribute("fill-opacity", String(opacity));
  for (const { left, top, radius, fill } of found) {
    group.append(drawing("circle", { cx: left.toFixed(1), cy: top.toFixed(1), r: radius.toFixed(2), fill }));
  }
  return group;
}

/** Names as they lie on the plot. @param {HTMLCanvasElement} canvas @param {string} ink @param {string} ground */
function names(canvas, ink, ground) {
  const { left, top } = canvas.getBoundingClientRect();
  return [...document.querySelectorAll("#labels span:not([hidden])")].map((one) => {
    const box = one.getBoundingClientRect();
    return text(box.left - left + box.width / 2, box.top - top + box.height / 2 + 4, one.textContent ?? "", {
      "text-anchor": "middle",
      "font-weight": 650,
      fill: ink,
      stroke: ground,
      "stroke-width": 3,
      "paint-order": "stroke",
    });
  });
}

/** @param {State} state @param {Colour} colour @param {ReadonlySet<number>} hidden @param {[number, number]} range @param {string} ink */
export function legend(state, colour, hidden, range, ink) {
  const drawn = drawing("g", { fill: ink });
  drawn.append(text(0, 14, clip(colour.field.key, 30), { "font-weight": 600, "font-size": 13 }));
  if (colour.kind === "continuous") {
    const steps = 64;
    const { ramp: choice } = state;
    for (let step = 0; step < steps; step++) {
      const value = range[0] + ((step + 0.5) / steps) * (range[1] - range[0]);
      const fill = css(ramp(part(value, range, choice.log), scheme(), choice));
      drawn.append(drawing("rect", { x: (step * 180) / steps, y: 24, width: 180 / steps + 0.5, height: 12, fill }));
    }
    drawn.append(text(0, 50, short(range[0]), {}), text(180, 50, short(range[1]), { "text-anchor": "end" }));
    return { drawn, height: 56 };
  }
  const tone = toner(colour, state.tones);
  const codes = [...colour.field.labels.keys()].filter((code) => !hidden.has(code) && colour.counts[code]);
  if (colour.missing && !hidden.has(-1)) codes.push(-1);
  codes.slice(0, MOST).forEach((code, at) => {
    const y = 32 + at * LINE;
    drawn.append(drawing("circle", { cx: 6, cy: y - 4, r: 5, fill: css(code < 0 ? missing(scheme()) : tone(code)) }));
    drawn.append(text(18, y, clip(code < 0 ? "no value" : (colour.field.labels[code] ?? ""), 30), {}));
  });
  const left = codes.length - MOST;
  if (left > 0) drawn.append(text(18, 32 + MOST * LINE, `and ${left} more`, {}));
  return { drawn, height: 32 + LINE * Math.min(codes.length, MOST + 1) };
}

/** @param {number} x @param {number} y @param {string} content @param {Record<string, string | number>} more */
export const text = (x, y, content, more) => drawing("text", { x, y, ...more }, content);
/** @param {string} content @param {number} most */
export const clip = (content, most) => (content.length > most ? `${content.slice(0, most - 1)}…` : content);
