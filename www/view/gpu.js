/**
 * Small pieces of WebGL2 that the plot is made of.
 *
 * @typedef {{ program: WebGLProgram, at: (name: string) => WebGLUniformLocation | null }} Program
 */

/** Names of drivers that draw without a graphics card. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|swrast|lavapipe|software|basic render/i;

/** Whether WebGL is done in software here. @param {WebGL2RenderingContext} gl */
export function software(gl) {
  if (SOFTWARE.test(String(gl.getParameter(gl.RENDERER)))) return true;
  const more = gl.getExtension("WEBGL_debug_renderer_info");
  return more !== null && SOFTWARE.test(String(gl.getParameter(more.UNMASKED_RENDERER_WEBGL)));
}

/**
 * @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment
 * @returns {Program}
 */
export function program(gl, vertex, fragment) {
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
export function target(gl, side) {
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

/** A texture read by index. @param {WebGL2RenderingContext} gl */
export function table(gl) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return texture;
}
