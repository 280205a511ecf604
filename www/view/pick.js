/**
 * Which cell is under the pointer: asks whoever draws, waits without blocking, one question at a time, the newest position wins.
 *
 * @import { Points, Scene } from "./points.js"
 *
 * @callback Read
 * @param {Scene} scene @param {number} x device pixels from the left @param {number} y device pixels from below
 * @param {() => boolean} late whether the answer is not wanted any more
 * @returns {Promise<Uint8Array | null>} the cell drawn at each pixel of a window around the place, as `nearest` reads them
 */

/** The window looked at around the pointer, in device pixels: odd, so that it has a middle. */
export const SIDE = 11;

export class Picker {
  /** @type {Read} */
  #read;
  #busy = false;
  /** @type {(() => void) | null} */
  #next = null;
  /** Questions that newer ones do not push aside. @type {Array<() => void>} */
  #kept = [];

  /** @param {Read} read */
  constructor(read) {
    this.#read = read;
  }

  /**
   * @param {Scene} scene
   * @param {number} x device pixels from the left @param {number} y device pixels from below
   * @param {(cell: number) => void} tell the cell, or -1
   * @param {boolean} [keep] answered even if the pointer has moved on: a click
   */
  ask(scene, x, y, tell, keep = false) {
    const run = () => this.#run(scene, x, y, tell, keep);
    if (!this.#busy) run();
    else if (keep) this.#kept.push(run);
    else this.#next = run;
  }

  /** @param {Scene} scene @param {number} x @param {number} y @param {(cell: number) => void} tell @param {boolean} keep */
  async #run(scene, x, y, tell, keep) {
    this.#busy = true;
    try {
      const late = () => !keep && this.#next !== null;
      const bytes = await this.#read(scene, x, y, late);
      if (bytes && (keep || !this.#next)) tell(nearest(bytes, SIDE));
    } finally {
      this.#busy = false;
      const kept = this.#kept.shift();
      const next = kept ?? this.#next;
      if (!kept) this.#next = null;
      next?.();
    }
  }
}

/** Asks the graphics card. @param {Points} points @param {Scene} scene @param {number} x @param {number} y @returns {Promise<Uint8Array | null>} */
export async function asked(points, scene, x, y) {
  const { gl } = points;
  points.number(scene, x, y, SIDE);
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
  gl.bufferData(gl.PIXEL_PACK_BUFFER, SIDE * SIDE * 4, gl.STREAM_READ);
  gl.readPixels(0, 0, SIDE, SIDE, gl.RGBA, gl.UNSIGNED_BYTE, 0);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  gl.flush();
  while (fence && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) {
    await new Promise((resume) => setTimeout(resume, 4));
    if (gl.isContextLost()) return null;
  }
  const out = new Uint8Array(SIDE * SIDE * 4);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
  gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, out);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  gl.deleteBuffer(buffer);
  gl.deleteSync(fence);
  return out;
}

/**
 * The cell drawn nearest to the middle of the window, or -1.
 *
 * @param {Uint8Array} bytes four per pixel, the cell number plus one, low byte first
 * @param {number} side
 */
export function nearest(bytes, side) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const middle = (side - 1) / 2;
  let [best, cell] = [middle * middle + 1, -1];
  for (let at = 0; at < side * side; at++) {
    const id = view.getUint32(at * 4, true);
    const away = ((at % side) - middle) ** 2 + (Math.floor(at / side) - middle) ** 2;
    if (id && away < best) [best, cell] = [away, id - 1];
  }
  return cell;
}
