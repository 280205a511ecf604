/**
 * Points without WebGL: the processor's picture of them (see stamp.js), put on a 2D canvas. Has the same face as `Points` and `Picker`.
 *
 * @import { Scene } from "./points.js"
 * @import { Cells } from "./project.js"
 */
import { WIDTH } from "./colour.js";
import { nearest, SIDE } from "./pick.js";
import { packed } from "./project.js";
import { Stamp, sheet } from "./stamp.js";

export class Plain {
  /** @type {Uint32Array} */
  order = new Uint32Array();
  /** @type {Float32Array} */
  #places = new Float32Array();
  #axes = 2;
  /** @type {Array<{ indices: Uint16Array, palette: Uint8Array }>} */
  #layers = [];
  /** @type {Uint8Array | null} */
  #flags = null;
  /** @type {Float32Array} */
  #marks = new Float32Array(3);
  #stamp = new Stamp();
  /** Counts changes of what is drawn. */
  #version = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
  }

  get count() {
    return this.order.length;
  }

  /** @param {Float32Array} coordinates @param {number} axes @param {Uint32Array} order */
  place(coordinates, axes, order) {
    this.#places = coordinates;
    this.#axes = axes;
    this.order = order;
    if (this.#flags?.length !== order.length) this.#flags = null;
    this.#version++;
  }

  /** @param {Uint16Array} indices @param {number} [layer] */
  paint(indices, layer = 0) {
    this.#layer(layer).indices = indices;
    this.#version++;
  }

  /** @param {Uint8Array} palette @param {number} [layer] */
  tint(palette, layer = 0) {
    this.#layer(layer).palette = palette;
    this.#version++;
  }

  /** @param {number} layers */
  keep(layers) {
    this.#layers.splice(layers);
  }

  /** @param {Uint8Array | null} flags @param {Float32Array} marks */
  flag(flags, marks) {
    this.#flags = flags?.length === this.count ? flags : null;
    this.#marks = marks;
    this.#version++;
  }

  revive() {}

  /** @param {[number, number, number]} ground */
  blank(ground) {
    if (!this.pen) return;
    this.pen.fillStyle = `rgb(${ground.map((band) => Math.round(255 * band)).join(" ")})`;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {Scene} scene @returns {boolean} whether all is drawn, see `patience` */
  draw(scene) {
    this.blank(scene.ground);
    let all = true;
    if (!this.pen || !this.count) return all;
    const ground = packed(scene.ground, 0);
    for (const [layer, { left, bottom, width, height }] of scene.boxes.entries()) {
      const cells = this.#cells(layer);
      const { sheet: made, whole } = this.#stamp.picture(cells, scene, layer, this.#version);
      all &&= whole;
      const image = new ImageData(width, height);
      const pixels = new Int32Array(image.data.buffer);
      for (let at = 0; at < pixels.length; at++) pixels[at] = over(ground, /** @type {number} */ (made.pixels[at]));
      if (scene.hovered >= 0) {
        const one = { ...cells, order: Uint32Array.of(scene.hovered) };
        this.#stamp.draw({ ...sheet(width, height), pixels }, one, scene, { layer });
      }
      this.pen.putImageData(image, left, this.canvas.height - bottom - height);
    }
    return all;
  }

  /**
   * The cell nearest to a place, as `Picker` finds it.
   *
   * @param {Scene} scene @param {number} x @param {number} y from below @param {(cell: number) => void} tell
   */
  ask(scene, x, y, tell) {
    const { height = 1 } = scene.boxes[scene.layer] ?? {};
    const at = /** @type {const} */ ([Math.round(x), height - 1 - Math.round(y)]);
    tell(nearest(this.#stamp.number(this.#cells(scene.layer), scene, ...at, SIDE), SIDE));
  }

  /** @param {number} layer @returns {Cells} */
  #cells(layer) {
    const [places, axes, order, flags, marks] = [this.#places, this.#axes, this.order, this.#flags, this.#marks];
    return { places, axes, order, flags, marks, ...this.#layer(layer) };
  }

  /** @param {number} at */
  #layer(at) {
    this.#layers[at] ??= { indices: new Uint16Array(this.count), palette: new Uint8Array(WIDTH * 4) };
    const one = this.#layers[at];
    if (one.indices.length !== this.count) one.indices = new Uint16Array(this.count);
    return one;
  }
}

/** A premultiplied colour over a solid one. @param {number} ground @param {number} above */
function over(ground, above) {
  const alpha = above >>> 24;
  if (alpha === 0) return ground;
  if (alpha === 255) return above;
  const left = 255 - alpha;
  let out = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const band = ((above >>> shift) & 255) + Math.round((((ground >>> shift) & 255) * left) / 255);
    out |= Math.min(255, band) << shift;
  }
  return out;
}
