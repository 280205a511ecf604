/**
 * Lines in the plot: those between neighbours lie below the points, those of a vector field above.
 *
 * @import { Points, Scene } from "./points.js"
 * @typedef {Points["parts"]} Parts
 * @typedef {{ below: (parts: Parts, scene: Scene) => void, above: (scene: Scene) => void, revive: () => void }} Strokes
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

/** @implements {Strokes} */
export class Lines {
  /** @type {Uint32Array} */
  #pairs = new Uint32Array();
  /** @type {Float32Array} */
  #flow = new Float32Array();

  /** @param {Points} points */
  constructor(points) {
    this.points = points;
    this.gl = points.gl;
    this.parts = build(this.gl);
  }

  /** @param {Uint32Array} pairs two cells each, in an order of which any beginning is a fair sample */
  edges(pairs) {
    this.#pairs = pairs;
    this.#upload();
  }

  /** @param {Float32Array} ends four numbers per end: place and strength */
  flow(ends) {
    this.#flow = ends;
    this.#upload();
  }

  revive() {
    this.parts = build(this.gl);
    this.#upload();
  }

  /** @param {Parts} parts @param {Scene} scene */
  below(parts, scene) {
    const { gl } = this;
    const count = this.#pairs.length;
    if (!count) return;
    const { program, at } = this.parts.between;
    gl.useProgram(program);
    gl.bindVertexArray(parts.cells);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.parts.pairs);
    gl.disable(gl.DEPTH_TEST);
    gl.uniformMatrix4fv(at("view"), false, scene.view);
    gl.uniform3fv(at("ink"), scene.marker);
    // Many lines are drawn faintly: where they are dense they add up.
    gl.uniform1f(at("strength"), Math.max(0.02, Math.min(0.25, 900 / count ** 0.9)));
    const share = scene.count / Math.max(1, this.points.count);
    gl.drawElements(gl.LINES, 2 * Math.ceil((count / 2) * share), gl.UNSIGNED_INT, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, parts.order);
  }

  /** @param {Scene} scene */
  above(scene) {
    const { gl } = this;
    const count = this.#flow.length / 4;
    if (!count) return;
    const { program, at } = this.parts.along;
    gl.useProgram(program);
    gl.bindVertexArray(this.parts.ends);
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

  #upload() {
    const { gl } = this;
    gl.bindVertexArray(this.parts.ends);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.parts.flow);
    gl.bufferData(gl.ARRAY_BUFFER, this.#flow, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 4, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.parts.pairs);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, this.#pairs, gl.STATIC_DRAW);
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
