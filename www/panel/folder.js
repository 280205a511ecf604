/**
 * Saving as an export folder, from the dataset's card: how it is packed, and where it goes.
 *
 * @import { Packing } from "../engine/messages.js"
 * @import { Store } from "../store.js"
 */
import { safe } from "../engine/manifest.js";
import { element } from "./element.js";

/** @param {Store} store */
export function folder(store) {
  const quantise = element(
    "select",
    {},
    element("option", { value: "" }, "as they are, 4 bytes"),
    element("option", { value: "16" }, "in 16 bits"),
    element("option", { value: "8" }, "in 8 bits"),
  );
  const compress = element("input", { type: "checkbox" });
  const copied = store.state.dataset?.description.format === "export";
  /** @param {FileSystemDirectoryHandle} [handle] */
  const start = (handle) => {
    const bits = /** @type {8 | 16 | undefined} */ (Number(quantise.value) || undefined);
    /** @type {Packing} */
    const packing = { ...(bits && { quantizeVar: bits, quantizeObs: bits }), ...(compress.checked && { compression: 6 }) };
    const name = safe(store.state.dataset?.description.id ?? "dataset");
    store.patch({ save: { target: { name, ...(handle && { handle }) }, packing } });
    document.getElementById("card")?.hidePopover();
  };
  const zip = element("button", {}, "Download as zip");
  zip.addEventListener("click", () => start());
  const picker = /** @type {{ showDirectoryPicker?: (options: object) => Promise<FileSystemDirectoryHandle> }} */ (window)
    .showDirectoryPicker;
  const into = picker ? element("button", {}, "Save into a folder…") : null;
  into?.addEventListener("click", async () => {
    try {
      start(await picker?.call(window, { mode: "readwrite" }));
    } catch (error) {
      // Closing the picker is no trouble.
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    }
  });
  return element(
    "details",
    { className: "save" },
    element("summary", {}, "Save as export folder"),
    copied ? null : element("label", {}, "Values ", quantise),
    copied ? null : element("label", {}, compress, " Compressed with gzip"),
    element("p", { className: "buttons" }, into, zip),
  );
}
