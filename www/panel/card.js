/**
 * The dataset in the header, and its card: what is in it, and what cannot be shown and why.
 *
 * @import { Opened } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { many } from "../words.js";
import { element, known } from "./element.js";
import { folder } from "./folder.js";

/** @param {Store} store */
export function card(store) {
  const [button, box] = [known("card-button", HTMLButtonElement), known("card", HTMLElement)];
  store.subscribe(["dataset"], ({ dataset }) => {
    button.hidden = !dataset;
    // Until then the page has the title that its host gave it.
    if (!dataset) return;
    document.title = `${dataset.name} · Cellucid`;
    const genes = dataset.description.n_vars;
    button.replaceChildren(
      element("span", { className: "name" }, dataset.name),
      element("span", { className: "number" }, `${many(dataset.cells, "cell")} × ${many(genes, "gene")}`),
    );
    // Lists that arrive later change what is said, not what is being chosen.
    const before = box.querySelector("details.save");
    const same = before instanceof HTMLElement && before.dataset.of === dataset.description.source;
    const part = same ? before : folder(store);
    part.dataset.of = dataset.description.source;
    box.replaceChildren(...content(dataset), part);
  });
}

/** @param {Opened} dataset */
function content({ name, cells, description, skipped }) {
  const { x, format, obsm, n_vars: genes } = description;
  /** @type {Array<[string, string]>} */
  const facts = [
    ["Format", format],
    ["Cells", cells.toLocaleString()],
    ["Genes", genes.toLocaleString()],
    ["Matrix X", x ? `${x.encoding}, ${x.dtype}` : "not in the file"],
    ["Drawn from", description.embeddings.map(({ dim, key }) => `${key} (${dim}D)`).join(", ") || "nothing"],
    ["obsm", obsm.map(({ key, shape }) => `${key} (${shape.slice(1).join(" × ")})`).join(", ") || "empty"],
    ["Neighbours", description.has_connectivity ? "yes" : "no"],
  ];
  const list = element("ul", {});
  for (const { object, reason } of skipped) {
    list.append(element("li", {}, element("code", {}, object), ` ${reason}`));
  }
  return [
    element("h2", {}, name),
    element("dl", {}, ...facts.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)])),
    element("h3", {}, skipped.length ? `Not shown (${skipped.length.toLocaleString()})` : "Everything in it can be shown."),
    skipped.length ? list : "",
  ];
}
