/**
 * Points on WebGL2. Typed arrays in, pixels out; nothing moves until `draw` is called. The arrays are kept, so that a lost context is
 * built again from them.
 *
 * @typedef {object} Scene
 * @property {Float32Array} view matrix from data to clip space
 * @property {number} size device pixels of a point at the target
 * @property {number} reach distance to the target, 0 in flat mode
 * @property {number} opacity
 * @property {boolean} ranked flat points with higher values lie in front
 * @property {number} hovered cell number, -1 for none
 * @property {[number, number, number]} ground colour behind the points, 0 to 1
 * @property {[number, number, number]} marker colour of the ring around hovered and selected points, 0 to 1
 * @property {number} count how many points of the draw order
 */
import { WIDTH } from "./colour.js";
import { COLOUR, NUMBER, VERTEX } from "./shaders.js";

export class Points {
  /** @type {Float32Array} */
  #places = new Float32Array();
  #dimension = 3;
  /** @type {Uint32Array} */
  #order = new Uint32Array();
  /** @type {Uint16Array} */
  #indices = new Uint16Array();
  /** @type {Uint8Array} */
  #palette = new Uint8Array(WIDTH * 4);
  /** @type {Uint8Array | null} */
  #flags = null;
  /** @type {Float32Array} */
  #marks = new Float32Array(3);

  /**
   * @param {WebGL2RenderingContext} gl
   */
  constructor(gl) {
    this.gl = gl;
    this.parts = build(gl);
  }

  /** The draw order: kept while the cells stay the same. */
  get order() {
    return this.#order;
  }

  /** How many points there are. */
  get count() {
    return this.#order.length;
  }

  /**
   * @param {Float32Array} coordinates two or three numbers per cell
   * @param {number} dimension
   * @param {Uint32Array} order
   */
  place(coordinates, dimension, order) {
    this.#places = coordinates;
    this.#dimension = dimension;
    this.#order = order;
    this.#uploadPlaces();
    if (this.#indices.length !== order.length) {
      this.paint(new Uint16Array(order.length));
      this.flag(null, this.#marks);
    }
  }

  /** @param {Uint16Array} indices one per cell */
  paint(indices) {
    this.#indices = indices;
    this.#uploadIndices();
  }

  /** @param {Uint8Array} rgba rows of 256 colours */
  tint(rgba) {
    this.#palette = rgba;
    this.#uploadPalette();
  }

  /**
   * @param {Uint8Array | null} flags one per cell, as flags.js makes them; null for none
   * @param {Float32Array} marks colours of the highlights
   */
  flag(flags, marks) {
    this.#flags = flags?.length === this.count ? flags : null;
    this.#marks = marks;
    this.#uploadFlags();
  }

  /** Builds everything again after the context came back. */
  revive() {
    this.parts = build(this.gl);
    this.#uploadPlaces();
    this.#uploadIndices();
    this.#uploadPalette();
    this.#uploadFlags();
  }

  /** An empty plot. @param {Scene["ground"]} ground */
  blank(ground) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(...ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { gl } = this;
    this.blank(scene.ground);
    if (!this.count) return;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.#run(this.parts.colour, scene, 1);
    const { at } = this.parts.colour;
    gl.uniform1f(at("opacity"), scene.opacity);
    gl.uniform1f(at("cut"), scene.reach > 0 || scene.ranked ? 0.35 : 0);
    gl.uniform1f(at("ball"), scene.reach > 0 ? 1 : 0);
    gl.drawElements(gl.POINTS, scene.count, gl.UNSIGNED_INT, 0);
    // The hovered point is drawn once more, so that blending cannot bury it.
    if (scene.hovered >= 0) gl.drawArrays(gl.POINTS, scene.hovered, 1);
  }

  /**
   * Draws cell numbers into a window of `side` × `side` pixels around (x, y), device pixels from the lower left corner, and leaves the
   * window bound for reading.
   *
   * @param {Scene} scene @param {number} x @param {number} y @param {number} side
   */
  number(scene, x, y, side) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.parts.window);
    // Shifting the viewport puts the window's corner at the origin: only a few pixels are ever rasterised.
    const half = (side - 1) / 2;
    gl.viewport(half - Math.round(x), half - Math.round(y), gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.disable(gl.BLEND);
    this.#run(this.parts.number, { ...scene, hovered: -1 }, 5);
    gl.drawElements(gl.POINTS, scene.count, gl.UNSIGNED_INT, 0);
  }

  /** @param {Program} program @param {Scene} scene @param {number} least */
  #run({ program, at }, scene, least) {
    const { gl } = this;
    gl.useProgram(program);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.bindVertexArray(this.parts.cells);
    gl.bindTexture(gl.TEXTURE_2D, this.parts.texture);
    gl.uniformMatrix4fv(at("view"), false, scene.view);
    gl.uniform1f(at("size"), scene.size);
    gl.uniform1f(at("least"), least);
    gl.uniform1f(at("reach"), scene.reach);
    gl.uniform1f(at("ranked"), scene.ranked ? 1 : 0);
    gl.uniform1i(at("hovered"), scene.hovered);
    gl.uniform3fv(at("ground"), scene.ground);
    gl.uniform3fv(at("marker"), scene.marker);
    gl.uniform3fv(at("marks"), this.#marks);
  }

  #uploadPlaces() {
    const { gl } = this;
    gl.bindVertexArray(this.parts.cells);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.parts.places);
    gl.bufferData(gl.ARRAY_BUFFER, this.#places, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, this.#dimension, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.parts.order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, this.#order, gl.STATIC_DRAW);
  }

  #uploadIndices() {
    const { gl } = this;
    gl.bindVertexArray(this.parts.cells);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.parts.indices);
    gl.bufferData(gl.ARRAY_BUFFER, this.#indices, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_SHORT, 0, 0);
  }

  #uploadFlags() {
    const { gl } = this;
    gl.bindVertexArray(this.parts.cells);
    if (!this.#flags) {
      gl.disableVertexAttribArray(2);
      gl.vertexAttribI4ui(2, 0, 0, 0, 0);
      return;
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.parts.flags);
    gl.bufferData(gl.ARRAY_BUFFER, this.#flags, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(2);
    gl.vertexAttribIPointer(2, 1, gl.UNSIGNED_BYTE, 0, 0);
  }

  #uploadPalette() {
    const { gl } = this;
    const rows = this.#palette.length / (WIDTH * 4);
    gl.bindTexture(gl.TEXTURE_2D, this.parts.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, WIDTH, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, this.#palette);
  }
}

/** Everything that lives on the GPU. @param {WebGL2RenderingContext} gl */
function build(gl) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return {
    colour: program(gl, VERTEX, COLOUR),
    number: program(gl, VERTEX, NUMBER),
    cells: gl.createVertexArray(),
    places: gl.createBuffer(),
    indices: gl.createBuffer(),
    flags: gl.createBuffer(),
    order: gl.createBuffer(),
    texture,
    window: target(gl, 16),
  };
}

/** @typedef {{ program: WebGLProgram, at: (name: string) => WebGLUniformLocation | null }} Program */

/**
 * @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment
 * @returns {Program}
 */
function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, text] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = gl.createShader(kind);
    if (!shader) continue; // only when the context is lost: it will be built again
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.isContextLost() && !gl.getProgramParameter(made, gl.LINK_STATUS)) {
    const logs = (gl.getAttachedShaders(made) ?? []).map((shader) => gl.getShaderInfoLog(shader));
    throw new Error(`the graphics driver refused a shader: ${[gl.getProgramInfoLog(made), ...logs].join(" ").trim()}`);
  }
  /** @type {Map<string, WebGLUniformLocation | null>} */
  const known = new Map();
  const at = (/** @type {string} */ name) => {
    if (!known.has(name)) known.set(name, gl.getUniformLocation(made, name));
    return known.get(name) ?? null;
  };
  return { program: made, at };
}

/** A small off-screen picture with depth. @param {WebGL2RenderingContext} gl @param {number} side */
function target(gl, side) {
  const frame = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
  const colour = gl.createRenderbuffer();
  gl.bindRenderbuffer(gl.RENDERBUFFER, colour);
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, side, side);
  gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, colour);
  const depth = gl.createRenderbuffer();
  gl.bindRenderbuffer(gl.RENDERBUFFER, depth);
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT16, side, side);
  gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, depth);
  return frame;
}
