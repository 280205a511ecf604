/**
 * Points without WebGL: a fair sample of them, drawn into a 2D canvas. Slower and coarser, but the cells are there. Has the same face
 * as `Points` and `Picker`.
 *
 * @import { Scene } from "./points.js"
 */
import { WIDTH } from "./colour.js";

/** Points drawn at most. */
const MOST = 50_000;
const MUTED = 63;

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

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  get count() {
    return this.order.length;
  }

  /** @param {Float32Array} coordinates @param {number} axes @param {Uint32Array} order */
  place(coordinates, axes, order) {
    this.#places = coordinates;
    this.#axes = axes;
    this.order = order;
  }

  /** @param {Uint16Array} indices @param {number} [layer] */
  paint(indices, layer = 0) {
    this.#layer(layer).indices = indices;
  }

  /** @param {Uint8Array} palette @param {number} [layer] */
  tint(palette, layer = 0) {
    this.#layer(layer).palette = palette;
  }

  /** @param {number} layers */
  keep(layers) {
    this.#layers.splice(layers);
  }

  /** @param {Uint8Array | null} flags @param {Float32Array} marks */
  flag(flags, marks) {
    this.#flags = flags?.length === this.count ? flags : null;
    this.#marks = marks;
  }

  revive() {}

  /** @param {[number, number, number]} ground */
  blank(ground) {
    if (!this.pen) return;
    this.pen.fillStyle = paint(ground);
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {Scene} scene */
  draw(scene) {
    this.blank(scene.ground);
    const { pen } = this;
    if (!pen) return;
    scene.boxes.forEach(({ left, bottom, width, height }, layer) => {
      const top = this.canvas.height - bottom - height;
      pen.save();
      pen.beginPath();
      pen.rect(left, top, width, height);
      pen.clip();
      pen.translate(left, top);
      const seen = [...this.#shown(scene, layer, width, height)];
      // The nearest last, and what is marked after all others.
      seen.sort((a, b) => a.level - b.level || b.depth - a.depth);
      for (const { cell, x, y, radius, level } of seen) {
        const tone = level === 0 ? scene.muted.map((band) => 255 * band) : this.#tone(layer, cell);
        pen.globalAlpha = level > 1 ? 1 : scene.opacity;
        pen.fillStyle = `rgb(${tone.join(" ")})`;
        pen.beginPath();
        pen.arc(x, y, radius, 0, 7);
        pen.fill();
        if (level < 2) continue;
        pen.strokeStyle = paint(this.#ring(cell, scene));
        pen.lineWidth = 2;
        pen.stroke();
      }
      pen.restore();
    });
  }

  /**
   * The cell nearest to a place within reach of the pointer.
   *
   * @param {Scene} scene @param {number} x @param {number} y from below @param {(cell: number) => void} tell
   */
  ask(scene, x, y, tell) {
    const { width = 1, height = 1 } = scene.boxes[scene.layer] ?? {};
    let [best, found] = [36, -1];
    for (const { cell, x: left, y: top, level } of this.#shown({ ...scene, hovered: -1 }, scene.layer, width, height)) {
      const away = (left - x) ** 2 + (height - top - y) ** 2;
      if (level > 0 && away < best) [best, found] = [away, cell];
    }
    tell(found);
  }

  /** @param {Scene} scene @param {number} layer @param {number} width @param {number} height */
  *#shown(scene, layer, width, height) {
    const m = scene.view;
    const { indices, palette } = this.#layer(layer);
    const count = Math.min(scene.count, MOST);
    for (let at = 0; at < count; at++) {
      const cell = this.order[at] ?? 0;
      const flag = this.#flags?.[cell] ?? 0;
      if (flag & 1 || palette[(indices[cell] ?? 0) * 4 + 3] === 0) continue;
      const from = cell * this.#axes;
      const [x = 0, y = 0, z = 0] = [this.#places[from], this.#places[from + 1], this.#axes === 3 ? this.#places[from + 2] : 0];
      const along = (/** @type {number} */ row) => n(m[row]) * x + n(m[row + 4]) * y + n(m[row + 8]) * z + n(m[row + 12]);
      const w = along(3);
      if (!(w > 0)) continue;
      const muted = flag >> 2 === MUTED;
      const level = muted ? 0 : cell === scene.hovered ? 3 : flag > 1 ? 2 : 1;
      const near = scene.reach > 0 ? Math.min(6, Math.max(0.2, scene.reach / w)) : 1;
      const radius = (scene.size * near) / 2 + (level > 1 ? 1 : 0);
      yield { cell, x: ((along(0) / w + 1) * width) / 2, y: ((1 - along(1) / w) * height) / 2, depth: w, radius, level };
    }
  }

  /** @param {number} layer @param {number} cell */
  #tone(layer, cell) {
    const { indices, palette } = this.#layer(layer);
    const at = (indices[cell] ?? 0) * 4;
    return palette.subarray(at, at + 3);
  }

  /** @param {number} cell @param {Scene} scene */
  #ring(cell, scene) {
    const slot = (this.#flags?.[cell] ?? 0) >> 2;
    return slot > 0 && cell !== scene.hovered ? this.#marks.subarray(3 * slot, 3 * slot + 3) : scene.marker;
  }

  /** @param {number} at */
  #layer(at) {
    this.#layers[at] ??= { indices: new Uint16Array(this.count), palette: new Uint8Array(WIDTH * 4) };
    return this.#layers[at];
  }
}

/** @param {ArrayLike<number>} tone 0 to 1 */
const paint = (tone) => `rgb(${Array.from(tone, (band) => Math.round(255 * band)).join(" ")})`;
/** @param {number | undefined} value */
const n = (value) => value ?? 0;
