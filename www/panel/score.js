/**
 * Several genes at once, their names typed or pasted in any form that lists come in: as one number per cell, or each by category; and the sets of them
 * that are kept.
 *
 * @import { Data } from "../load.js"
 * @import { GeneField } from "../engine/manifest.js"
 * @import { Store } from "../store.js"
 */
import { against } from "../against.js";
import { named, present } from "../named.js";
import { score } from "../restore.js";
import { apart } from "./apart.js";
import { element } from "./element.js";
import { lazy } from "./lazy.js";
import { sets } from "./sets.js";

/** @param {Store} store @param {HTMLElement} box @param {Data} data */
export function scores(store, box, data) {
  apart();
  const text = element("textarea", {
    rows: 5,
    placeholder: "CD3D, CD3E, TRAC",
    "aria-label": "Names of genes",
    spellcheck: false,
  });
  const by = element(
    "select",
    { "aria-label": "How genes are put together" },
    element("option", { value: "z" }, "Mean of z-scores"),
    element("option", { value: "mean" }, "Mean of values"),
  );
  const say = element("p", { className: "hint", role: "status" });
  const show = element("button", { className: "main", type: "submit" }, "Colour by the score");
  const kinds = /** @type {const} */ ({ dots: "Dot plot…", heat: "Heat map…", violins: "Violins…" });
  const each = Object.entries(kinds).map(([kind, name]) => {
    const button = element("button", { title: "Each gene in each category" }, name);
    button.addEventListener("click", async () => {
      const { found } = named(text.value, store.state.dataset?.genes ?? []);
      const made = await lazy(store, () => import("./dots.js"));
      box.hidePopover();
      made?.dots(store, data, found, /** @type {keyof typeof kinds} */ (kind));
    });
    return button;
  });
  const pair = element("button", { title: "The first two, cell by cell" }, "Scatter plot…");
  pair.addEventListener("click", () => {
    box.hidePopover();
    against(store, named(text.value, store.state.dataset?.genes ?? []).found.slice(0, 2));
  });
  const form = element(
    "form",
    {},
    element("h2", {}, "Several genes"),
    text,
    by,
    say,
    element("div", { className: "actions" }, show, ...each, pair),
  );
  const tell = () => {
    const { found, missing } = named(text.value, store.state.dataset?.genes ?? []);
    show.disabled = found.length === 0;
    for (const button of [...each, pair]) button.disabled = found.length === 0;
    const all = `${found.length} ${found.length === 1 ? "gene" : "genes"}`;
    say.textContent = missing.length
      ? `${all}; not in the dataset: ${missing.slice(0, 8).join(", ")}${missing.length > 8 ? "…" : ""}`
      : found.length
        ? all
        : "";
  };
  text.addEventListener("input", tell);
  store.subscribe(["dataset"], tell);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const genes = store.state.dataset?.genes ?? [];
    const { found } = named(text.value, genes);
    if (!found.length) return;
    // The genes of a set that is kept have its name.
    const kept = store.state.sets.find((one) => {
      const own = one.genes.length < found.length ? [] : present(one, genes);
      return own.length === found.length && found.every((other) => own.includes(other));
    });
    store.patch({ wanted: score(found, by.value === "z" ? "z" : "mean", kept?.name) });
    box.hidePopover();
  });
  tell();
  box.replaceChildren(form, sets(store, { text, by, box }));
}
