/**
 * The legend of a category field: a row for each label with its count, switched on and off, shown alone, found by text.
 *
 * @import { CategoryColour, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { category, css, missing } from "../view/colour.js";
import { element } from "./element.js";
import { scheme } from "./theme.js";

/** More rows than this are not made at once: the text box finds the others. */
const MOST = 400;

/**
 * @param {Store} store @param {HTMLElement} box @param {CategoryColour} colour
 * @returns {() => void} takes the subscriptions back
 */
export function categoryLegend(store, box, colour) {
  const { field, counts } = colour;
  const codes = [...field.labels.keys()];
  if (colour.missing) codes.push(-1);
  const count = (/** @type {number} */ code) => (code < 0 ? colour.missing : (counts[code] ?? 0));
  const most = Math.max(1, ...codes.map(count));
  let [text, bySize] = ["", false];

  const rows = element("ul", { className: "categories" });
  const tell = element("p", { className: "hint" });
  const find = element("input", { type: "search", placeholder: "Find a category", "aria-label": "Find a category" });
  find.addEventListener("input", () => {
    text = find.value.trim().toLowerCase();
    fill();
  });
  const sort = element("button", { className: "quiet small", "aria-pressed": "false", title: "Largest first" }, "By size");
  sort.addEventListener("click", () => {
    bySize = !bySize;
    sort.setAttribute("aria-pressed", String(bySize));
    fill();
  });
  const all = element("button", { className: "quiet small" }, "Show all");
  all.addEventListener("click", () => hide(new Set()));
  const none = element("button", { className: "quiet small" }, "Hide all");
  none.addEventListener("click", () => hide(new Set(codes)));
  const names = element("input", { type: "checkbox" });
  names.addEventListener("change", () => store.patch({ labels: names.checked }));
  const title = `${field.labels.length.toLocaleString()} ${field.labels.length === 1 ? "category" : "categories"}`;
  box.replaceChildren(
    element("h2", {}, element("span", { className: "name", title: field.key }, field.key)),
    element("p", { className: "hint" }, title),
    element("div", { className: "actions" }, all, none, sort),
    element("label", { className: "check" }, names, "Names on the plot"),
    codes.length > 12 ? find : "",
    rows,
    tell,
  );
  rows.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    const next = new Set(store.state.hidden);
    if (event.target.checked) next.delete(Number(event.target.value));
    else next.add(Number(event.target.value));
    hide(next);
  });
  rows.addEventListener("click", (event) => {
    const only = event.target instanceof Element && event.target.closest(".only");
    if (only instanceof HTMLButtonElement) isolate(Number(only.value));
  });
  rows.addEventListener("dblclick", (event) => {
    const input = event.target instanceof Element && event.target.closest("li")?.querySelector("input");
    if (input) isolate(Number(input.value));
  });
  rows.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.altKey || !(event.target instanceof HTMLInputElement)) return;
    isolate(Number(event.target.value));
    event.preventDefault();
  });

  /** @param {ReadonlySet<number>} hidden */
  function hide(hidden) {
    store.patch({ hidden, hover: null });
  }

  /** Shows one category alone; asked again, all of them. @param {number} code */
  function isolate(code) {
    const others = new Set(codes.filter((other) => other !== code));
    const alone = !store.state.hidden.has(code) && store.state.hidden.size === others.size;
    hide(alone ? new Set() : others);
  }

  function fill() {
    const found = text ? codes.filter((code) => label(code).toLowerCase().includes(text)) : [...codes];
    if (bySize) found.sort((a, b) => count(b) - count(a));
    rows.replaceChildren(...found.slice(0, MOST).map(row));
    const left = found.length - MOST;
    tell.textContent =
      left > 0 ? `${left.toLocaleString()} more: find them by name.` : found.length ? "" : "No category of that name.";
    mark(store.state);
  }

  /** @param {number} code */
  const label = (code) => (code < 0 ? "no value" : (field.labels[code] ?? ""));

  /** @param {number} code */
  function row(code) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.backgroundColor = css(code < 0 ? missing(scheme()) : category(code));
    const bar = element("span", { className: "bar" });
    bar.style.width = `${(100 * count(code)) / most}%`;
    const name = label(code);
    const only = element(
      "button",
      { className: "only small", value: String(code), title: `Show only ${name} (Alt+Enter)` },
      "Only",
    );
    only.setAttribute("aria-label", `Show only ${name}`);
    return element(
      "li",
      {},
      element(
        "label",
        {},
        element("input", { type: "checkbox", value: String(code) }),
        swatch,
        element("span", { className: code < 0 ? "name faint" : "name", title: name }, name || "(empty)"),
        element("span", { className: "number" }, count(code).toLocaleString()),
        bar,
      ),
      only,
    );
  }

  /** @param {State} state */
  function mark({ hidden, labels }) {
    names.checked = labels;
    for (const input of rows.querySelectorAll("input")) input.checked = !hidden.has(Number(input.value));
  }

  const leave = [store.subscribe(["hidden", "labels"], mark), store.subscribe(["theme"], fill)];
  fill();
  return () => {
    for (const stop of leave) stop();
  };
}
