/**
 * The two programs: one draws colours, one draws cell numbers for picking. They share the vertex shader, so that what is picked is what
 * is seen.
 */

export const VERTEX = `#version 300 es
layout(location = 0) in vec3 place;
layout(location = 1) in uint paint;
layout(location = 2) in uint flag; // see flags.js
uniform mat4 view;
uniform highp sampler2D palette;
uniform float size;      // device pixels at the target
uniform float least;     // no point is smaller than this
uniform float reach;     // distance to the target; 0 in flat mode
uniform float ranked;    // 1: flat points with higher values lie in front
uniform int hovered;
uniform int part;        // 0: all points, 1: neither raised nor left out, 2: raised, 3: left out
uniform vec3 ground;
uniform vec3 marker;     // colour of the ring around hovered and selected points
uniform vec3 muted;      // colour of cells that filters leave out
uniform vec3 marks[64];  // colours of the rings around highlighted points
flat out vec3 ink;
flat out vec3 mark;
flat out float radius;   // device pixels
flat out float ring;
flat out uint cell;
void main() {
  vec4 tone = texelFetch(palette, ivec2(int(paint & 255u), int(paint >> 8u)), 0);
  bool lit = gl_VertexID == hovered;
  bool dull = (flag >> 2u) == 63u;
  bool raised = flag > 1u && !dull;
  // Left out: there to be seen, not to be picked.
  cell = dull ? 0u : uint(gl_VertexID) + 1u;
  ink = dull ? muted : tone.rgb;
  ring = lit || raised ? 1.0 : 0.0;
  mark = flag > 3u && !lit && !dull ? marks[flag >> 2u] : marker;
  gl_Position = view * vec4(place, 1.0);
  float pixels = size;
  if (reach > 0.0) {
    pixels *= clamp(reach / max(gl_Position.w, 1e-6), 0.2, 6.0);
    // Far points fade into the ground: the eye reads it as depth.
    float far = clamp((gl_Position.w / reach - 0.85) * 0.8, 0.0, 0.5);
    ink = mix(ink, ground, far);
  } else {
    float rank = paint == 0u ? 0.98 : mix(0.0, 0.9 - 1.8 * float(paint & 255u) / 255.0, ranked);
    gl_Position.z = rank * gl_Position.w;
  }
  if (dull) {
    gl_Position.z = mix(gl_Position.w, gl_Position.z, 0.01);
    pixels *= 0.8;
  } else if (raised) {
    // In front of all others, in their own order of depth.
    gl_Position.z = reach > 0.0 ? mix(-gl_Position.w, gl_Position.z, 0.02) : -0.95 * gl_Position.w;
    pixels = pixels * 1.25 + 2.0;
  }
  if (lit) {
    gl_Position.z = -gl_Position.w;
    pixels = pixels * 1.5 + 5.0;
  }
  radius = clamp(pixels, least, 62.0) / 2.0;
  gl_PointSize = 2.0 * radius + 1.0; // room for the soft rim
  int kind = lit || raised ? 2 : dull ? 3 : 1;
  if (tone.a == 0.0 || (flag & 1u) != 0u || (part != 0 && part != kind)) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

export const COLOUR = `#version 300 es
precision highp float;
uniform float opacity;
uniform float cut;       // below this cover a fragment is dropped, so that rims do not hide what lies behind
uniform float ball;    // 1: shade points as little balls
flat in vec3 ink;
flat in vec3 mark;
flat in float radius;
flat in float ring;
flat in uint cell;
out vec4 pixel;
void main() {
  float from = length(gl_PointCoord - 0.5) * (2.0 * radius + 1.0);
  float cover = clamp(radius - from + 0.5, 0.0, 1.0);
  if (cover <= cut) discard;
  vec3 tone = ink * (1.0 - ball * 0.3 * min(1.0, from * from / (radius * radius)));
  tone = mix(tone, mark, ring * clamp(from - radius + min(2.5, 0.45 * radius + 0.6), 0.0, 1.0));
  float solid = cover * mix(opacity, 1.0, ring);
  pixel = vec4(tone * solid, solid);
}`;

export const NUMBER = `#version 300 es
precision highp float;
flat in vec3 ink;
flat in float radius;
flat in float ring;
flat in uint cell;
out vec4 pixel;
void main() {
  if (length(gl_PointCoord - 0.5) * (2.0 * radius + 1.0) > radius + 0.5) discard;
  pixel = vec4(uvec4(cell, cell >> 8u, cell >> 16u, cell >> 24u) & 255u) / 255.0;
}`;
