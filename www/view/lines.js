/**
 * Lines in the plot: those between neighbours lie below the points, those of a vector field above.
 *
 * @import { Points, Scene } from "./points.js"
 */
import { program } from "./gpu.js";

/** Lines between cells: a cell that is hidden or left out takes its lines with it. */
const BETWEEN = `#version 300 es
layout(location = 0) in vec3 place;
layout(location = 2) in uint flag;
uniform mat4 view;
out float gone;
void main() {
  gl_Position = view * vec4(place, 1.0);
  gone = (flag & 1u) != 0u || (flag >> 2u) == 63u ? 1.0 : 0.0;
}`;
const FAINT = `#version 300 es
precision highp float;
uniform vec3 ink;
uniform float strength;
in float gone;
out vec4 pixel;
void main() {
  if (gone > 0.0) discard;
  pixel = vec4(ink * strength, strength);
}`;
const ALONG = `#version 300 es
layout(location = 0) in vec4 place; // the last number is how strong
uniform mat4 view;
uniform vec2 shift;                 // lines are one pixel wide: drawn again beside themselves they are two
out float strong;
void main() {
  gl_Position = view * vec4(place.xyz, 1.0);
  gl_Position.xy += shift * gl_Position.w;
  strong = place.w;
}`;
const STRONG = `#version 300 es
precision highp float;
uniform vec3 ink;
in float strong;
out vec4 pixel;
void main() { pixel = vec4(ink * strong, strong); }`;

/** How strong a line between cells is. Many are drawn faintly: where they are dense they add up. @param {number} count of their ends */
export const faint = (count) => Math.max(0.02, Math.min(0.25, 900 / count ** 0.9));

/** What is drawn, and how a graphics card does it; how the processor does is in segments.js. */
export class Lines {
  /** Two cells each, in an order of which any beginning is a fair sample. @type {Uint32Array} */
  pairs = new Uint32Array();
  /** Four numbers per end of a line: place and strength. @type {Float32Array} */
  field = new Float32Array();
  /** @type {ReturnType<typeof build> | null} */
  #parts = null;
  #sent = false;

  /** @param {Uint32Array} pairs */
  edges(pairs) {
    this.pairs = pairs;
    this.#sent = false;
  }

  /** @param {Float32Array} ends */
  flow(ends) {
    this.field = ends;
    this.#sent = false;
  }

  /** Builds everything again after the context came back. */
  revive() {
    this.#parts = null;
    this.#sent = false;
  }

  /** @param {Points} points @param {Scene} scene */
  below({ gl, parts, count: all }, scene) {
    const count = this.pairs.length;
    if (!count) return;
    const { between, pairs } = this.#ready(gl);
    const { program, at } = between;
    gl.useProgram(program);
    gl.bindVertexArray(parts.cells);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, pairs);
    gl.disable(gl.DEPTH_TEST);
    gl.uniformMatrix4fv(at("view"), false, scene.view);
    gl.uniform3fv(at("ink"), scene.marker);
    gl.uniform1f(at("strength"), faint(count));
    const share = scene.count / Math.max(1, all);
    gl.drawElements(gl.LINES, 2 * Math.ceil((count / 2) * share), gl.UNSIGNED_INT, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, parts.order);
  }

  /** @param {Points} points @param {Scene} scene */
  above({ gl }, scene) {
    const count = this.field.length / 4;
    if (!count) return;
    const { along, ends } = this.#ready(gl);
    const { program, at } = along;
    gl.useProgram(program);
    gl.bindVertexArray(ends);
    gl.disable(gl.DEPTH_TEST);
    gl.uniformMatrix4fv(at("view"), false, scene.view);
    gl.uniform3fv(at("ink"), scene.marker);
    const { width, height } = scene.boxes[0] ?? { width: 1, height: 1 };
    for (const [x, y] of [
      [0, 0],
      [1, 0],
      [0, 1],
    ]) {
      gl.uniform2f(at("shift"), ((x ?? 0) * 2) / width, ((y ?? 0) * 2) / height);
      gl.drawArrays(gl.LINES, 0, count);
    }
  }

  /** @param {WebGL2RenderingContext} gl */
  #ready(gl) {
    this.#parts ??= build(gl);
    const { ends, flow, pairs } = this.#parts;
    if (this.#sent) return this.#parts;
    this.#sent = true;
    gl.bindVertexArray(ends);
    gl.bindBuffer(gl.ARRAY_BUFFER, flow);
    gl.bufferData(gl.ARRAY_BUFFER, this.field, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 4, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, pairs);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, this.pairs, gl.STATIC_DRAW);
    return this.#parts;
  }
}

/** @param {WebGL2RenderingContext} gl */
function build(gl) {
  return {
    between: program(gl, BETWEEN, FAINT),
    along: program(gl, ALONG, STRONG),
    ends: gl.createVertexArray(),
    flow: gl.createBuffer(),
    pairs: gl.createBuffer(),
  };
}
