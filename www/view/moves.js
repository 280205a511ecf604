/**
 * What hands do to a camera: each move gives another one.
 *
 * @import { Camera, Frame } from "./camera.js"
 */
import { axes } from "./camera.js";

const STEEP = Math.PI / 2 - 0.01;

/**
 * Moves what is under the pointer along with it.
 *
 * @param {Camera} camera @param {number} dx @param {number} dy @param {Frame} frame
 * @returns {Camera}
 */
export function pan(camera, dx, dy, frame) {
  const unit = (2 * camera.reach) / Math.max(1, frame.height);
  const { right, up } = axes(camera);
  const moved = camera.target.map((value, axis) => value - unit * (dx * (right[axis] ?? 0) - dy * (up[axis] ?? 0)));
  return { ...camera, target: /** @type {[number, number, number]} */ (moved) };
}

/**
 * Zooms by a factor; the place under (x, y) stays there.
 *
 * @param {Camera} camera @param {number} factor above 1 comes closer
 * @param {Frame} frame @param {number} [x] @param {number} [y]
 * @returns {Camera}
 */
export function zoom(camera, factor, frame, x = frame.width / 2, y = frame.height / 2) {
  const reach = Math.min(camera.home * 4, Math.max(camera.home / 2000, camera.reach / factor));
  const [dx, dy] = [x - frame.width / 2, y - frame.height / 2];
  const there = pan(camera, -dx, -dy, frame);
  return pan({ ...there, reach }, dx, dy, frame);
}

/** @param {Camera} camera @param {number} yaw @param {number} pitch @returns {Camera} */
export function turn(camera, yaw, pitch) {
  if (camera.mode === "flat") return camera;
  return { ...camera, yaw: camera.yaw + yaw, pitch: Math.min(STEEP, Math.max(-STEEP, camera.pitch + pitch)) };
}
