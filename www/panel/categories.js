/**
 * The legend of a category field: a row for each label with its count, switched on and off, shown alone, selected, given another colour,
 * found by text. One row at a time is reached by Tab, the others by arrows.
 *
 * @import { Data } from "../load.js"
 * @import { CategoryColour, State } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { held, pick, select } from "../select.js";
import { css, hex, missing } from "../view/colour.js";
import { element } from "./element.js";
import { lazy } from "./lazy.js";
import { toner } from "./paint.js";
import { scheme } from "./theme.js";

/** More rows than this are not made at once: the text box finds the others. */
const MOST = 400;

/**
 * @param {Store} store @param {HTMLElement} box @param {CategoryColour} colour @param {Data} data
 * @returns {() => void} takes the subscriptions back
 */
export function categoryLegend(store, box, colour, data) {
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
  const reset = element("button", { className: "quiet small", title: "The colours as they were", hidden: true }, "Reset colours");
  reset.addEventListener("click", () => {
    const { [field.path]: _, ...tones } = store.state.tones;
    store.patch({ tones });
  });
  const another = element(
    "button",
    { className: "quiet small", title: "How many cells they share with the categories of another field" },
    "By another field…",
  );
  another.addEventListener("click", async () =>
    (await lazy(store, () => import("./crossed.js")))?.byAnother(store, data, colour),
  );
  const names = element("input", { type: "checkbox" });
  names.addEventListener("change", () => store.patch({ labels: names.checked }));
  const title = `${field.labels.length.toLocaleString()} ${field.labels.length === 1 ? "category" : "categories"}`;
  box.replaceChildren(
    element("h2", {}, element("span", { className: "name", title: field.key }, field.key)),
    element("p", { className: "hint" }, title),
    element("div", { className: "actions" }, all, none, sort, another, reset),
    element("label", { className: "check" }, names, "Names on the plot"),
    codes.length > 12 ? find : "",
    rows,
    tell,
  );
  rows.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    const code = codeOf(target);
    if (target.type === "color") return recolour(code, target.value);
    const next = new Set(store.state.hidden);
    if (target.checked) next.delete(code);
    else next.add(code);
    hide(next);
  });
  rows.addEventListener("click", (event) => {
    const { target } = event;
    const button = target instanceof Element && target.closest("button");
    if (!button) return;
    if (button.classList.contains("only")) isolate(codeOf(button));
    else choose(codeOf(button), held(event) ?? undefined);
  });
  rows.addEventListener("dblclick", ({ target }) => {
    if (target instanceof Element && target.closest("label")) isolate(codeOf(target));
  });
  rows.addEventListener("focusin", ({ target }) => target instanceof Element && reach(target.closest("li")));
  rows.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (!(target instanceof HTMLInputElement) || target.type !== "checkbox") return;
    const all = [...rows.children];
    const at = all.indexOf(/** @type {Element} */ (target.closest("li")));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[key];
    if (key === "Enter" && event.altKey) isolate(codeOf(target));
    else if (key.toLowerCase() === "s") choose(codeOf(target), held(event) ?? undefined);
    else if (to !== undefined) go(all[Math.max(0, Math.min(to, all.length - 1))]);
    else return;
    event.preventDefault();
  });

  /** @param {Element | undefined} row */
  const go = (row) => row?.querySelector("label")?.querySelector("input")?.focus();
  /** @param {Element} part of a row */
  const codeOf = (part) => Number(part.closest("li")?.dataset.code);

  /** Only this row is reached by Tab. @param {HTMLElement | null} row */
  function reach(row) {
    for (const one of rows.children) {
      for (const part of one.querySelectorAll("input, button"))
        if (part instanceof HTMLElement) part.tabIndex = one === row ? 0 : -1;
    }
  }

  /** @param {number} code @param {string} value */
  function recolour(code, value) {
    const { tones } = store.state;
    store.patch({ tones: { ...tones, [field.path]: { ...tones[field.path], [code]: value } } });
  }

  /** @param {number} code @param {import("../state.js").Combine} [how] */
  function choose(code, how) {
    const { invisible, filtered } = store.state;
    const labels = field.labels.length;
    const found = pick(colour.codes.length, (cell) => {
      const own = colour.codes[cell] ?? labels;
      return (own < labels ? own : -1) === code && !invisible?.[cell] && !filtered?.[cell];
    });
    select(store, found, "annotation", how);
  }

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
    reach(/** @type {HTMLElement | null} */ (rows.firstElementChild));
  }

  /** @param {number} code */
  const label = (code) => (code < 0 ? "no value" : (field.labels[code] ?? ""));

  /** @param {number} code */
  function row(code) {
    const name = label(code);
    const shown = name || "(empty)";
    const tone = code < 0 ? missing(scheme()) : toner(colour, store.state.tones)(code);
    const swatch =
      code < 0
        ? element("span", { className: "swatch" })
        : element("input", { type: "color", value: hex(tone), title: `Colour of ${shown}`, "aria-label": `Colour of ${shown}` });
    swatch.style.setProperty(code < 0 ? "background-color" : "--tone", css(tone));
    const bar = element("span", { className: "bar" });
    bar.style.width = `${(100 * count(code)) / most}%`;
    /** @param {string} className @param {string} text @param {string} title */
    const button = (className, text, title) =>
      element("button", { className: `${className} small`, title, "aria-label": title.split(" (")[0] }, text);
    const made = element(
      "li",
      {},
      swatch,
      element(
        "label",
        {},
        element("input", { type: "checkbox" }),
        element("span", { className: code < 0 ? "name faint" : "name", title: name }, shown),
        element("span", { className: "number" }, count(code).toLocaleString()),
        bar,
      ),
      element(
        "span",
        { className: "acts" },
        button("pick", "Select", `Select ${shown} (S)`),
        button("only", "Only", `Show only ${shown} (Alt+Enter)`),
      ),
    );
    made.dataset.code = String(code);
    return made;
  }

  /** The rows stay, so that the colour being chosen keeps its window. @param {State} state */
  function retint({ tones }) {
    const tone = toner(colour, tones);
    for (const input of rows.querySelectorAll("input")) {
      if (input.type !== "color") continue;
      input.value = hex(tone(codeOf(input)));
      input.style.setProperty("--tone", input.value);
    }
    reset.hidden = !tones[field.path];
  }

  /** @param {State} state */
  function mark({ hidden, labels }) {
    names.checked = labels;
    for (const input of rows.querySelectorAll("input")) if (input.type === "checkbox") input.checked = !hidden.has(codeOf(input));
  }

  const leave = [
    store.subscribe(["hidden", "labels"], mark),
    store.subscribe(["theme"], fill),
    store.subscribe(["tones"], retint),
  ];
  fill();
  return () => {
    for (const stop of leave) stop();
  };
}
