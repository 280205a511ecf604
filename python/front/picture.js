/**
 * A picture of the plot for the notebook to keep, so that something is there when the notebook is opened without a kernel: once the
 * view has come to rest after something has changed.
 *
 * @import { State } from "../../www/state.js"
 * @import { Store } from "../../www/store.js"
 */

/** Milliseconds without a change until it is kept. */
const REST = 1500;
/** Pixels across, at most. */
const WIDTH = 800;
/** What changes the picture. @type {Array<keyof State>} */
const SHOWN = [
  "points",
  "colour",
  "range",
  "hidden",
  "camera",
  "highlights",
  "invisible",
  "selection",
  "size",
  "opacity",
  "theme",
];

/** @param {Store} store @param {(bytes: ArrayBuffer) => void} keep */
export function picture(store, keep) {
  const plot = document.querySelector("#plot");
  if (!(plot instanceof HTMLCanvasElement)) return;
  const copy = new OffscreenCanvas(1, 1);
  let due = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  store.subscribe(SHOWN, () => {
    due = true;
  });
  plot.addEventListener("drawn", () =>
    // Right after drawing: what was drawn is gone once it is on the screen.
    queueMicrotask(() => {
      if (!due || !Number(plot.dataset.drawn)) return;
      due = false;
      // The processor draws on a canvas of its own, over the card's.
      const over = plot.nextElementSibling;
      const seen = over instanceof HTMLCanvasElement ? over : plot;
      const scale = Math.min(1, WIDTH / seen.width);
      copy.width = Math.max(1, Math.round(seen.width * scale));
      copy.height = Math.max(1, Math.round(seen.height * scale));
      copy.getContext("2d")?.drawImage(seen, 0, 0, copy.width, copy.height);
      clearTimeout(timer);
      timer = setTimeout(encode, REST);
    }),
  );
  async function encode() {
    const blob = await copy.convertToBlob({ type: "image/jpeg", quality: 0.85 });
    keep(await blob.arrayBuffer());
  }
}
