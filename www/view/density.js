/**
 * Points shaded by how many lie on each other: their colours and covers are summed up in a picture of floating-point numbers, and what
 * is shown is the mean colour, the more solid the more there is, by the logarithm. So a crowd of a million cells keeps its inner
 * shape, and of cells that hide each other none wins.
 *
 * @import { Box, Scene } from "./points.js"
 */
import { program } from "./gpu.js";

/** Side of the blocks whose mean tells how dense it gets: 2 to this power, in pixels. */
const BLOCK = 4;
/** Pixels up to which sums are kept in full precision. */
const WIDE = 1 << 23;

const VERTEX = `#version 300 es
precision highp float;
uniform highp sampler2D sums;
uniform ivec4 blocks;    // left, bottom, right, top of the plot
uniform int level;
flat out float most;
void main() {
  // The densest block is solid. There are few enough of them to look at all for each of three corners.
  most = 1.0;
  for (int y = blocks.y; y < blocks.w; y++) {
    for (int x = blocks.x; x < blocks.z; x++) most = max(most, texelFetch(sums, ivec2(x, y), level).a);
  }
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

const SHADE = `#version 300 es
precision highp float;
uniform highp sampler2D sums;
uniform float opacity;
flat in float most;
out vec4 pixel;
void main() {
  vec4 sum = texelFetch(sums, ivec2(gl_FragCoord.xy), 0);
  if (sum.a <= 0.0) discard;
  // A cell alone stays to be seen.
  float dense = mix(0.2, 1.0, log(1.0 + sum.a) / log(1.0 + most));
  float solid = opacity * min(1.0, sum.a) * clamp(dense, 0.0, 1.0);
  pixel = vec4(sum.rgb / sum.a * solid, solid);
}`;

/** How a graphics card does it; how the processor does is in dense.js. */
export class Density {
  /** @type {ReturnType<typeof build> | null} */
  #parts = null;
  /** @type {WebGLTexture | null} */
  #sums = null;
  #width = 0;
  #height = 0;

  /** Whether this graphics card can add up so. @param {WebGL2RenderingContext} gl */
  able(gl) {
    return gl.getExtension("EXT_color_buffer_float") !== null;
  }

  /** Builds everything again after the context came back. */
  revive() {
    this.#sums = null;
    this.#parts = null;
  }

  /**
   * Draws over what is there, within the present viewport and scissors.
   *
   * @param {WebGL2RenderingContext} gl @param {Box} box @param {Scene} scene
   * @param {() => void} points draws them, in premultiplied colours
   */
  draw(gl, { left, bottom, width, height }, scene, points) {
    this.#parts ??= build(gl);
    const { shade, frame, nothing, wide } = this.#parts;
    this.#fit(gl, frame, wide);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.blendFunc(gl.ONE, gl.ONE);
    points();
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, this.#sums);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.useProgram(shade.program);
    gl.bindVertexArray(nothing);
    gl.disable(gl.DEPTH_TEST);
    const level = Math.min(BLOCK, Math.floor(Math.log2(Math.max(this.#width, this.#height))));
    const block = (/** @type {number} */ at) => at >> level;
    gl.uniform1i(shade.at("level"), level);
    // Blocks at the far edges are half outside: their means are too small to matter.
    gl.uniform4i(shade.at("blocks"), block(left), block(bottom), block(left + width), block(bottom + height));
    gl.uniform1f(shade.at("opacity"), scene.opacity);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** The picture has the size of the canvas. @param {WebGL2RenderingContext} gl @param {WebGLFramebuffer} frame @param {boolean} wide */
  #fit(gl, frame, wide) {
    const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
    if (this.#sums && width === this.#width && height === this.#height) return;
    gl.deleteTexture(this.#sums);
    this.#sums = gl.createTexture();
    [this.#width, this.#height] = [width, height];
    gl.bindTexture(gl.TEXTURE_2D, this.#sums);
    // Half precision counts to two thousand only; but more cards blend and average it, and it takes half the room.
    const format = wide && width * height <= WIDE ? gl.RGBA32F : gl.RGBA16F;
    gl.texStorage2D(gl.TEXTURE_2D, 1 + Math.floor(Math.log2(Math.max(width, height))), format, width, height);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST_MIPMAP_NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.#sums, 0);
  }
}

/** @param {WebGL2RenderingContext} gl */
function build(gl) {
  return {
    wide: gl.getExtension("EXT_float_blend") !== null && gl.getExtension("OES_texture_float_linear") !== null,
    shade: program(gl, VERTEX, SHADE),
    frame: gl.createFramebuffer(),
    nothing: gl.createVertexArray(),
  };
}
