/**
 * What went wrong: what happened, where, and what can be done, by the seven codes. Details can be copied. Nothing fails only in the
 * console.
 *
 * @import { Code } from "../engine/messages.js"
 * @import { Trouble } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { element, known } from "./element.js";

/** @type {Record<Code, { title: string, advice: string }>} */
const WORDS = {
  source: {
    title: "The data could not be fetched",
    advice:
      "Check the address and the connection. For a local file: it may have been moved or changed since it was chosen; choose it again.",
  },
  malformed: {
    title: "This is damaged, or not what it claims to be",
    advice: "Copy or download it again. If it opens in Python with anndata.read_h5ad or read_zarr, please report it.",
  },
  unsupported: {
    title: "This uses something the reader does not know",
    advice: "Write it again with a current anndata: read it in Python and save it with write_h5ad or write_zarr.",
  },
  missing: {
    title: "Something that is needed is not there",
    advice: "Check in Python that the dataset holds it, and save it again.",
  },
  limit: {
    title: "This is larger than the browser can take",
    advice: "Close other tabs, or open a smaller part of the dataset.",
  },
  request: {
    title: "This cannot be opened like that",
    advice: "Choose one .h5ad file, one .zarr folder or one .zarr.zip file.",
  },
  cancelled: { title: "Cancelled", advice: "" },
};

/** @param {Store} store */
export function trouble(store) {
  const box = known("trouble", HTMLElement);
  /** Where the person was, to go back to. @type {Element | null} */
  let before = null;
  store.subscribe(["trouble"], ({ trouble }) => {
    const inside = box.contains(document.activeElement);
    if (trouble && !inside) before = document.activeElement;
    box.replaceChildren(...(trouble ? [card(store, trouble)] : []));
    if (trouble) box.querySelector("button")?.focus({ preventScroll: true });
    else if (inside && before instanceof HTMLElement) before.focus({ preventScroll: true });
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") store.patch({ trouble: null });
  });
}

/** @param {Store} store @param {Trouble} trouble */
function card(store, { fault, doing, way, title }) {
  const words = { ...(WORDS[fault.code] ?? WORDS.malformed), ...(title && { title }) };
  const places = [
    ["File", fault.file],
    ["Object", fault.object],
    ["At byte", fault.offset?.toLocaleString()],
  ].filter((place) => place[1]);
  const text = [
    `${words.title} (${fault.code})`,
    doing,
    fault.message,
    ...places.map(([name, value]) => `${name}: ${value}`),
    `Page: ${location.origin}${location.pathname}`,
    `Browser: ${navigator.userAgent}`,
  ].join("\n");
  const close = element("button", { className: "main" }, "Close");
  close.addEventListener("click", () => store.patch({ trouble: null }));
  const copy = element("button", {}, "Copy details");
  copy.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    copy.textContent = copied ? "Copied" : "Select the text below to copy it";
    details.open ||= !copied;
  });
  const second = way && element("button", {}, way.label);
  second?.addEventListener("click", () => {
    store.patch({ trouble: null });
    way?.run();
  });
  const details = element("details", {}, element("summary", {}, "Details"), element("pre", {}, text));
  return element(
    "article",
    { "data-code": title ? "question" : fault.code },
    element("h2", {}, words.title),
    element("p", { className: "message" }, sentence(fault.message)),
    places.length > 0 &&
      element("dl", {}, ...places.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    element("p", { className: "advice" }, sentence(fault.advice ?? words.advice)),
    element("div", { className: "actions" }, close, second, copy),
    details,
  );
}

/** Messages are clauses; here they stand alone. @param {string} clause */
function sentence(clause) {
  const text = clause.trim();
  return text && `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
