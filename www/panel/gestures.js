/**
 * Pointer, wheel and keys on the plot. Each gesture with the pointer has a twin on the keyboard.
 *
 * @import { Frame } from "../view/camera.js"
 * @import { Store } from "../store.js"
 * @typedef {object} Plot
 * @property {() => Frame} frame
 * @property {() => void} home shows everything
 * @property {(x: number, y: number, click?: { button: number, shift: boolean, ctrl: boolean }) => void} pick asks for the cell at a
 * place, CSS pixels, and clicks on it
 */
import { pan, turn, zoom } from "../view/camera.js";
import { known } from "./element.js";

const STEP = 40;
const ANGLE = 0.12;
const CLOSER = 1.25;
/** A pointer that moved no further than this between down and up has clicked. */
const STILL = 4;

/** @param {Store} store @param {HTMLCanvasElement} canvas @param {Plot} plot */
export function gestures(store, canvas, { frame, home, pick }) {
  /** @param {(camera: import("../view/camera.js").Camera) => import("../view/camera.js").Camera} change */
  const move = (change) => {
    const { camera } = store.state;
    if (camera) store.patch({ camera: change(camera), hover: null });
  };
  const nearer = (/** @type {number} */ factor) => move((camera) => zoom(camera, factor, frame()));

  /** Pointers that are down. @type {Map<number, { x: number, y: number }>} */
  const down = new Map();
  /** Where the only pointer went down, until it moves away. @type {{ x: number, y: number, button: number } | null} */
  let click = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const here = place(event);
    click = down.size ? null : { ...here, button: event.button };
    down.set(event.pointerId, here);
    canvas.classList.add("held");
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = place(event);
    const before = down.get(event.pointerId);
    if (!before) return pick(here.x, here.y);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, here);
    const [dx, dy] = [here.x - before.x, here.y - before.y];
    if (click && Math.hypot(here.x - click.x, here.y - click.y) > STILL) click = null;
    if (other) {
      const factor =
        Math.hypot(here.x - other.x, here.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      const [x, y] = [(here.x + other.x) / 2, (here.y + other.y) / 2];
      move((camera) => zoom(pan(camera, dx / 2, dy / 2, frame()), factor, frame(), x, y));
    } else if (event.shiftKey || event.buttons & 6) move((camera) => pan(camera, dx, dy, frame()));
    else move((camera) => (camera.mode === "flat" ? pan(camera, dx, dy, frame()) : turn(camera, -dx / 160, dy / 160)));
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    canvas.addEventListener(end, (event) => {
      down.delete(event.pointerId);
      if (click && end === "pointerup") pick(click.x, click.y, { button: click.button, ...held(event) });
      click = null;
      canvas.classList.toggle("held", down.size > 0);
    });
  }
  canvas.addEventListener("pointerleave", () => store.patch({ hover: null }));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    move((camera) => zoom(camera, CLOSER ** 3, frame(), x, y));
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      // Lines and pages count as so many pixels; a pinch on a touchpad arrives as a wheel with Ctrl, in small steps.
      const pixels = event.deltaY * ([1, 16, 400][event.deltaMode] ?? 1) * (event.ctrlKey ? 5 : 1);
      const { x, y } = place(event);
      move((camera) => zoom(camera, Math.exp(-Math.max(-300, Math.min(300, pixels)) / 480), frame(), x, y));
    },
    { passive: false },
  );

  canvas.addEventListener("keydown", (event) => {
    /** @type {Record<string, [number, number]>} */
    const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const arrow = arrows[event.key];
    const { width, height } = frame();
    if (arrow) {
      const [dx, dy] = arrow;
      move((camera) =>
        (camera.mode === "orbit") === event.shiftKey
          ? pan(camera, dx * STEP, dy * STEP, frame())
          : camera.mode === "orbit"
            ? turn(camera, -dx * ANGLE, dy * ANGLE)
            : pan(camera, (dx * STEP) / 4, (dy * STEP) / 4, frame()),
      );
    } else if (event.key === "+" || event.key === "=") nearer(CLOSER);
    else if (event.key === "-" || event.key === "_") nearer(1 / CLOSER);
    else if (event.key === "0") home();
    else if (event.key === "Enter") pick(width / 2, height / 2, { button: 0, ...held(event) });
    else if (event.key === "Escape") store.patch({ hover: null });
    else return;
    event.preventDefault();
  });

  known("closer", HTMLButtonElement).addEventListener("click", () => nearer(CLOSER));
  known("away", HTMLButtonElement).addEventListener("click", () => nearer(1 / CLOSER));
  known("whole", HTMLButtonElement).addEventListener("click", home);

  /** @param {MouseEvent | KeyboardEvent} event */
  const held = ({ shiftKey, ctrlKey, metaKey }) => ({ shift: shiftKey, ctrl: ctrlKey || metaKey });

  /** @param {MouseEvent} event */
  function place({ clientX, clientY }) {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
}
