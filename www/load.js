/**
 * From what is asked for to what is shown: watches `source`, `dimension` and `wanted` in the store, reads the virtual files through
 * the engine, and patches `dataset`, `points` and `colour`. The only place that waits for data.
 *
 * @import { Engine } from "./engine/client.js"
 * @import { Progress } from "./engine/messages.js"
 * @import { Busy, Opened, Source, Trouble } from "./state.js"
 * @import { Store } from "./store.js"
 */
import { Columns, gradual } from "./columns.js";
import { download, downloadable } from "./download.js";
import { Fault } from "./engine/fault.js";
import { columns, embeddings, genes, parse } from "./engine/manifest.js";
import { preferred } from "./preference.js";
import { size } from "./words.js";

/**
 * @param {Store} store
 * @param {() => Engine} hire makes an engine; each dataset has its own, so that a failed opening leaves the present one alone
 */
export function load(store, hire) {
  /** Ready before the first file is chosen. @type {Engine | null} */
  let spare = hire();
  /** @type {Engine | null} */
  let engine = null;
  let held = new Columns();

  store.subscribe(["source"], ({ source }) => source && open(source));
  store.subscribe(["dimension"], ({ dimension, points }) => {
    if (points?.dimension !== dimension) task("points", `Loading ${dimension}D coordinates`, showPoints);
  });
  store.subscribe(["wanted"], ({ wanted, colour }) => {
    if (wanted && wanted !== colour?.field) task("colour", `Loading ${wanted.key}`, paint);
  });

  /** @param {Source} source */
  function open(source) {
    for (const busy of store.state.busy) busy.cancel();
    const fresh = spare ?? hire();
    spare = null;
    return task("open", `Opening ${source.label}`, async (hooks) => {
      try {
        const from = source.whole && typeof source.from === "string" ? await download(source.from, hooks) : source.from;
        const description = await fresh.open(from, { profile: "strict", ...source.options }, hooks);
        const dimensions = embeddings(description);
        const points = dimensions.find(({ dimension }) => dimension === 2) ?? dimensions.at(-1);
        if (!points) throw flat(description.obsm.map(({ key }) => key));
        const shape = { description, cells: description.n_obs, dimensions };
        const bytes = await fresh.read(points.path, hooks);
        const drawn = coordinates(bytes, points.dimension, description.n_obs, points.path);
        engine?.close();
        engine = fresh;
        held = new Columns();
        store.patch({
          dataset: { ...shape, name: description.name, fields: null, genes: null, skipped: description.skipped ?? [] },
          dimension: points.dimension,
          points: drawn,
          camera: null,
          wanted: null,
          colour: null,
          hidden: new Set(),
          hover: null,
          clicked: null,
          selection: null,
          highlights: [],
          invisible: null,
          trouble: null,
          notice: `${description.name}: ${description.n_obs.toLocaleString()} cells`,
        });
      } catch (error) {
        fresh.close();
        throw error;
      } finally {
        spare ??= hire();
      }
      await showFields(fresh, hooks);
      await showGenes(fresh, hooks);
    });
  }

  /** @param {Engine} from @param {Hooks} hooks */
  async function showFields(from, hooks) {
    const order = store.state.dataset?.description.obs.map(({ key }) => key) ?? [];
    const file = "obs_manifest.json";
    const { fields, hidden } = await list(async () => columns(parse(await from.read(file, hooks), file), order), "fields");
    amend({ fields }, hidden, (key) => ({ object: `obs/${key}`, reason: "another column has the same file name" }));
    store.patch({ wanted: store.state.wanted ?? preferred(fields) });
  }

  /** @param {Engine} from @param {Hooks} hooks */
  async function showGenes(from, hooks) {
    const file = "var_manifest.json";
    const none = { fields: [], hidden: [] };
    const some = (store.state.dataset?.description.n_vars ?? 0) > 0;
    const { fields, hidden } = await list(async () => (some ? genes(parse(await from.read(file, hooks), file)) : none), "genes");
    amend({ genes: fields }, hidden, (key) => ({ object: `var ${key}`, reason: "another gene has the same file name" }));
  }

  /**
   * A list that cannot be had is empty, not for ever on its way.
   *
   * @template T
   * @param {() => Promise<T>} read @param {"fields" | "genes"} part
   */
  async function list(read, part) {
    try {
      return await read();
    } catch (error) {
      amend({ [part]: [] }, [], () => ({ object: "", reason: "" }));
      throw error;
    }
  }

  /** @param {Partial<Opened>} change @param {string[]} hidden @param {(key: string) => Opened["skipped"][number]} why */
  function amend(change, hidden, why) {
    const { dataset } = store.state;
    if (dataset) store.patch({ dataset: { ...dataset, ...change, skipped: [...dataset.skipped, ...hidden.map(why)] } });
  }

  /** @param {Hooks} hooks */
  async function showPoints(hooks) {
    const { dataset, dimension, points } = store.state;
    const file = dataset?.dimensions.find((other) => other.dimension === dimension);
    if (!dataset || !engine || !file || points?.dimension === dimension) return;
    const bytes = await engine.read(file.path, hooks);
    store.patch({ points: coordinates(bytes, dimension, dataset.cells, file.path), camera: null, hover: null });
  }

  /** @param {Hooks} hooks */
  async function paint(hooks) {
    const { wanted, dataset } = store.state;
    if (!wanted || !dataset || !engine) return;
    const reader = engine;
    const before = store.state.colour;
    const partial = gradual(wanted, dataset.cells, (part) => {
      if (store.state.wanted === wanted) store.patch({ colour: part, hidden: new Set(), range: part.summary.range });
    });
    const read = (/** @type {string} */ path) => reader.read(path, { ...hooks, ...(partial && { partial }) });
    const colour = await held.colour(wanted, dataset.cells, read).catch((error) => {
      // Part of a gene is not shown as if it were all of it.
      if (store.state.colour !== before) store.patch({ colour: before });
      throw error;
    });
    if (store.state.wanted !== wanted) return;
    store.patch({ colour, hidden: new Set(), ...(colour.kind === "continuous" && { range: colour.summary.range }) });
  }

  /** @type {Map<string, AbortController>} */
  const running = new Map();

  /**
   * Runs one piece of work at a time under a name; a newer one cancels the older. Shows progress, and trouble if there is any.
   *
   * @param {string} id @param {string} label @param {(hooks: Hooks) => Promise<void>} work
   */
  async function task(id, label, work) {
    running.get(id)?.abort();
    const abort = new AbortController();
    running.set(id, abort);
    const current = () => running.get(id) === abort;
    const cancel = () => abort.abort();
    /** @type {Busy} */
    let busy = { id, label, since: performance.now(), bytes: 0, cancel };
    const others = () => store.state.busy.filter((other) => other.id !== id);
    const progress = (/** @type {Progress} */ news) => {
      if (!current()) return;
      busy = { ...busy, ...news };
      store.patch({ busy: [...others(), busy] });
    };
    store.patch({ busy: [...others(), busy] });
    try {
      await work({ signal: abort.signal, progress });
    } catch (error) {
      if (current()) settle(Fault.from(error), label, id);
    } finally {
      if (current()) {
        running.delete(id);
        store.patch({ busy: others() });
        // How much was read is for the curious: no trouble if it cannot be told.
        engine?.stats().then(
          (read) => store.patch({ read }),
          () => {},
        );
      }
    }
  }

  /** @param {Fault} fault @param {string} label @param {string} id */
  function settle(fault, label, id) {
    const { colour, points } = store.state;
    // What is asked for falls back to what is shown, so that asking again is a change.
    const back =
      id === "colour" ? { wanted: colour?.field ?? null } : id === "points" ? { dimension: points?.dimension ?? 0 } : {};
    if (fault.code === "cancelled") return store.patch({ ...back, notice: `${label}: cancelled` });
    const trouble = { fault, doing: label };
    store.patch({ ...back, trouble });
    if (id === "open" && fault.code === "source") second(trouble);
  }

  /** A host that cannot send parts may still send the whole. @param {Trouble} trouble */
  async function second(trouble) {
    const { source } = store.state;
    if (typeof source?.from !== "string" || source.whole || /\.zarr\/?$/.test(new URL(source.from).pathname)) return;
    const found = await downloadable(source.from);
    if (!found || store.state.trouble !== trouble) return;
    const label = `Download all of it${found.size ? ` (${size(found.size)})` : ""} and open it`;
    store.patch({ trouble: { ...trouble, way: { label, run: () => store.patch({ source: { ...source, whole: true } }) } } });
  }
}

/** @typedef {{ signal: AbortSignal, progress: (progress: Progress) => void }} Hooks */

/**
 * @param {ArrayBuffer} bytes @param {number} dimension @param {number} cells @param {string} file
 */
function coordinates(bytes, dimension, cells, file) {
  if (bytes.byteLength !== cells * dimension * 4) {
    const message = `${bytes.byteLength} bytes where ${cells} cells need ${cells * dimension * 4}`;
    throw new Fault({ code: "malformed", message, file });
  }
  const numbers = new Float32Array(bytes);
  let unplaced = 0;
  for (let cell = 0; cell < cells; cell++) {
    let sum = 0;
    for (let axis = 0; axis < dimension; axis++) sum += numbers[cell * dimension + axis] ?? 0;
    if (!Number.isFinite(sum)) unplaced++;
  }
  return { dimension, coordinates: numbers, unplaced };
}

/** @param {string[]} present */
function flat(present) {
  const found = present.length ? `it has ${present.join(", ")}` : "obsm is empty";
  return new Fault({
    code: "missing",
    message: `no embedding that can be drawn: ${found}`,
    object: "obsm",
    advice:
      "Compute one with scanpy (sc.tl.umap) and save the file again; it is found under the name X_umap, X_umap_2d or X_umap_3d.",
  });
}
