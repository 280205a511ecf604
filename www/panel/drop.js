/**
 * Opening: drop, choose a file, choose a folder, paste a URL, try the sample. Each becomes a `source` in the store; what it holds is for
 * the reader to say.
 *
 * @import { From } from "../engine/messages.js"
 * @import { Store } from "../store.js"
 */
import { Fault } from "../engine/fault.js";
import { element, known } from "./element.js";
import { address, dropped, picked } from "./entry.js";

/** @param {Store} store */
export function drop(store) {
  const dialog = known("open", HTMLDialogElement);
  const button = known("open-button", HTMLButtonElement);

  /** @param {() => Promise<{ from: From, label: string } | null>} choose */
  async function open(choose) {
    try {
      const source = await choose();
      if (source) store.patch({ source, trouble: null });
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code !== "cancelled") store.patch({ trouble: { fault, doing: "Opening" } });
    }
  }

  dialog.append(...choices(open));
  button.addEventListener("click", () => dialog.showModal());
  store.subscribe(["source"], () => dialog.open && store.state.dataset && dialog.close());
  store.subscribe(["dataset", "busy"], ({ dataset, busy }) => {
    button.hidden = !dataset;
    document.body.toggleAttribute("data-empty", !dataset);
    document.body.toggleAttribute(
      "data-opening",
      busy.some(({ id }) => id === "open"),
    );
    if (!dataset && !dialog.open) dialog.show();
    else if (dataset && dialog.open && !dialog.matches(":modal")) dialog.close();
  });
  // Without a dataset there is nothing behind the dialogue to go back to.
  dialog.addEventListener("cancel", (event) => !store.state.dataset && event.preventDefault());
  dialog.addEventListener("click", (event) => event.target === dialog && store.state.dataset && dialog.close());
  dialog.show();

  let depth = 0;
  const veil = (/** @type {number} */ next) => {
    depth = Math.max(0, next);
    document.body.toggleAttribute("data-dragging", depth > 0);
  };
  addEventListener("dragenter", () => veil(depth + 1));
  addEventListener("dragleave", () => veil(depth - 1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    veil(0);
    const { dataTransfer } = event;
    if (dataTransfer) open(() => dropped(dataTransfer));
  });

  const asked = new URLSearchParams(location.search).get("url");
  if (asked) open(async () => address(asked));
}

/** @param {(choose: () => Promise<{ from: From, label: string } | null>) => void} open */
function choices(open) {
  const file = element("input", { type: "file", id: "file", hidden: true });
  file.addEventListener("change", () => {
    const files = [...(file.files ?? [])];
    file.value = "";
    open(async () => picked(files));
  });
  const folder = element("input", { type: "file", id: "folder", webkitdirectory: true, hidden: true });
  folder.addEventListener("change", () => {
    const files = [...(folder.files ?? [])];
    folder.value = "";
    open(async () => picked(files));
  });
  const chooseFile = element("button", { className: "main" }, "Choose a file");
  chooseFile.addEventListener("click", () => file.click());
  const chooseFolder = element("button", {}, "Choose a folder");
  chooseFolder.addEventListener("click", () => {
    const pick = globalThis.showDirectoryPicker;
    if (!pick) return folder.click();
    open(async () => {
      const handle = await pick({ id: "data" });
      return { from: handle, label: handle.name };
    });
  });
  const url = element("input", {
    type: "text",
    inputMode: "url",
    placeholder: "https://…/data.h5ad",
    "aria-label": "Address of an .h5ad file or a .zarr store",
    autocomplete: "off",
    spellcheck: false,
  });
  const form = element("form", { className: "address" }, url, element("button", { type: "submit" }, "Open"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    open(async () => address(url.value));
  });
  const samples = ["h5ad", "zarr"].map((kind) => {
    const button = element("button", { className: "quiet small" }, `.${kind}`);
    button.setAttribute("aria-label", `Try the sample as .${kind}`);
    button.addEventListener("click", () => open(async () => address(`sample/sample.${kind}`)));
    return button;
  });
  return [
    element("img", { src: "icon.svg", alt: "", width: 52, height: 52 }),
    element("h2", { id: "open-title" }, "Look at single-cell data"),
    element("p", {}, "Drop an .h5ad file, a .zarr folder or a .zarr.zip anywhere on this page."),
    element("div", { className: "ways" }, chooseFile, chooseFolder, file, folder),
    form,
    element("p", { className: "samples" }, "No data at hand? Try the sample: ", ...samples),
    element(
      "p",
      { className: "promise" },
      "Files are read here, in your browser, and only the parts that are shown. Nothing is uploaded.",
    ),
  ];
}
