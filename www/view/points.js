/**
 * Points on WebGL2. Typed arrays in, pixels out; nothing moves until `draw` is called. The arrays are kept, so that a lost context is
 * built again from them. The same points can be drawn side by side, each time in the colours of another layer.
 *
 * @typedef {object} Scene
 * @property {Float32Array} view matrix from data to clip space
 * @property {number} size device pixels of a point at the target
 * @property {number} reach distance to the target, 0 in flat mode
 * @property {number} opacity
 * @property {boolean[]} ranked by layer: flat points with higher values lie in front
 * @property {number} hovered cell number, -1 for none
 * @property {[number, number, number]} ground colour behind the points, 0 to 1
 * @property {[number, number, number]} marker colour of the ring around hovered and selected points, 0 to 1
 * @property {[number, number, number]} muted colour of cells that filters leave out, 0 to 1
 * @property {number} count how many points of the draw order
 * @property {Box[]} boxes where each layer is drawn
 * @property {number} layer the one that is asked when picking
 * @property {import("./lines.js").Lines | null} strokes lines below and above the points
 * @property {number} [patience] milliseconds; where the processor draws, what is not done by then is left to the next call
 * @property {import("./density.js").Density | null} density what shades them by how many lie on each other; null: they hide each other
 *
 * @typedef {{ left: number, bottom: number, width: number, height: number }} Box device pixels from the lower left corner
 * @typedef {{ indices: Uint16Array, palette: Uint8Array, buffer: WebGLBuffer | null, texture: WebGLTexture | null }} Layer
 */
import { WIDTH } from "./colour.js";
import { program, table, target } from "./gpu.js";
import { COLOUR, NUMBER, VERTEX } from "./shaders.js";

/** Which points a pass draws, as the shader numbers them. */
const [ALL, PLAIN, RAISED, DULL] = [0, 1, 2, 3];

export class Points {
  /** @type {Float32Array} */
  #places = new Float32Array();
  #dimension = 3;
  /** @type {Uint32Array} */
  #order = new Uint32Array();
  /** @type {Layer[]} */
  #layers = [];
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

  /** What is drawn on. */
  get canvas() {
    return /** @type {HTMLCanvasElement} */ (this.gl.canvas);
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
    this.#layers.forEach((layer, at) => {
      if (layer.indices.length !== order.length) this.paint(new Uint16Array(order.length), at);
    });
    if (this.#flags && this.#flags.length !== order.length) this.flag(null, this.#marks);
  }

  /** @param {Uint16Array} indices one per cell @param {number} [layer] */
  paint(indices, layer = 0) {
    const one = this.#layer(layer);
    one.indices = indices;
    this.#uploadIndices(one);
  }

  /** @param {Uint8Array} rgba rows of 256 colours @param {number} [layer] */
  tint(rgba, layer = 0) {
    const one = this.#layer(layer);
    one.palette = rgba;
    this.#uploadPalette(one);
  }

  /** Layers from this one on are not drawn any more. @param {number} layers */
  keep(layers) {
    for (const { buffer, texture } of this.#layers.splice(layers)) {
      this.gl.deleteBuffer(buffer);
      this.gl.deleteTexture(texture);
    }
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
    const { gl } = this;
    this.parts = build(gl);
    this.#uploadPlaces();
    for (const layer of this.#layers) {
      Object.assign(layer, { buffer: gl.createBuffer(), texture: table(gl) });
      this.#uploadIndices(layer);
      this.#uploadPalette(layer);
    }
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

  /** @param {Scene} scene @returns {boolean} whether all is drawn: always */
  draw(scene) {
    const { gl } = this;
    this.blank(scene.ground);
    if (!this.count) return true;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.SCISSOR_TEST);
    const { at } = this.parts.colour;
    scene.boxes.forEach((box, layer) => {
      const { left, bottom, width, height } = box;
      gl.viewport(left, bottom, width, height);
      gl.scissor(left, bottom, width, height);
      scene.strokes?.below(this, scene);
      /** @param {number} part @param {boolean} [sum] */
      const ready = (part, sum = false) => {
        this.#run(this.parts.colour, scene, 1, layer);
        gl.uniform1f(at("opacity"), sum ? 1 : scene.opacity);
        gl.uniform1f(at("cut"), !sum && (scene.reach > 0 || scene.ranked[layer]) ? 0.35 : 0);
        gl.uniform1f(at("ball"), !sum && scene.reach > 0 ? 1 : 0);
        gl.uniform1i(at("part"), part);
      };
      /** @param {number} part @param {boolean} [sum] */
      const some = (part, sum = false) => {
        ready(part, sum);
        gl.drawElements(gl.POINTS, scene.count, gl.UNSIGNED_INT, 0);
      };
      if (scene.density?.able(gl)) {
        if (this.#flags) some(DULL);
        scene.density.draw(gl, box, scene, () => some(PLAIN, true));
        if (this.#flags) some(RAISED);
      } else some(ALL);
      // The hovered point is drawn once more, so that blending cannot bury it.
      if (scene.hovered >= 0) {
        ready(ALL);
        gl.drawArrays(gl.POINTS, scene.hovered, 1);
      }
      scene.strokes?.above(this, scene);
    });
    gl.disable(gl.SCISSOR_TEST);
    return true;
  }

  /**
   * Draws cell numbers into a window of `side` × `side` pixels around (x, y), device pixels from the lower left corner of a
   * plot, and leaves the window bound for reading.
   *
   * @param {Scene} scene @param {number} x @param {number} y @param {number} side
   */
  number(scene, x, y, side) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.parts.window);
    // Shifting the viewport puts the window's corner at the origin: only a few pixels are ever rasterised.
    const half = (side - 1) / 2;
    const { width, height } = scene.boxes[scene.layer] ?? { width: 1, height: 1 };
    gl.viewport(half - Math.round(x), half - Math.round(y), width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.disable(gl.BLEND);
    this.#run(this.parts.number, { ...scene, hovered: -1 }, 5, scene.layer);
    gl.uniform1i(this.parts.number.at("part"), ALL);
    gl.drawElements(gl.POINTS, scene.count, gl.UNSIGNED_INT, 0);
  }

  /** @param {import("./gpu.js").Program} program @param {Scene} scene @param {number} least @param {number} layer */
  #run({ program, at }, scene, least, layer) {
    const { gl } = this;
    gl.useProgram(program);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.bindVertexArray(this.parts.cells);
    const { buffer, texture } = this.#layer(layer);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_SHORT, 0, 0);
    gl.enableVertexAttribArray(1);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniformMatrix4fv(at("view"), false, scene.view);
    gl.uniform1f(at("size"), scene.size);
    gl.uniform1f(at("least"), least);
    gl.uniform1f(at("reach"), scene.reach);
    gl.uniform1f(at("ranked"), scene.ranked[layer] ? 1 : 0);
    gl.uniform1i(at("hovered"), scene.hovered);
    gl.uniform3fv(at("ground"), scene.ground);
    gl.uniform3fv(at("marker"), scene.marker);
    gl.uniform3fv(at("muted"), scene.muted);
    gl.uniform3fv(at("marks"), this.#marks);
  }

  /** @param {number} at @returns {Layer} */
  #layer(at) {
    const { gl } = this;
    for (let next = this.#layers.length; next <= at; next++) {
      const layer = {
        indices: new Uint16Array(this.count),
        palette: new Uint8Array(WIDTH * 4),
        buffer: gl.createBuffer(),
        texture: table(gl),
      };
      this.#layers.push(layer);
      this.#uploadIndices(layer);
      this.#uploadPalette(layer);
    }
    return /** @type {Layer} */ (this.#layers[at]);
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

  /** @param {Layer} layer */
  #uploadIndices({ buffer, indices }) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, indices, gl.DYNAMIC_DRAW);
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

  /** @param {Layer} layer */
  #uploadPalette({ texture, palette }) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, WIDTH, palette.length / (WIDTH * 4), 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
  }
}

/** Everything that lives on the GPU, but the layers. @param {WebGL2RenderingContext} gl */
function build(gl) {
  return {
    colour: program(gl, VERTEX, COLOUR),
    number: program(gl, VERTEX, NUMBER),
    cells: gl.createVertexArray(),
    places: gl.createBuffer(),
    flags: gl.createBuffer(),
    order: gl.createBuffer(),
    window: target(gl, 16),
  };
}
