/**
 * Light and dark: the system's choice, unless the button says otherwise. The plot reads its colours from the style sheet, so a change
 * is announced in the store.
 *
 * @import { Store } from "../store.js"
 */
import { recall, remember } from "../kept.js";
import { known } from "./element.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const KEY = "cellucid.scheme";

/** The scheme in force. @returns {"light" | "dark"} */
export function scheme() {
  const chosen = document.documentElement.dataset.scheme;
  return chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
}

/** @param {Store} store */
export function theme(store) {
  const button = known("theme", HTMLButtonElement);
  const tell = () => {
    const other = scheme() === "dark" ? "light" : "dark";
    button.textContent = other === "dark" ? "☾" : "☀";
    button.title = `Use ${other} colours`;
    button.setAttribute("aria-label", button.title);
    store.patch({ theme: store.state.theme + 1 });
  };
  const kept = recall(KEY);
  if (kept) document.documentElement.dataset.scheme = kept;
  button.addEventListener("click", () => {
    const next = scheme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.scheme = next;
    remember(KEY, next);
    tell();
  });
  dark.addEventListener("change", tell);
  tell();
}
