/**
 * A list of any length of which only the visible rows exist. Works as a listbox: arrows, Home, End and page keys move, Enter chooses.
 *
 * @typedef {object} Shape
 * @property {(index: number) => Array<Node | string>} draw what a row holds
 * @property {(index: number) => void} choose
 */
import { element } from "./element.js";

const HEIGHT = 28;

export class Rows {
  #count = 0;
  #active = -1;
  #chosen = -1;

  /** @param {HTMLElement} box @param {Shape} shape */
  constructor(box, { draw, choose }) {
    this.box = box;
    this.draw = draw;
    this.choose = choose;
    this.inside = element("div", { className: "rows", role: "presentation" });
    box.replaceChildren(this.inside);
    box.addEventListener("scroll", () => this.#render(), { passive: true });
    new ResizeObserver(() => this.#render()).observe(box);
    box.addEventListener("click", (event) => {
      const row = event.target instanceof Element && event.target.closest("[role=option]");
      if (row instanceof HTMLElement) this.#pick(Number(row.dataset.index));
    });
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("focus", () => {
      // Not for a pointer: drawing anew between press and release would lose its click.
      if (this.#active < 0 && box.matches(":focus-visible")) this.activate(Math.max(0, this.#chosen));
    });
  }

  /** @param {number} count @param {number} chosen index of the chosen row, -1 for none */
  show(count, chosen) {
    if (count !== this.#count) this.box.scrollTop = 0;
    this.#count = count;
    this.#chosen = chosen;
    this.#active = Math.min(this.#active, count - 1);
    this.inside.style.height = `${count * HEIGHT}px`;
    this.box.style.setProperty("--rows", String(count));
    this.#render();
  }

  /** Moves the cursor to a row and brings it into view. @param {number} index */
  activate(index) {
    if (!this.#count) return;
    this.#active = Math.min(this.#count - 1, Math.max(0, index));
    const top = this.#active * HEIGHT;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + HEIGHT > scrollTop + clientHeight) this.box.scrollTop = top + HEIGHT - clientHeight;
    this.#render();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / HEIGHT) - 1);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#count, End: this.#count };
    const step = steps[event.key];
    if (step !== undefined) this.activate(this.#active + step);
    else if (event.key === "Enter" || event.key === " ") this.#pick(this.#active);
    else return;
    event.preventDefault();
  }

  /** @param {number} index */
  #pick(index) {
    if (index < 0 || index >= this.#count) return;
    this.#active = index;
    this.choose(index);
    this.#render();
  }

  #render() {
    const { box } = this;
    const from = Math.max(0, Math.floor(box.scrollTop / HEIGHT) - 4);
    const to = Math.min(this.#count, Math.ceil((box.scrollTop + (box.clientHeight || 400)) / HEIGHT) + 4);
    const rows = [];
    for (let index = from; index < to; index++) {
      const row = element(
        "div",
        {
          id: `${box.id}-${index}`,
          role: "option",
          className: index === this.#active ? "row active" : "row",
          "aria-selected": String(index === this.#chosen),
          "aria-setsize": this.#count,
          "aria-posinset": index + 1,
        },
        ...this.draw(index),
      );
      row.dataset.index = String(index);
      row.style.transform = `translateY(${index * HEIGHT}px)`;
      rows.push(row);
    }
    this.inside.replaceChildren(...rows);
    const shown = this.#active >= from && this.#active < to;
    if (shown) box.setAttribute("aria-activedescendant", `${box.id}-${this.#active}`);
    else box.removeAttribute("aria-activedescendant");
  }
}
