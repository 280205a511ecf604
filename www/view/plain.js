/**
 * The plot without WebGL, or where WebGL is software: all of it drawn by the processor, and put on a 2D canvas: lines between cells,
 * points over them (see stamp.js), the hovered one, lines of a vector field. Has the same face as `Points`. Nothing is handed to a
 * graphics driver but the picture, whatever the number of cells.
 *
 * @import { Box, Scene } from "./points.js"
 * @import { Cells } from "./project.js"
 * @import { Sheet } from "./stamp.js"
 * @typedef {{ key: string, pairs: Uint32Array, pixels: Int32Array, done: number }} Under lines between cells, as far as they are drawn, on the ground
 */
import { WIDTH } from "./colour.js";
import { shaded } from "./dense.js";
import { SIDE } from "./pick.js";
import { DULL, PLAIN, packed, RAISED } from "./project.js";
import { along, between } from "./segments.js";
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
  /** Counts changes of what is drawn; and of where and whether it is. */
  #version = 0;
  #shape = 0;
  /** By layer. @type {Under[]} */
  #under = [];
  /** What was made of sums, by layer. @type {Array<{ sheet: Sheet, key: string, pixels: Int32Array }>} */
  #shaded = [];
  /** @type {Sheet | undefined} */
  #over;
  /** @type {ImageData | undefined} */
  #image;

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
    this.#shape++;
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
    this.#under.splice(layers);
    this.#shaded.splice(layers);
    this.#stamp.keep(layers);
  }

  /** @param {Uint8Array | null} flags @param {Float32Array} marks */
  flag(flags, marks) {
    this.#flags = flags?.length === this.count ? flags : null;
    this.#marks = marks;
    this.#version++;
    this.#shape++;
  }

  revive() {}

  /** @param {[number, number, number]} ground */
  blank(ground) {
    if (!this.pen) return;
    this.pen.fillStyle = `rgb(${ground.map((band) => Math.round(255 * band)).join(" ")})`;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {Scene} given @returns {boolean} whether all is drawn, see `patience` */
  draw(given) {
    this.blank(given.ground);
    let all = true;
    if (!this.pen || !this.count) return all;
    // Patience is had once, by whatever is not there yet, not by each part of each plot.
    const until = performance.now() + (given.patience ?? Infinity);
    const left = () => Math.max(0, until - performance.now());
    const scene = Object.defineProperty({ ...given }, "patience", { get: left, enumerable: true });
    for (const [layer, box] of scene.boxes.entries()) {
      const { left, bottom, width, height } = box;
      const image = this.#image?.width === width && this.#image.height === height ? this.#image : new ImageData(width, height);
      this.#image = image;
      const pixels = new Int32Array(image.data.buffer);
      const made = { ...box, pixels };
      all = this.#lines(made, scene, layer) && all;
      all = this.#points(made, scene, layer) && all;
      if (scene.hovered >= 0) {
        const one = { ...this.#cells(layer), order: Uint32Array.of(scene.hovered) };
        this.#over = sheet(width, height, { again: this.#over });
        this.#stamp.draw({ ...this.#over, pixels }, one, scene, { layer });
      }
      if (scene.strokes?.field.length) along(made, scene.strokes.field, scene);
      this.pen.putImageData(image, left, this.canvas.height - bottom - height);
    }
    return all;
  }

  /** What lies below the points. @param {Box & { pixels: Int32Array }} made @param {Scene} scene @param {number} layer */
  #lines({ pixels, width, height }, { patience = Infinity, ...scene }, layer) {
    const ground = packed(scene.ground, 0);
    const { pairs } = scene.strokes ?? {};
    if (!pairs?.length) {
      pixels.fill(ground);
      return true;
    }
    const end = Math.ceil((pairs.length / 2) * (scene.count / this.count));
    const key = [this.#shape, width, height, ...scene.view, ground, scene.marker].join();
    let under = this.#under[layer];
    if (under?.key !== key || under.pairs !== pairs || under.done > end) {
      under = { key, pairs, pixels: new Int32Array(width * height).fill(ground), done: 0 };
      this.#under[layer] = under;
    }
    const how = { pairs, done: under.done, end, patience };
    under.done = between({ width, height, pixels: under.pixels }, this.#cells(layer), scene, how);
    pixels.set(under.pixels);
    return under.done >= end;
  }

  /** @param {Box & { pixels: Int32Array }} made @param {Scene} scene @param {number} layer */
  #points({ pixels }, scene, layer) {
    const cells = this.#cells(layer);
    const version = this.#version;
    if (!scene.density) {
      const { sheet, whole } = this.#stamp.picture(cells, scene, { layer, version });
      lay(pixels, sheet.pixels);
      return whole;
    }
    const dull = this.#flags && this.#stamp.picture(cells, scene, { layer, version, part: DULL });
    if (dull) lay(pixels, dull.sheet.pixels);
    const crowd = this.#stamp.picture(cells, scene, { layer, version, part: PLAIN, sum: true });
    lay(pixels, this.#shade(crowd.sheet, scene, layer));
    const raised = this.#flags && this.#stamp.picture(cells, scene, { layer, version, part: RAISED });
    if (raised) lay(pixels, raised.sheet.pixels);
    return crowd.whole && dull?.whole !== false && raised?.whole !== false;
  }

  /** Kept while its sums are. @param {Sheet} sheet @param {Scene} scene @param {number} layer */
  #shade(sheet, { opacity }, layer) {
    const key = [sheet.done, opacity].join();
    let kept = this.#shaded[layer];
    if (kept?.key !== key || kept.sheet !== sheet) {
      kept = { key, sheet, pixels: shaded(sheet, opacity) };
      this.#shaded[layer] = kept;
    }
    return kept.pixels;
  }

  /** As `Picker` asks for them. @type {import("./pick.js").Read} */
  async read(scene, x, y, late) {
    const { height = 1 } = scene.boxes[scene.layer] ?? {};
    const where = { x: Math.round(x), y: height - 1 - Math.round(y), side: SIDE, late };
    return this.#stamp.number(this.#cells(scene.layer), scene, where);
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

/** Premultiplied colours over solid ones. @param {Int32Array} ground @param {Int32Array} above */
function lay(ground, above) {
  for (let at = 0; at < ground.length; at++) {
    const tone = /** @type {number} */ (above[at]);
    const alpha = tone >>> 24;
    if (alpha === 255) ground[at] = tone;
    else if (alpha) ground[at] = over(/** @type {number} */ (ground[at]), tone, 255 - alpha);
  }
}

/** @param {number} ground @param {number} above @param {number} left of the ground, 0 to 255 */
function over(ground, above, left) {
  let out = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const band = ((above >>> shift) & 255) + Math.round((((ground >>> shift) & 255) * left) / 255);
    out |= Math.min(255, band) << shift;
  }
  return out;
}
