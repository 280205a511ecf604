/**
 * Where the plot is seen from. Two modes with one set of verbs: flat (pan and zoom over a plane) and orbit (turn around a point).
 * Pure: every function returns a new camera. Pixels are CSS pixels from the top left corner; matrices are column-major.
 *
 * @typedef {{ width: number, height: number }} Frame
 * @typedef {{ centre: [number, number, number], radius: number, half: [number, number, number] }} Bounds
 * @typedef {object} Camera
 * @property {"flat" | "orbit"} mode
 * @property {[number, number, number]} target the point in the middle of the frame
 * @property {number} reach half the visible height at the target, in data units
 * @property {number} home the reach at which everything fits
 * @property {number} yaw radians
 * @property {number} pitch radians, 0 is level
 */

/** Half the opening angle of the orbit camera. */
const LENS = Math.tan((20 * Math.PI) / 180);
const MARGIN = 1.08;

/**
 * The box around all finite points.
 *
 * @param {Float32Array} coordinates
 * @param {number} dimension
 * @returns {Bounds}
 */
export function bounds(coordinates, dimension) {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let axis = 0; axis < dimension; axis++) {
    let [least, most] = [Infinity, -Infinity];
    for (let at = axis; at < coordinates.length; at += dimension) {
      const value = /** @type {number} */ (coordinates[at]);
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    low[axis] = least;
    high[axis] = most;
  }
  /** @param {number} axis */
  const span = (axis) => {
    const [from, to] = [low[axis] ?? 0, high[axis] ?? 0];
    return from <= to ? { middle: (from + to) / 2, half: (to - from) / 2 } : { middle: 0, half: 0 };
  };
  const [x, y, z] = [span(0), span(1), span(2)];
  const radius = Math.hypot(x.half, y.half, z.half) || 1;
  return { centre: [x.middle, y.middle, z.middle], half: [x.half, y.half, z.half], radius };
}

/**
 * A camera that shows everything.
 *
 * @param {Bounds} box
 * @param {number} dimension
 * @param {Frame} frame
 * @returns {Camera}
 */
export function fit(box, dimension, frame) {
  const aspect = frame.width / Math.max(1, frame.height);
  const orbit = dimension === 3;
  const flat = Math.max(box.half[1], box.half[0] / aspect) || box.radius;
  // A turning cloud sweeps its sphere, but a sphere that just fits leaves the cloud small: clusters seldom sit in the corners of the box.
  const round = (0.7 * box.radius) / Math.min(1, aspect);
  const reach = (orbit ? round : flat) * MARGIN;
  return { mode: orbit ? "orbit" : "flat", target: box.centre, reach, home: reach, yaw: 0.6, pitch: 0.35 };
}

/**
 * @param {Camera} camera
 * @param {Frame} frame
 * @returns {Float32Array}
 */
export function matrix(camera, frame) {
  const aspect = frame.width / Math.max(1, frame.height);
  const [tx, ty, tz] = camera.target;
  const { reach } = camera;
  if (camera.mode === "flat") {
    const [sx, sy] = [1 / (reach * aspect), 1 / reach];
    // Depth stays at zero: the shader orders flat points by what they show.
    return new Float32Array([sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, 0, 0, -tx * sx, -ty * sy, 0, 1]);
  }
  const { right, up, back } = axes(camera);
  const distance = reach / LENS;
  const [near, far] = [distance * 0.02, distance + camera.home * 8];
  const scale = 1 / LENS;
  const deep = (far + near) / (near - far);
  /** @param {number[]} axis */
  const along = (axis) => (axis[0] ?? 0) * tx + (axis[1] ?? 0) * ty + (axis[2] ?? 0) * tz;
  const shift = [-along(right), -along(up), -along(back) - distance];
  const out = new Float32Array(16);
  for (let column = 0; column < 4; column++) {
    const [x, y, z] = column < 3 ? [right[column], up[column], back[column]] : shift;
    out[column * 4] = ((x ?? 0) * scale) / aspect;
    out[column * 4 + 1] = (y ?? 0) * scale;
    out[column * 4 + 2] = (z ?? 0) * deep + (column === 3 ? (2 * far * near) / (near - far) : 0);
    out[column * 4 + 3] = -(z ?? 0);
  }
  return out;
}

/** Distance from the eye to the target: points there are drawn at their nominal size. @param {Camera} camera */
export const distance = (camera) => camera.reach / LENS;

/**
 * Where a point lands, in CSS pixels; null behind the eye.
 *
 * @param {Float32Array} m
 * @param {Frame} frame
 * @param {number} x @param {number} y @param {number} z
 * @returns {[number, number] | null}
 */
export function project(m, frame, x, y, z) {
  const [a, b, c, d] = [0, 1, 3, 2].map(
    (row) => (m[row] ?? 0) * x + (m[row + 4] ?? 0) * y + (m[row + 8] ?? 0) * z + (m[row + 12] ?? 0),
  );
  if (a === undefined || b === undefined || c === undefined || d === undefined || c <= 0) return null;
  return [((a / c + 1) * frame.width) / 2, ((1 - b / c) * frame.height) / 2];
}

/** Right, up and back of the view in data space. @param {Camera} camera */
export function axes({ mode, yaw, pitch }) {
  if (mode === "flat") return { right: [1, 0, 0], up: [0, 1, 0], back: [0, 0, 1] };
  const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
  return { right: [cy, 0, -sy], up: [-sy * sp, cp, -cy * sp], back: [sy * cp, sp, cy * cp] };
}
