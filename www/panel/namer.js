/**
 * Boxes in which numbers are named: columns, genes, a score that was used lately. A part of a name will do.
 *
 * @import { AnyField } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { element } from "./element.js";
import { index } from "./search.js";

/** Names offered while one is typed. */
const OFFERED = 30;

/** @param {Store} store */
export function namer(store) {
  const names = element("datalist", { id: "scatter-names" });
  /** @type {AnyField[]} */
  let candidates = [];
  let find = index([]);

  /** What there is to be named, as the dataset is now. */
  function renew() {
    const { dataset, recent, colour } = store.state;
    const scores = [...recent, ...(colour ? [colour.field] : [])].filter(({ axis }) => axis === "score");
    const numbers = (dataset?.fields ?? []).filter(({ kind }) => kind === "continuous");
    candidates = [...numbers, ...new Set(scores), ...(dataset?.genes ?? [])];
    find = index(candidates.map(({ key }) => key));
  }

  /** @param {string} text */
  function offer(text) {
    const exact = candidates.some(({ key }) => key === text);
    const found = find(exact ? "" : text).slice(0, OFFERED);
    names.replaceChildren(...found.map((at) => element("option", { value: candidates[at]?.key ?? "" })));
  }

  /** @param {string} text */
  function named(text) {
    const low = text.toLowerCase();
    const exact = candidates.find(({ key }) => key === text) ?? candidates.find(({ key }) => key.toLowerCase() === low);
    return exact ?? (text ? candidates[find(text)[0] ?? -1] : undefined);
  }

  /**
   * @param {string} label @param {(field: AnyField | undefined, text: string) => void} taken nothing where there is nothing of that name
   */
  function box(label, taken) {
    const input = element("input", { type: "text", "aria-label": label, autocomplete: "off", spellcheck: false });
    input.setAttribute("list", names.id);
    input.addEventListener("focus", () => offer(input.value));
    input.addEventListener("input", () => offer(input.value));
    // What was put there by a program is a change only to who looks when it is left.
    for (const done of ["change", "blur"])
      input.addEventListener(done, () => taken(named(input.value.trim()), input.value.trim()));
    return input;
  }

  renew();
  return { names, renew, box };
}
