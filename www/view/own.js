/**
 * Points drawn by the processor onto a WebGL canvas whose WebGL is software: the picture of each plot is made here (see stamp.js), sent
 * as one, and laid over what is there.
 *
 * @import { Box, Scene } from "./points.js"
 * @import { Cells } from "./project.js"
 * @import { Sheet } from "./stamp.js"
 */
import { program, table } from "./gpu.js";
import { PLAIN } from "./project.js";
import { Stamp, sheet } from "./stamp.js";

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;

const LAY = `#version 300 es
precision highp float;
uniform highp sampler2D picture; // rows from above
uniform ivec2 corner;
out vec4 pixel;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy) - corner;
  pixel = texelFetch(picture, ivec2(at.x, textureSize(picture, 0).y - 1 - at.y), 0);
}`;

export class Own {
  #stamp = new Stamp();

  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.gl = gl;
    this.parts = build(gl);
  }

  /** Builds everything again after the context came back. */
  revive() {
    this.parts = build(this.gl);
  }

  /**
   * Draws the points of a plot over what is there.
   *
   * @param {Cells} cells @param {Scene} scene @param {number} layer @param {number} version another one for other cells
   * @returns {boolean} whether all is drawn, see `patience`
   */
  draw(cells, scene, layer, version) {
    const { sheet, whole } = this.#stamp.picture(cells, scene, layer, version);
    this.#lay(sheet, scene.boxes[layer]);
    return whole;
  }

  /**
   * Only some of the points, all at once: around what density.js draws, and the sums that it asks for.
   *
   * @param {Cells} cells @param {Scene} scene @param {number} layer @param {number | "sum"} part
   */
  some(cells, scene, layer, part) {
    const { width = 1, height = 1 } = scene.boxes[layer] ?? {};
    const some = sheet(width, height, { sum: part === "sum" });
    this.#stamp.draw(some, cells, { ...scene, hovered: -1 }, { layer, part: part === "sum" ? PLAIN : part });
    this.#lay(some, scene.boxes[layer]);
  }

  /** As `Picker` asks for them. @param {Cells} cells @param {Scene} scene @param {number} x @param {number} y from below @param {number} side */
  number(cells, scene, x, y, side) {
    const { height = 1 } = scene.boxes[scene.layer] ?? {};
    return this.#stamp.number(cells, scene, Math.round(x), height - 1 - Math.round(y), side);
  }

  /** @param {Sheet} sheet @param {Box} [box] */
  #lay({ width, height, pixels, sums }, { left, bottom } = { left: 0, bottom: 0, width, height }) {
    const { gl } = this;
    const { lay, nothing, picture, sum } = this.parts;
    gl.bindTexture(gl.TEXTURE_2D, sums ? sum : picture);
    if (sums) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, sums);
    else {
      const bytes = new Uint8Array(pixels.buffer);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    }
    gl.useProgram(lay.program);
    gl.uniform2i(lay.at("corner"), left, bottom);
    gl.bindVertexArray(nothing);
    gl.disable(gl.DEPTH_TEST);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

/** @param {WebGL2RenderingContext} gl */
function build(gl) {
  return { lay: program(gl, VERTEX, LAY), nothing: gl.createVertexArray(), picture: table(gl), sum: table(gl) };
}
