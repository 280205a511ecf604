/**
 * The foot of the page: what is going on, how far it is, a button to stop it; and how much was read. Work that takes less than a
 * moment is not mentioned.
 *
 * @import { Busy } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { many, size } from "../words.js";
import { element, known } from "./element.js";

const MOMENT = 400;

/** @param {Store} store */
export function status(store) {
  const [say, bars, count] = [known("status", HTMLElement), known("progress", HTMLElement), known("count", HTMLElement)];
  /** @type {Map<string, ReturnType<typeof bar>>} */
  const shown = new Map();
  let timer = 0;

  store.subscribe(["busy"], () => {
    clearTimeout(timer);
    const now = performance.now();
    const { busy } = store.state;
    for (const [id, { box }] of shown) {
      if (busy.some((one) => one.id === id)) continue;
      box.remove();
      shown.delete(id);
    }
    for (const one of busy) {
      const present = shown.get(one.id);
      if (present) present.update(one);
      else if (now - one.since >= MOMENT) {
        const made = bar(store, one);
        shown.set(one.id, made);
        bars.append(made.box);
        // Announced once; the bytes change too often to be read out.
        say.textContent = one.label;
      } else timer = window.setTimeout(() => store.patch({ busy: [...store.state.busy] }), MOMENT);
    }
    document.body.toggleAttribute("data-busy", shown.size > 0);
    if (!busy.length && !shown.size) say.textContent = store.state.notice;
  });
  store.subscribe(["notice"], ({ notice }) => {
    say.textContent = notice;
  });
  store.subscribe(["points", "dataset", "read"], ({ points, dataset, read }) => {
    const missing = points?.unplaced ? `, ${points.unplaced.toLocaleString()} without coordinates` : "";
    const cells = `${many(dataset?.cells ?? 0, "cell")}${missing}`;
    const cost = read ? ` · ${size(read.bytes_read)} read in ${many(read.requests, "request")}` : "";
    count.textContent = dataset ? cells + cost : "";
  });
}

/** @param {Store} store @param {Busy} busy */
function bar(store, busy) {
  const stop = element("button", { className: "small" }, "Cancel");
  stop.addEventListener("click", () => store.state.busy.find(({ id }) => id === busy.id)?.cancel());
  const meter = element("progress", { "aria-label": busy.label });
  const [name, bytes] = [element("span"), element("span", { className: "number" })];
  const box = element("div", { className: "busy" }, name, meter, bytes, stop);
  const update = (/** @type {Busy} */ { label, stage, bytes: read, total, unit }) => {
    name.textContent = stage ? `${label}: ${stage}` : label;
    const amount = (/** @type {number} */ count) => (unit ? count.toLocaleString() : size(count));
    const far = total ? `${amount(read)} of ${amount(total)}` : read ? amount(read) : "";
    bytes.textContent = unit && far ? `${far} ${unit}` : far;
    if (total) {
      meter.max = total;
      meter.value = Math.min(read, total);
    } else meter.removeAttribute("value");
  };
  update(busy);
  return { box, update };
}
