/**
 * The left panel: one search box over the columns of obs and the genes, two lists, what was used lately, scores. Choosing a row asks for
 * that colour.
 *
 * @import { Field } from "../engine/manifest.js"
 * @import { Store } from "../store.js"
 */
import { against } from "../against.js";
import { anchor, element, known } from "./element.js";
import { lazy } from "./lazy.js";
import { Rows } from "./rows.js";
import { index } from "./search.js";

/** Fields used lately that are offered again. */
const CHIPS = 5;

/** @param {Store} store @param {import("../load.js").Data} data */
export function fields(store, data) {
  const box = known("search", HTMLInputElement);
  const lists = [list(store, "obs", "Cell fields"), list(store, "var", "Genes")];
  const find = () => {
    for (const one of lists) one.find(box.value);
  };
  box.addEventListener("input", find);
  box.addEventListener("keydown", (event) => {
    const first = lists.find((one) => one.found.length);
    if (event.key === "ArrowDown" && first) {
      first.rows.box.focus();
      first.rows.activate(0);
      event.preventDefault();
    } else if (event.key === "Enter") {
      const taken = best(lists, box.value);
      if (!taken) return;
      // Ready for the next name; what was taken stays in sight.
      box.value = "";
      find();
      taken.reveal();
    } else if (event.key === "Escape" && box.value) {
      box.value = "";
      find();
      event.preventDefault();
    }
  });
  store.subscribe(["dataset"], ({ dataset }) => {
    lists[0]?.fill(dataset?.fields ?? null);
    lists[1]?.fill(dataset?.genes ?? null);
    find();
  });
  store.subscribe(["source"], () => {
    box.value = "";
  });
  // How many labels a column has may be known only with its colours.
  store.subscribe(["wanted", "colour"], () => {
    for (const one of lists) one.mark();
  });
  const lately = known("recent", HTMLElement);
  store.subscribe(["recent", "wanted"], ({ recent, wanted }) => {
    const others = recent.filter(({ path }) => path !== wanted?.path);
    const chips = others.slice(0, CHIPS).map((field) => {
      const chip = element("button", { className: "chip", title: `Colour by ${field.key} again` }, field.key);
      chip.addEventListener("click", () => store.patch({ wanted: field }));
      return chip;
    });
    lately.replaceChildren(...chips);
    lately.hidden = chips.length === 0;
  });
  const [button, score] = [known("score-button", HTMLButtonElement), known("score", HTMLElement)];
  anchor(score, button);
  store.subscribe(["dataset"], ({ dataset }) => {
    button.hidden = !dataset?.genes?.length;
  });
  score.addEventListener("beforetoggle", async () => {
    if (score.childElementCount) return;
    const found = await lazy(store, () => import("./score.js"));
    found?.scores(store, score, data);
  });
  const beside = known("scatter-button", HTMLButtonElement);
  store.subscribe(["dataset"], ({ dataset }) => {
    beside.hidden = !dataset?.genes?.length && !dataset?.fields?.some(({ kind }) => kind === "continuous");
  });
  beside.addEventListener("click", () => against(store));
}

/** Enter in the box: the field of exactly that name, else the first found. @param {ReturnType<typeof list>[]} lists @param {string} text */
function best(lists, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return null;
  const firsts = lists.filter((one) => one.found.length);
  // Where two differ in nothing but the case of letters, as typed counts.
  const exact =
    firsts.find((one) => one.first()?.key === text.trim()) ?? firsts.find((one) => one.first()?.key.toLowerCase() === wanted);
  const taken = exact ?? firsts[0] ?? null;
  taken?.take();
  return taken;
}

/** @param {Store} store @param {"obs" | "var"} axis @param {string} name */
function list(store, axis, name) {
  const title = known(`${axis}-title`, HTMLHeadingElement);
  /** @type {Field[]} */
  let all = [];
  let search = index([]);
  let known_ = false;
  const rows = new Rows(known(`${axis}-list`, HTMLDivElement), {
    draw: (at) => draw(self.at(at)),
    choose: (at) => {
      const field = self.at(at);
      if (field) store.patch({ wanted: field });
    },
  });
  const self = {
    rows,
    /** @type {number[]} */
    found: [],
    /** @param {number} row */
    at: (row) => all[self.found[row] ?? -1],
    first: () => self.at(0),
    take: () => {
      const field = self.first();
      if (field) store.patch({ wanted: field });
    },
    /** @param {Field[] | null} fields */
    fill(fields) {
      if (all === fields) return;
      known_ = fields !== null;
      all = fields ?? [];
      search = index(all.map(({ key }) => key));
    },
    /** @param {string} text */
    find(text) {
      self.found = search(text);
      const count =
        self.found.length === all.length ? all.length : `${self.found.length.toLocaleString()} of ${all.length.toLocaleString()}`;
      title.replaceChildren(name, element("span", { className: "number" }, known_ ? count.toLocaleString() : "…"));
      self.mark();
    },
    place: () => self.found.findIndex((at) => all[at] === store.state.wanted),
    mark: () => rows.show(self.found.length, self.place()),
    reveal: () => rows.activate(self.place()),
  };
  return self;
}

/** @param {Field | undefined} field */
function draw(field) {
  if (!field) return [];
  const name = element("span", { className: "name", title: field.key }, field.key);
  if (field.axis === "var") return [name];
  const many = field.kind === "category" ? (field.count?.toLocaleString() ?? "") : "";
  const text = field.kind === "category" ? (many === "1" ? "1 category" : `${many} categories`.trim()) : "numbers";
  const glyph = element("span", { className: `glyph ${field.kind}`, title: text, role: "img", "aria-label": text });
  return many ? [glyph, name, element("span", { className: "number" }, many)] : [glyph, name];
}
