/** On a narrow screen the side panels are sheets, one at a time, opened by buttons in the header. */

import { known } from "./element.js";

export function sheets() {
  const buttons = [...known("sheets", HTMLElement).querySelectorAll("button")];
  /** @param {string | null} name */
  const show = (name) => {
    for (const button of buttons) {
      const own = button.getAttribute("aria-controls") ?? "";
      button.setAttribute("aria-expanded", String(own === name));
      document.getElementById(own)?.classList.toggle("open", own === name);
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      show(button.getAttribute("aria-expanded") === "true" ? null : button.getAttribute("aria-controls"));
    });
  }
  addEventListener("keydown", (event) => event.key === "Escape" && show(null));
}
