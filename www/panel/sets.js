/**
 * Gene sets that are kept: named, changed, removed, coloured by, brought from files and taken along. The list of genes above them is where
 * one is written.
 *
 * @import { GeneSet } from "../state.js"
 * @import { Store } from "../store.js"
 */
import { Fault } from "../engine/fault.js";
import { joined } from "../geneset.js";
import { named, present } from "../named.js";
import { score } from "../restore.js";
import { many } from "../words.js";
import { element } from "./element.js";
import { lazy } from "./lazy.js";

/** Sets listed at once; above so many, parts of names find others. */
const [MOST, FEW] = [60, 8];

/**
 * @param {Store} store
 * @param {{ text: HTMLTextAreaElement, by: HTMLSelectElement, box: HTMLElement }} writing where genes are written, and how they are put
 * together
 */
export function sets(store, { text, by, box }) {
  /** The set that is written at the moment. */
  let open = "";
  const name = element("input", { type: "text", placeholder: "Name", "aria-label": "Name of the gene set" });
  const about = element("input", {
    type: "text",
    placeholder: "What it is, if you like",
    "aria-label": "Description of the gene set",
  });
  const keep = element("button", { type: "submit" }, "Keep");
  const form = element("form", { className: "keep" }, name, about, keep);
  const say = element("p", { className: "hint", role: "status" });
  const search = element("input", { type: "search", placeholder: "Find a gene set", "aria-label": "Find a gene set" });
  const list = element("ul", { className: "sets" });
  const file = element("input", { type: "file", accept: ".csv,.tsv,.gmt,.txt", hidden: true, id: "sets-file" });
  const bring = act("Open file…", "Gene sets from a file: CELLxGENE's table (CSV), or GMT", () => file.click());
  const saves = ["CSV", "GMT"].map((kind) => act(`Save as ${kind}`, "", () => save(kind)));
  const part = element(
    "section",
    { "aria-labelledby": "sets-title" },
    element("h2", { id: "sets-title" }, "Gene sets"),
    form,
    say,
    search,
    list,
    element("div", { className: "actions" }, bring, file, ...saves),
  );

  /** @param {string} label @param {string} title @param {() => void} run @param {string} [whole] */
  function act(label, title, run, whole) {
    const made = element("button", { className: "quiet small", ...(title && { title }), "aria-label": whole }, label);
    made.addEventListener("click", run);
    return made;
  }
  const genes = () => store.state.dataset?.genes ?? [];
  const find = (/** @type {string} */ wanted) => store.state.sets.find((one) => one.name === wanted);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    const { found, missing } = named(text.value, genes());
    if (!wanted || !(found.length + missing.length)) {
      say.textContent = wanted ? "Write the genes of the set into the box above first." : "Give the set a name.";
      (wanted ? text : name).focus();
      return;
    }
    const before = find(open) ?? find(wanted);
    // What was told of a gene stays with it.
    const told = new Map(before?.genes.map(({ symbol, description }) => [symbol, description]));
    const symbols = [...found.map(({ key }) => key), ...missing];
    const made = {
      name: wanted,
      description: about.value.trim(),
      genes: symbols.map((symbol) => ({ symbol, description: told.get(symbol) ?? "" })),
    };
    const other = wanted !== open && find(wanted);
    const rest = store.state.sets.filter((one) => one !== other);
    const at = rest.findIndex((one) => one.name === open);
    const sets = at < 0 ? [...rest, made] : rest.map((one, place) => (place === at ? made : one));
    store.patch({ sets });
    const changed = at >= 0 && open !== wanted ? `${open} is ${wanted} now` : `${wanted} is kept`;
    const lost = other ? ", in place of the one of that name (Undo takes it back)" : "";
    const none = missing.length
      ? ` ${many(missing.length, "name")} of it ${missing.length === 1 ? "is" : "are"} not in this dataset.`
      : "";
    open = wanted;
    draw();
    say.textContent = `${changed}${lost}: ${many(symbols.length, "gene")}.${none}`;
  });

  /** Writes a set into the boxes, or clears them. @param {GeneSet | null} one */
  function write(one) {
    open = one?.name ?? "";
    name.value = open;
    about.value = one?.description ?? "";
    text.value = one?.genes.map(({ symbol }) => symbol).join("\n") ?? "";
    text.dispatchEvent(new Event("input"));
    say.textContent = one ? `${one.name} is in the boxes: change it and keep it, or draw its genes by category.` : "";
    draw();
  }

  /** @param {GeneSet} one */
  function row(one) {
    const here = present(one, genes());
    const gone = one.genes.length - here.length;
    const title = [one.description, gone ? `${gone.toLocaleString()} of its genes are not in this dataset` : ""]
      .filter(Boolean)
      .join("; ");
    const edit = act(one.name, title || "Write it into the boxes", () => write(open === one.name ? null : one));
    edit.className = "quiet small name";
    edit.setAttribute("aria-pressed", String(open === one.name));
    const colour = act(
      "Colour",
      "Colour by its score",
      () => {
        store.patch({ wanted: score(here, by.value === "z" ? "z" : "mean", one.name) });
        box.hidePopover();
      },
      `Colour by ${one.name}`,
    );
    colour.disabled = !here.length;
    const remove = act(
      "Remove",
      "",
      () => {
        store.patch({ sets: store.state.sets.filter((other) => other !== one) });
        if (open === one.name) write(null);
        say.textContent = `${one.name} is removed (Undo takes it back).`;
        bring.focus();
      },
      `Remove ${one.name}`,
    );
    const count = gone ? `${here.length} of ${one.genes.length}` : one.genes.length.toLocaleString();
    return element("li", {}, edit, element("span", { className: "number", title: "genes" }, count), colour, remove);
  }

  function draw() {
    const { sets } = store.state;
    const wanted = search.value.trim().toLowerCase();
    const found = sets.filter((one) => one.name.toLowerCase().includes(wanted));
    search.hidden = sets.length <= FEW;
    const more = found.length - MOST;
    list.replaceChildren(
      ...found.slice(0, MOST).map(row),
      ...(more > 0 ? [element("li", { className: "hint" }, `${more.toLocaleString()} more: a part of a name finds them`)] : []),
      ...(sets.length
        ? []
        : [element("li", { className: "hint" }, "Those that you keep are listed here, and are there again next time.")]),
    );
    for (const one of saves) one.disabled = !sets.length;
    keep.textContent = find(open) ? "Keep changes" : "Keep";
  }

  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    file.value = "";
    const made = chosen && (await lazy(store, () => import("../setfiles.js")));
    if (!made) return;
    try {
      const given = await made.read(chosen);
      const known = new Set(store.state.sets.map((one) => one.name));
      const again = given.filter((one) => known.has(one.name)).length;
      store.patch({ sets: joined(store.state.sets, given) });
      const none = given.filter((one) => !present(one, genes()).length).length;
      say.textContent = [
        `${many(given.length, "gene set")} from ${chosen.name}.`,
        again && `${again.toLocaleString()} took the place of one of the same name (Undo takes it back).`,
        none && `${none.toLocaleString()} of them have no gene of this dataset.`,
      ]
        .filter(Boolean)
        .join(" ");
    } catch (error) {
      store.patch({ trouble: { fault: Fault.from(error), doing: "Opening gene sets" } });
    }
  });

  /** @param {string} kind */
  async function save(kind) {
    const made = await lazy(store, () => Promise.all([import("../setfiles.js"), import("../table.js")]));
    if (!made) return;
    const [{ table, lines }, { saveText }] = made;
    const { sets, dataset } = store.state;
    const title = `${dataset?.name ?? "cells"} gene sets`;
    if (kind === "CSV") saveText(table(sets), `${title}.csv`, "text/csv");
    else saveText(lines(sets), `${title}.gmt`, "text/tab-separated-values");
  }

  search.addEventListener("input", draw);
  store.subscribe(["sets", "dataset"], () => {
    say.textContent = "";
    draw();
  });
  draw();
  return part;
}
