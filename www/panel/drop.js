/**
 * Opening: drop, choose a file, choose a folder, paste a URL, try the sample. Each becomes a `source` in the store; what it holds is for
 * the reader to say.
 *
 * @import { Source } from "../state.js"
 * @import { Store } from "../store.js"
 * @typedef {(choose: () => Promise<Source | Source[] | null>) => Promise<void>} Open asks, and opens what is chosen
 */
import { Fault } from "../engine/fault.js";
import { element, known } from "./element.js";
import { address, dropped, picked } from "./entry.js";

/** @param {Store} store @returns {Open} */
export function drop(store) {
  const dialog = known("open", HTMLDialogElement);
  const button = known("open-button", HTMLButtonElement);

  /** @type {Open} */
  async function open(choose) {
    try {
      const chosen = await choose();
      if (!chosen) return;
      const things = [chosen].flat();
      const found = await looked(things);
      const [first, second] = found;
      if (first && second) return offer(found);
      if (!first && things.length > 1) throw several(things.length);
      // Without a find, the reader says what is missing.
      store.patch({ source: first ?? things[0] ?? null, trouble: null });
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code !== "cancelled") store.patch({ trouble: { fault, doing: "Opening" } });
    }
  }

  const start = element("div", { className: "start" }, ...choices(open));
  const which = element("div", { className: "which", hidden: true });
  dialog.append(start, which);
  button.addEventListener("click", () => {
    home();
    dialog.showModal();
  });

  /** Which of several it shall be. @param {Source[]} found */
  function offer(found) {
    const list = element("ul", {});
    for (const source of found) {
      const pick = element("button", { className: "quiet" }, source.label);
      pick.addEventListener("click", () => {
        home();
        store.patch({ source, trouble: null });
      });
      list.append(element("li", {}, pick));
    }
    const back = element("button", {}, "Back");
    back.addEventListener("click", home);
    which.replaceChildren(element("h2", {}, `${found.length} datasets were found. Which one?`), list, back);
    which.hidden = false;
    start.hidden = true;
    if (!dialog.open) dialog.showModal();
    list.querySelector("button")?.focus();
  }

  function home() {
    which.hidden = true;
    start.hidden = false;
  }
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
  // Entering says yes, too: where the page moves under a hand that just lets go, nothing comes between entering and the drop.
  const welcome = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  };
  addEventListener("dragenter", (event) => {
    welcome(event);
    veil(depth + 1);
  });
  addEventListener("dragleave", () => veil(depth - 1));
  addEventListener("dragover", welcome);
  addEventListener("drop", (event) => {
    event.preventDefault();
    veil(0);
    const { dataTransfer } = event;
    if (dataTransfer) open(() => dropped(dataTransfer));
  });

  const said = new URLSearchParams(location.search);
  const asked = said.get("url") ?? (said.has("github") ? `github:${said.get("github")}` : null);
  if (asked) open(async () => address(asked));
  return open;
}

/** What can be opened of them; an address is what it is. @param {Source[]} things */
async function looked(things) {
  if (things.every(({ from }) => typeof from === "string")) return things;
  const { likely, stores } = await import("./stores.js");
  const all = (await Promise.all(things.map(stores))).flat();
  return things.length > 1 ? all.filter(likely) : all;
}

/** @param {number} count */
const several = (count) =>
  new Fault({
    code: "request",
    message: `none of the ${count} things is a dataset`,
    advice: "Drop one .h5ad file, one .zarr folder, one .zarr.zip file, or a folder with such in it.",
  });

/** @param {Open} open */
function choices(open) {
  const file = element("input", { type: "file", id: "file", multiple: true, hidden: true });
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
  const chooseFolder = element("button", {}, "Choose a folder");
  chooseFolder.addEventListener("click", () => {
    const pick = globalThis.showDirectoryPicker;
    if (!pick) return folder.click();
    open(async () => {
      const handle = await pick({ id: "data" });
      return { from: handle, label: handle.name };
    });
  });
  chooseFile.addEventListener("click", () => {
    // A handle can be remembered, a file from an input cannot.
    const pick = globalThis.showOpenFilePicker;
    if (!pick) return file.click();
    open(async () => (await pick({ id: "data", multiple: true })).map((handle) => ({ from: handle, label: handle.name })));
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
