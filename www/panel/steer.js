/**
 * A camera in somebody's hands: what gestures and keys ask for, in CSS pixels of the plot.
 *
 * @import { Camera, Frame } from "../view/camera.js"
 * @typedef {[number, number, number]} Place where something lies in a plot, whatever the camera does
 */
import { matrix, project } from "../view/camera.js";
import { pan, turn, zoom } from "../view/moves.js";

const SQUARE = { width: 1, height: 1 };

/**
 * @param {object} plot
 * @param {() => Camera | null} plot.camera
 * @param {(camera: Camera) => void} plot.look
 * @param {() => Frame} plot.frame
 * @param {boolean} [plot.stretched] each axis fills its side, so that the camera sees a square whatever the frame is
 */
export function steer({ camera, look, frame, stretched = false }) {
  const span = () => (stretched ? SQUARE : frame());
  const part = () => (stretched ? [1 / frame().width, 1 / frame().height] : [1, 1]);
  /** @param {(camera: Camera) => Camera} change */
  const move = (change) => {
    const now = camera();
    if (now) look(change(now));
  };
  /** Data to clip space. */
  const view = () => {
    const now = camera();
    return now && matrix(now, span());
  };
  return {
    view,
    orbits: () => camera()?.mode === "orbit",
    /** What lies in the middle of the frame. */
    middle: () => camera()?.target ?? null,
    /** @param {Place} place */
    project: (place) => {
      const now = view();
      return now && project(now, frame(), ...place);
    },
    /** @param {number} dx @param {number} dy */
    pan: (dx, dy) => {
      const [across = 1, down = 1] = part();
      move((now) => pan(now, dx * across, dy * down, span()));
    },
    /** @param {number} yaw @param {number} pitch */
    turn: (yaw, pitch) => move((now) => turn(now, yaw, pitch)),
    /** @param {number} factor @param {number} [x] @param {number} [y] the place that stays, the middle when left out */
    zoom: (factor, x = frame().width / 2, y = frame().height / 2) => {
      const [across = 1, down = 1] = part();
      move((now) => zoom(now, factor, span(), x * across, y * down));
    },
  };
}
