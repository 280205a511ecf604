/**
 * Points drawn by the processor, where WebGL is done in software or not at all: a driver takes each point the long way through a
 * graphics card that is not there; here it is a few additions. The pictures are the shaders' (see shaders.js).
 *
 * @import { Cover, Style } from "./covers.js"
 * @import { Scene } from "./points.js"
 * @import { Cells } from "./project.js"
 *
 * @typedef {object} Sheet a picture as far as it is drawn
 * @property {number} width
 * @property {number} height
 * @property {Int32Array} pixels red, green, blue, alpha as bytes, premultiplied; rows from above
 * @property {Float32Array} depth
 * @property {Float32Array | null} sums instead of pixels, for shading by density: sums of colours and covers, four numbers per pixel
 * @property {number} done points of the order that are in it
 */
import { cover } from "./covers.js";
import { ALL, BLOCK, Block, mixed } from "./project.js";

/** Radii are told apart by this part of a pixel. */
const FINE = 16;
/** Milliseconds that looking for the cell under the pointer goes on without a pause. */
const HELD = 12;
/** Points of a larger radius, in such parts, are drawn without lists. */
const LARGE = 8 * FINE;

/**
 * An empty one.
 *
 * @param {number} width @param {number} height
 * @param {{ sum?: boolean, again?: Sheet | undefined }} [how] `again`: one that is not needed any more, the room of which may be used
 * @returns {Sheet}
 */
export function sheet(width, height, { sum = false, again } = {}) {
  const size = width * height;
  if (again && (again.sums !== null) === sum && again.depth.length === size) {
    again.pixels.fill(0);
    again.depth.fill(1);
    again.sums?.fill(0);
    return { ...again, width, height, done: 0 };
  }
  return {
    width,
    height,
    pixels: new Int32Array(sum ? 0 : size),
    depth: new Float32Array(size).fill(1),
    sums: sum ? new Float32Array(4 * size) : null,
    done: 0,
  };
}

export class Stamp {
  #block = new Block();
  /** By radius. @type {Array<Cover | undefined>} */
  #covers = [];
  #made = "";
  /** By layer and part. @type {Map<string, { sheet: Sheet, key: string }>} */
  #kept = new Map();

  /**
   * Points of one plot, but for the hovered one, as many as can be had in the scene's patience; the next call goes on. It is kept:
   * while only the hovered cell changes nothing is drawn anew.
   *
   * @param {Cells} cells @param {Scene} scene
   * @param {{ layer: number, version: number, part?: number, sum?: boolean }} how `version`: another one for other cells
   * @returns {{ sheet: Sheet, whole: boolean }} to be left as it is; whether all is drawn
   */
  picture(cells, scene, { layer, version, part = ALL, sum = false }) {
    const { width = 1, height = 1 } = scene.boxes[layer] ?? {};
    const { view, size, reach, opacity, ranked, ground, marker, muted, count } = scene;
    const key = [version, width, height, ...view, size, reach, opacity, ranked[layer], ground, marker, muted].join();
    const place = `${layer}/${part}/${sum}`;
    let kept = this.#kept.get(place);
    if (kept?.key !== key || kept.sheet.done > count) {
      kept = { key, sheet: sheet(width, height, { sum, again: kept?.sheet }) };
      this.#kept.set(place, kept);
    }
    const whole = this.draw(kept.sheet, cells, { ...scene, hovered: -1 }, { layer, part, patience: scene.patience ?? Infinity });
    return { sheet: kept.sheet, whole };
  }

  /** What is kept of layers from this one on is not needed any more. @param {number} layers */
  keep(layers) {
    for (const place of this.#kept.keys()) if (Number.parseInt(place, 10) >= layers) this.#kept.delete(place);
  }

  /**
   * Goes on where the sheet ends, for a while.
   *
   * @param {Sheet} sheet @param {Cells} cells @param {Scene} scene
   * @param {{ layer: number, part?: number, patience?: number }} how milliseconds of patience
   * @returns {boolean} whether all is drawn
   */
  draw(sheet, cells, scene, { layer, part = ALL, patience = Infinity }) {
    const { width, height, sums } = sheet;
    const orbit = scene.reach > 0;
    const cut = !sums && (orbit || scene.ranked[layer]) ? 0.35 : 0;
    const style = { stride: width, opacity: sums ? 1 : scene.opacity, cut, ball: !sums && orbit };
    const made = JSON.stringify([style, orbit || scene.size]);
    if (made !== this.#made) [this.#covers, this.#made] = [[], made];
    const window = { left: 0, top: 0, width, height };
    const until = performance.now() + patience;
    const end = Math.min(scene.count, cells.order.length);
    while (sheet.done < end) {
      const next = Math.min(end, sheet.done + BLOCK);
      this.#block.fill(cells, scene, { layer, part, least: 1 }, window, sheet.done, next);
      this.#stamp(sheet, style, !orbit);
      sheet.done = next;
      if (performance.now() > until) break;
    }
    return sheet.done >= end;
  }

  /**
   * Which cells are drawn in a window of `side` × `side` pixels around a pixel of the plot. Between slices of the cells hands are not held up.
   *
   * @param {Cells} cells @param {Scene} scene
   * @param {{ x: number, y: number, side: number, late: () => boolean }} how `y` from above; whether the answer is not wanted any more
   * @returns {Promise<Uint8Array | null>} four bytes per pixel, the cell number plus one, low byte first; rows from below
   */
  async number(cells, scene, { x, y, side, late }) {
    const out = new Uint32Array(side * side);
    const depth = new Float32Array(side * side).fill(1);
    const half = (side - 1) / 2;
    const window = { left: x - half, top: y - half, width: side, height: side };
    // No point is so small that it cannot be met.
    const how = { layer: scene.layer, part: ALL, least: 5 };
    const block = this.#block;
    const end = Math.min(scene.count, cells.order.length);
    let until = performance.now() + HELD;
    for (let from = 0; from < end; from += BLOCK) {
      block.fill(cells, { ...scene, hovered: -1 }, how, window, from, Math.min(end, from + BLOCK));
      for (let at = 0; at < block.count; at++) {
        const [left, top, far, z] = [n(block.x[at]), n(block.y[at]), n(block.radius[at]) + 0.5, n(block.depth[at])];
        for (let pixel = 0; pixel < side * side; pixel++) {
          const [column, row] = [pixel % side, side - 1 - Math.floor(pixel / side)];
          if (z > n(depth[pixel]) || Math.hypot(column + 0.5 - left, row + 0.5 - top) > far) continue;
          depth[pixel] = z;
          out[pixel] = block.live[at] ? n(block.cell[at]) + 1 : 0;
        }
      }
      if (performance.now() < until) continue;
      await new Promise((next) => setTimeout(next));
      if (late()) return null;
      until = performance.now() + HELD;
    }
    return new Uint8Array(out.buffer);
  }

  /** The points of the block. @param {Sheet} sheet @param {Style} style @param {boolean} exact radii are few: lists are made for them as they are */
  #stamp(sheet, style, exact) {
    const { width, height, pixels, depth, sums } = sheet;
    const { count, x, y, radius: radii, depth: depths, ink: inks, mark } = this.#block;
    const covers = this.#covers;
    const { ball } = style;
    for (let at = 0; at < count; at++) {
      const radius = n(radii[at]);
      const step = Math.round(radius * FINE);
      const ink = n(inks[at]);
      if (step > LARGE || mark[at] !== 0) {
        disc(sheet, style, { x: n(x[at]), y: n(y[at]), radius, z: n(depths[at]), ink, mark: n(mark[at]) });
        continue;
      }
      let list = covers[step];
      if (!list) {
        list = cover(exact ? radius : step / FINE, style);
        covers[step] = list;
      }
      const { side, steps, from, offset, solid, shade } = list;
      const u = n(x[at]) - list.radius - 1;
      const v = n(y[at]) - list.radius - 1;
      const left = Math.ceil(u) | 0;
      const top = Math.ceil(v) | 0;
      const z = n(depths[at]);
      if (left < 0 || top < 0 || left + side > width || top + side > height) {
        disc(sheet, style, { x: n(x[at]), y: n(y[at]), radius, z, ink, mark: 0 });
        continue;
      }
      const place = (((top - v) * steps) | 0) * steps + (((left - u) * steps) | 0);
      const base = (top * width + left) | 0;
      const end = n(from[place + 1]);
      for (let entry = n(from[place]); entry < end; entry++) {
        const pixel = base + n(offset[entry]);
        const part = n(solid[entry]);
        if (sums) add(sums, pixel, ink, part / 256);
        else if (z <= n(depth[pixel])) {
          depth[pixel] = z;
          const tone = ball ? mixed(BLACK, ink, n(shade[entry])) : ink;
          pixels[pixel] = part === 256 ? tone : mixed(n(pixels[pixel]), tone, part);
        }
      }
    }
  }
}

const BLACK = 255 << 24;

/**
 * One point, pixel by pixel: with a ring, large, or half outside.
 *
 * @param {Sheet} sheet @param {Style} style
 * @param {{ x: number, y: number, radius: number, z: number, ink: number, mark: number }} point
 */
function disc({ width, height, pixels, depth, sums }, { opacity, cut, ball }, { x, y, radius, z, ink, mark }) {
  const far = radius + 0.5;
  const rim = radius - Math.min(2.5, 0.45 * radius + 0.6);
  const [left, right] = [Math.max(0, Math.ceil(x - far - 0.5)), Math.min(width - 1, Math.floor(x + far - 0.5))];
  const [top, bottom] = [Math.max(0, Math.ceil(y - far - 0.5)), Math.min(height - 1, Math.floor(y + far - 0.5))];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const away = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const share = Math.min(1, far - away);
      const pixel = row * width + column;
      if (share <= cut) continue;
      if (sums) add(sums, pixel, ink, share);
      else if (z <= n(depth[pixel])) {
        depth[pixel] = z;
        let tone = ball ? mixed(BLACK, ink, Math.round(256 * (1 - 0.3 * Math.min(1, (away / radius) ** 2)))) : ink;
        if (mark) tone = mixed(tone, mark, Math.round(256 * Math.min(1, Math.max(0, away - rim))));
        pixels[pixel] = mixed(n(pixels[pixel]), tone, Math.round(256 * share * (mark ? 1 : opacity)));
      }
    }
  }
}

/** @param {Float32Array} sums @param {number} pixel @param {number} ink @param {number} share */
function add(sums, pixel, ink, share) {
  const part = share / 255;
  sums[4 * pixel] = n(sums[4 * pixel]) + part * (ink & 255);
  sums[4 * pixel + 1] = n(sums[4 * pixel + 1]) + part * ((ink >>> 8) & 255);
  sums[4 * pixel + 2] = n(sums[4 * pixel + 2]) + part * ((ink >>> 16) & 255);
  sums[4 * pixel + 3] = n(sums[4 * pixel + 3]) + share;
}

/** What the type checker thinks may be missing. @param {number | undefined} value @returns {number} */
const n = (value) => /** @type {number} */ (value);
