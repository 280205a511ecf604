/** Making DOM without markup: text can only ever become text. */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties] properties; names with a dash are attributes
 * @param {...(Node | string | null | false | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  // A button without a type would submit the form around it.
  if (made instanceof HTMLButtonElement) made.type = "button";
  const bag = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (made));
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.includes("-") || name === "role") made.setAttribute(name, String(value));
    else bag[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/**
 * The same for drawings.
 *
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function drawing(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** A symbol of 16 by 16. @param {string} path */
export function icon(path) {
  return drawing("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, drawing("path", { d: path }));
}

/**
 * Puts a popover below its button whenever it opens, within the window.
 *
 * @param {HTMLElement} popover @param {HTMLElement} button
 */
export function anchor(popover, button) {
  popover.addEventListener("toggle", () => {
    const open = popover.matches(":popover-open");
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place();
  });
  // What is in it may come later.
  new ResizeObserver(() => popover.matches(":popover-open") && place()).observe(popover);

  function place() {
    const { left, right, top, bottom } = button.getBoundingClientRect();
    const width = popover.offsetWidth;
    const from = left + width > innerWidth - 8 ? right - width : left;
    popover.style.left = `${Math.max(8, Math.min(from, innerWidth - width - 8))}px`;
    // Below the button, or above where there is more room.
    const below = innerHeight - bottom > top;
    popover.style.top = below ? `${bottom + 6}px` : "auto";
    popover.style.bottom = below ? "auto" : `${innerHeight - top + 6}px`;
    popover.style.maxHeight = `${(below ? innerHeight - bottom : top) - 20}px`;
  }
}

/**
 * An element that index.html is known to have.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function known(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} named ${id}`);
}
