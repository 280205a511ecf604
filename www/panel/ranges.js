/**
 * Ranges of two axes by numbers: the twin of a rectangle drawn by hand, which writes them.
 *
 * @import { Combine } from "../state.js"
 */
import { held } from "../select.js";
import { element } from "./element.js";

/**
 * @param {readonly string[]} sides names of the axes
 * @param {{ choose: (how: Combine | undefined) => void, closer: () => void, say: (words: string) => void }} on
 */
export function ranges(sides, { choose, closer, say }) {
  const ends = sides.map((side) =>
    ["least", "greatest"].map((end) =>
      element("input", { type: "number", step: "any", "aria-label": `${side}: ${end}`, placeholder: end }),
    ),
  );
  const zoom = element("button", { className: "quiet small", type: "button", title: "Show only these ranges" }, "Zoom in");
  zoom.addEventListener("click", closer);
  const form = element(
    "form",
    { className: "ranges" },
    ...sides.flatMap((side, at) => [element("span", {}, side), ...(ends[at] ?? [])]),
    element(
      "div",
      { className: "actions" },
      element("button", { className: "small", type: "submit" }, "Select these cells"),
      zoom,
    ),
  );
  /** How the button was pressed: a submission does not tell. @type {Combine | undefined} */
  let how;
  form.addEventListener("click", (event) => {
    how = held(event) ?? undefined;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(how);
    how = undefined;
  });

  return {
    box: element("details", {}, element("summary", {}, "By numbers"), form),
    /** Null where they make no sense, which is said. @returns {Array<[number, number]> | null} */
    read() {
      const found = ends.map(([least, most]) => {
        const end = (/** @type {HTMLInputElement | undefined} */ input, /** @type {number} */ none) =>
          input && Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : none;
        return /** @type {[number, number]} */ ([end(least, -Infinity), end(most, Infinity)]);
      });
      const wrong = found.findIndex(([least, most]) => least > most);
      if (wrong < 0) return found;
      say(`${sides[wrong]}: the least is more than the greatest. Exchange them, or leave one of them empty.`);
      ends[wrong]?.[0]?.focus();
      return null;
    },
    /** @param {number} side @param {[number, number]} range @param {number} digits */
    write(side, range, digits) {
      ends[side]?.forEach((input, end) => {
        input.value = String(Number((range[end] ?? 0).toPrecision(digits)));
      });
    },
    clear() {
      for (const input of ends.flat()) input.value = "";
    },
  };
}
