/**
 * One renderer in one page: how long until what it drew is there, how much it sends to the graphics driver and puts on a canvas, what a
 * lasso finds.
 */
import { clouds, inside, ring } from "../draw/data.js";

const WAYS = ["bufferData", "bufferSubData", "texImage2D", "texSubImage2D"];
const SIDE = 900;
let [sent, put] = [0, 0];
for (const context of [WebGLRenderingContext, WebGL2RenderingContext]) {
  const prototype = /** @type {any} */ (context.prototype);
  for (const way of WAYS) {
    const kept = prototype[way];
    prototype[way] = function (/** @type {any[]} */ ...args) {
      sent += args.reduce((sum, arg) => sum + (ArrayBuffer.isView(arg) || arg instanceof ArrayBuffer ? arg.byteLength : 0), 0);
      return kept.apply(this, args);
    };
  }
}

const pens = /** @type {any} */ (CanvasRenderingContext2D.prototype);
const { putImageData } = pens;
pens.putImageData = function (/** @type {any[]} */ ...args) {
  put += args[0].data.byteLength;
  return putImageData.apply(this, args);
};

/** @param {string} name @param {number} count */
async function draw(name, count) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SIDE, SIDE];
  document.body.append(canvas);
  const data = clouds(count);
  const { default: make } = await import(name === "ours" ? "../draw/ours.js" : `/web/draw/${name}.js`);
  const renderer = await make(canvas, data);
  // regl-scatterplot draws elsewhere and copies; to ask for the wrong context would take the canvas from it.
  const gl = name === "regl" ? null : canvas.getContext("webgl2");
  const pen = gl ? null : canvas.getContext("2d");
  const finish = () => {
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    pen?.getImageData(0, 0, 1, 1);
  };
  /** Until the pixels are there: the driver draws later than it is told to. @param {() => Promise<void>} work */
  const timed = async (work) => {
    [sent, put] = [0, 0];
    const begun = performance.now();
    await work();
    const told = performance.now() - begun;
    finish();
    return { ms: performance.now() - begun, told, sent, put };
  };
  const first = await timed(() => renderer.first());
  const pixels = await coloured(canvas, renderer);
  const frame = await timed(() => renderer.frame());
  const recolour = await timed(() => renderer.recolour());
  let lasso = null;
  if (renderer.lasso) {
    const corners = ring();
    const times = [];
    let found = 0;
    // More than once: what is run once is not compiled.
    for (let time = 0; time < 5; time++) {
      const begun = performance.now();
      found = renderer.lasso(corners);
      times.push(performance.now() - begun);
    }
    times.sort((a, b) => a - b);
    lasso = { ms: times[2], found, wanted: inside(data.places, corners) };
  }
  const card = await renderer.card?.(() => sent);
  return { first, frame, recolour, card, lasso, pixels };
}

/** How much of the canvas is not ground. @param {HTMLCanvasElement} canvas @param {{ frame: () => Promise<void> }} renderer */
async function coloured(canvas, renderer) {
  await renderer.frame();
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (copy.getContext("2d"));
  pen.drawImage(canvas, 0, 0);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 4; at < data.length; at += 4) if (data[at] !== data[0] || data[at + 1] !== data[1]) count++;
  return count / (canvas.width * canvas.height);
}

Object.assign(globalThis, { draw });
