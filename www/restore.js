/**
 * Looking again as before: from a session file, or from a link.
 *
 * @import { Data } from "./load.js"
 * @import { AnyField, Colour, Filter, Pane, State } from "./state.js"
 * @import { Store } from "./store.js"
 * @import { Name } from "./capture.js"
 */
import { read, unpack } from "./bridge/bundle.js";
import { Fault } from "./engine/fault.js";
import { joined, sound } from "./geneset.js";
import { RAMPS } from "./view/ramps.js";
import { many } from "./words.js";

/** Parameter of the page's fragment that holds a view. */
const PARAMETER = "view";

/**
 * Applies a session to the dataset that is open.
 *
 * @param {Store} store @param {Data} data @param {Blob} file
 * @returns {Promise<string>} what was done, in words
 */
export async function session(store, data, file) {
  const { dataset } = store.state;
  if (!dataset) throw refuse("no dataset is open", "Open the dataset first, then the session.");
  const { manifest, ids, chunk } = read(new Uint8Array(await file.arrayBuffer()));
  const print = /** @type {Record<string, unknown>} */ (manifest.datasetFingerprint ?? {});
  const { cellCount, varCount, datasetId } = print;
  if (typeof cellCount === "number" && cellCount !== dataset.cells) {
    throw refuse(
      `the session was saved for ${cellCount.toLocaleString()} cells, this dataset has ${dataset.cells.toLocaleString()}`,
      "Open the dataset that the session belongs to, then the session.",
    );
  }
  const json = async (/** @type {string} */ id) => {
    try {
      return ids.includes(id) ? JSON.parse(new TextDecoder().decode(await chunk(id))) : null;
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault({ code: "malformed", message: `the session's part "${id}" is not JSON` });
    }
  };
  const meta = await json("highlights/meta");
  /** @type {State["highlights"]} */
  const highlights = [];
  /** @type {State["selection"]} */
  let selection = null;
  for (const page of list(meta?.pages)) {
    for (const group of list(page.highlightedGroups)) {
      const id = `highlights/cells/${group.id}`;
      if (!ids.includes(id)) continue;
      const cells = unpack(await chunk(id));
      const last = cells.at(-1) ?? 0;
      if (last >= dataset.cells) throw new Fault({ code: "malformed", message: `group "${group.label}" names cell ${last}` });
      const label = String(group.label ?? group.id);
      if (String(group.id).endsWith("_selection")) selection = { cells, source: String(group.type ?? "session") };
      else {
        const color = /^#[0-9a-f]{6}$/i.test(page.color) ? String(page.color) : "#808080";
        highlights.push({
          id: String(group.id),
          label,
          color,
          cells,
          ...(group.type !== "python" && { type: String(group.type) }),
        });
      }
    }
  }
  const view = await json("cellucid-wasm/view");
  const genes = sound(await json("cellucid-wasm/gene-sets"));
  store.patch({ highlights, selection, ...(genes.length > 0 && { sets: joined(store.state.sets, genes) }) });
  const missing = view ? await look(store, data, view) : [];
  const other = (datasetId && datasetId !== dataset.description.id) || (varCount && varCount !== dataset.description.n_vars);
  const words = [`${highlights.length} groups restored`];
  if (genes.length) words.push(many(genes.length, "gene set"));
  if (other) words.push("the session names another dataset of the same number of cells");
  if (missing.length) words.push(`not found here: ${missing.join(", ")}`);
  return words.join("; ");
}

/** The present view as an address. @param {unknown} captured @param {string} source */
export async function link(captured, source) {
  const address = new URL(location.href.split(/[?#]/)[0] ?? "");
  address.search = new URLSearchParams({ url: source }).toString();
  const bytes = new TextEncoder().encode(JSON.stringify(captured));
  const packed = new Uint8Array(await through(bytes, new CompressionStream("deflate-raw")));
  const text = btoa(String.fromCharCode(...packed))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  address.hash = `${PARAMETER}=${text}`;
  return address.href;
}

/** Looks as the page's address says. @param {Store} store @param {Data} data */
export async function follow(store, data) {
  const text = new URLSearchParams(location.hash.slice(1)).get(PARAMETER) ?? "";
  try {
    const packed = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const bytes = await through(packed, new DecompressionStream("deflate-raw"), 1 << 22);
    const missing = await look(store, data, JSON.parse(new TextDecoder().decode(bytes)));
    // How it was sent is where it begins: there is nothing to take back.
    store.forget();
    if (missing.length) store.patch({ notice: `The link names what is not here: ${missing.join(", ")}` });
  } catch {
    store.patch({ notice: "The view in the link is damaged: the dataset is shown as it comes." });
  }
}

/**
 * Every part that is wrong or not there is left out, and named.
 *
 * @param {Store} store @param {Data} data @param {any} view
 * @returns {Promise<string[]>} fields that are not in the dataset
 */
export async function look(store, data, view) {
  /** @type {string[]} */
  const missing = [];
  /** @param {unknown} given @returns {Promise<Colour | null>} */
  const load = async (given) => {
    const field = find(store.state, given);
    const found = field && (await data.colour(field));
    if (!found) missing.push(String(Object(given).key));
    return found;
  };
  const { dataset } = store.state;
  const fields = [
    view.field ?? { axis: view.axis, key: view.colour },
    ...list(view.filters).map(({ field }) => field),
    ...list(view.panes).map(({ field }) => field),
    ...list(view.tips),
  ];
  // All at once: a matrix may have to be gone through for each gene else.
  const [main = null, ...rest] = await Promise.all(fields.map((field) => (field?.key == null ? null : load(field))));
  /** @type {Filter[]} */
  const filters = [];
  for (const [at, { on, out, range, missing: none, most }] of list(view.filters).entries()) {
    const colour = rest[at];
    if (!colour) continue;
    const filter = { id: at + 1, on: on !== false, colour, missing: none === true };
    if (typeof most === "number" && colour.kind === "category" && colour.field.outliers) {
      const bytes = await data.file(colour.field.outliers, "Loading outliers");
      if (bytes?.byteLength === 4 * (dataset?.cells ?? 0))
        filters.push({ ...filter, outliers: { most, quantiles: new Float32Array(bytes) } });
    } else if (colour.kind === "category") filters.push({ ...filter, out: new Set(list(out).filter(Number.isInteger)) });
    else filters.push({ ...filter, range: [range?.[0] ?? -Infinity, range?.[1] ?? Infinity] });
  }
  const after = list(view.filters).length;
  /** @type {Pane[]} */
  const panes = list(view.panes).flatMap(({ hidden, range }, at) => {
    const colour = rest[after + at];
    return colour ? [{ colour, hidden: new Set(list(hidden)), range: pair(range) ?? [0, 1] }] : [];
  });
  const tips = rest.slice(after + list(view.panes).length).filter((one) => one !== null);
  if (main) {
    store.patch({
      wanted: main.field,
      colour: main,
      hidden: new Set(list(view.hidden).filter(Number.isInteger)),
      range: pair(view.range) ?? (main.kind === "continuous" ? main.summary.range : [0, 1]),
    });
  }
  const dimension = dataset?.dimensions.some((one) => one.dimension === view.dimension) ? view.dimension : store.state.dimension;
  const chosen = /** @type {Array<keyof typeof RAMPS>} */ (Object.keys(RAMPS)).find((ramp) => ramp === view.ramp?.name);
  store.patch({
    filters,
    panes,
    tips,
    dimension,
    ...(chosen && { ramp: { name: chosen, reverse: view.ramp.reverse === true, log: view.ramp.log === true } }),
    ...(view.size > 0 && { size: Math.min(8, Number(view.size)) }),
    ...(view.opacity > 0 && { opacity: Math.min(1, Number(view.opacity)) }),
    density: view.density === true,
    tones: tones(view.tones),
    labels: view.labels === true,
    muted: view.muted !== false,
    edges: view.edges === true && dataset?.description.has_connectivity === true,
    flow: dataset?.description.vector_fields.includes(view.flow?.field)
      ? { field: view.flow.field, style: view.flow.style === "arrows" ? "arrows" : "streams" }
      : null,
  });
  await there(store, dimension);
  const layout = typeof view.layout === "string" ? view.layout : "";
  if (layout !== (store.state.points?.key ?? "")) await (await import("./layout.js")).lay(store, data, layout);
  const [across, up] = list(view.scatter?.fields).map((field) => find(store.state, field));
  const log = list(view.scatter?.log);
  const without = view.scatter?.without === true;
  store.patch({ scatter: across && up ? { fields: [across, up], log: [log[0] === true, log[1] === true], without } : null });
  const { camera } = view;
  if (fits(camera) && (camera.mode === "orbit") === (store.state.points?.dimension === 3)) store.patch({ camera });
  return missing;
}

/** @param {State} state @param {any} name @returns {AnyField | null} */
function find({ dataset }, name) {
  if (!name || !dataset) return null;
  const { axis, key, genes: parts, by } = /** @type {Name} */ (name);
  if (axis === "obs") return dataset.fields?.find((field) => field.key === key) ?? null;
  if (axis === "var") return dataset.genes?.find((field) => field.key === key) ?? null;
  const genes = list(parts).map((part) => dataset.genes?.find((field) => field.key === part));
  return genes.length && genes.every((gene) => gene !== undefined)
    ? score(genes, by === "z" ? "z" : "mean", typeof key === "string" ? key : "")
    : null;
}

/**
 * @param {import("./engine/manifest.js").GeneField[]} genes @param {"mean" | "z"} by @param {string} [label] what it is called, where that is
 * not what it is made of
 * @returns {import("./state.js").ScoreField}
 */
export function score(genes, by, label) {
  const names = genes.map(({ key }) => key);
  const made = names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
  const key = label || made;
  const path = `score ${by} ${JSON.stringify(key === made ? names : [key, names])}`;
  return { axis: "score", kind: "continuous", key, path, genes, by };
}

/** Waits until the points of a dimension are drawn, or cannot be had. @param {Store} store @param {number} dimension @returns {Promise<void>} */
function there(store, dimension) {
  const over = () => store.state.points?.dimension === dimension || store.state.dimension !== dimension;
  if (over()) return Promise.resolve();
  return new Promise((done) => {
    const stop = store.subscribe(["points", "dimension"], () => {
      if (!over()) return;
      stop();
      done();
    });
  });
}

/** @param {any} camera */
function fits(camera) {
  if (!camera || (camera.mode !== "flat" && camera.mode !== "orbit")) return false;
  const { target, reach, home, yaw, pitch } = camera;
  return (
    Array.isArray(target) &&
    target.length === 3 &&
    [...target, reach, home, yaw, pitch].every(Number.isFinite) &&
    reach > 0 &&
    home > 0
  );
}

/** @param {any} given @returns {State["tones"]} */
function tones(given) {
  /** @type {State["tones"]} */
  const out = {};
  for (const [path, own] of Object.entries(given ?? {})) {
    const fine = Object.entries(own ?? {}).filter(([code, tone]) => /^\d+$/.test(code) && /^#[0-9a-f]{6}$/i.test(String(tone)));
    if (fine.length) out[path] = Object.fromEntries(fine);
  }
  return out;
}

/** @param {any} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : []);
/** @param {any} value @returns {[number, number] | null} */
const pair = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) ? [value[0], value[1]] : null;
/** @param {string} message @param {string} advice */
const refuse = (message, advice) => new Fault({ code: "request", message, advice });

/** @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream | DecompressionStream} stream @param {number} [most] */
async function through(bytes, stream, most = Infinity) {
  const parts = [];
  let length = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(stream)) {
    length += part.length;
    if (length > most) throw new Error("too long");
    parts.push(part);
  }
  return new Blob(parts).arrayBuffer();
}
