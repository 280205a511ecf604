/**
 * From what is asked for to what is shown: watches `source`, `dimension` and `wanted` in the store, reads the virtual files through
 * the engine, and patches `dataset`, `points` and `colour`. The only place that waits for data.
 *
 * @import { Engine } from "./engine/client.js"
 * @import { GeneField } from "./engine/manifest.js"
 * @import { Description } from "./engine/messages.js"
 * @import { AnyField, Colour, Opened, Save, Source, Trouble } from "./state.js"
 * @import { Store } from "./store.js"
 * @import { Hooks } from "./tasks.js"
 * @import { Graph } from "./view/graph.js"
 *
 * @typedef {object} Data what panels ask for; null when it cannot be had or was cancelled, which the person was told
 * @property {(field: AnyField) => Promise<Colour | null>} colour a column, a gene, a score
 * @property {() => Promise<Graph | null>} graph
 * @property {(cell: number) => Promise<Uint32Array | null>} near cells around one along the graph, as many as the state says
 * @property {() => Promise<string[] | null>} names of the cells; null also where the dataset does not tell them
 * @property {(path: string, label: string) => Promise<ArrayBuffer | null>} file a virtual file
 * @property {(id: string, label: string, work: (hooks: Hooks, read: (path: string) => Promise<ArrayBuffer>, readMany: (paths: string[]) => Promise<ArrayBuffer[]>) => Promise<void>) => Promise<boolean>} run
 * work of a panel's own, with progress and a button to cancel; whether it came to its end
 */
import { Columns, gradual } from "./columns.js";
import { cancelled, Fault } from "./engine/fault.js";
import { columns, described, embeddings, genes, parse } from "./engine/manifest.js";
import { preferred } from "./preference.js";
import { choosable } from "./select.js";
import { tasks } from "./tasks.js";
import { strip } from "./view/strip.js";
import { size } from "./words.js";

/** Names of the cells: a file beside those of an export. */
const NAMES = "obs_names.json";
/** Bytes that a gene may cost without asking. */
const MUCH = 300e6;
/** Fields remembered as used lately. */
const RECENT = 8;

/**
 * @param {Store} store
 * @param {() => Engine} hire makes an engine; each dataset has its own, so that a failed opening leaves the present one alone
 * @returns {Data}
 */
export function load(store, hire) {
  const task = tasks(store, { failed: settle, over: tell });
  /** Ready before the first file is chosen. @type {Engine | null} */
  let spare = hire();
  /** @type {Engine | null} */
  let engine = null;
  let held = new Columns();
  /** Whether a gene may go through all of the matrix, however large: the person said so, or it has been done. */
  let agreed = false;
  /** @type {Graph | null} */
  let neighbours = null;
  /** @type {Promise<string[] | null> | null} */
  let names = null;

  store.subscribe(["source"], ({ source }) => source && open(source));
  store.subscribe(["dimension"], ({ dimension, points }) => {
    if (points?.dimension !== dimension) task("points", `Loading ${dimension}D coordinates`, showPoints);
  });
  store.subscribe(["wanted"], ({ wanted, colour }) => {
    if (wanted && wanted !== colour?.field) task("colour", `Loading ${wanted.key}`, paint);
  });

  store.subscribe(["save"], ({ save, dataset }) => save && task("save", `Saving ${dataset?.name}`, (hooks) => keep(save, hooks)));

  /** @param {Source} source */
  function open(source) {
    for (const busy of store.state.busy) busy.cancel();
    const fresh = spare ?? hire();
    spare = null;
    return task("open", `Opening ${source.label}`, async (hooks) => {
      /** @type {unknown} */
      let first;
      try {
        const from = source.whole && typeof source.from === "string" ? await whole(source.from, hooks) : source.from;
        const description = await fresh.open(from, { profile: "strict", ...source.options }, hooks);
        const dimensions = embeddings(description);
        const points = dimensions.find(({ dimension }) => dimension === 2) ?? dimensions.at(-1);
        if (!points) throw flat(description.obsm.map(({ key }) => key));
        const shape = { description, cells: description.n_obs, dimensions };
        const kept = new Columns();
        // What it is coloured by at first comes beside the points: as few waits as may be until there is something to see.
        const beginning = begin(fresh, description, kept, hooks);
        const bytes = await fresh.read(points.path, hooks);
        const drawn = coordinates(bytes, points.dimension, description.n_obs, points.path);
        const { fields, skipped, wanted, colour, fault } = await beginning;
        if (hooks.signal.aborted) throw cancelled();
        first = fault;
        engine?.close();
        engine = fresh;
        held = kept;
        agreed = false;
        neighbours = null;
        names = null;
        store.patch({
          dataset: {
            ...shape,
            name: description.name,
            fields,
            genes: null,
            skipped: [...(description.skipped ?? []), ...skipped],
          },
          dimension: points.dimension,
          points: drawn,
          camera: null,
          wanted,
          colour,
          range: colour?.kind === "continuous" ? colour.summary.range : [0, 1],
          hidden: new Set(),
          hover: null,
          clicked: null,
          selection: null,
          outline: [],
          highlights: [],
          invisible: null,
          filters: [],
          filtered: null,
          tones: {},
          panes: [],
          edges: false,
          flow: null,
          tips: [],
          recent: colour ? [colour.field] : [],
          history: { back: 0, forward: 0 },
          trouble: null,
          notice: `${description.name}: ${description.n_obs.toLocaleString()} cells`,
        });
        store.forget();
      } catch (error) {
        fresh.close();
        throw error;
      } finally {
        spare ??= hire();
      }
      await showGenes(fresh, hooks);
      if (first) throw first;
    });
  }

  /** @param {Engine} from @param {Hooks} hooks */
  async function showGenes(from, hooks) {
    const file = "var_manifest.json";
    const some = (store.state.dataset?.description.n_vars ?? 0) > 0;
    try {
      const { fields, hidden } = some ? genes(parse(await from.read(file, hooks), file)) : { fields: [], hidden: [] };
      amend(fields, hidden);
    } catch (error) {
      // A list that cannot be had is empty, not for ever on its way.
      amend([], []);
      throw error;
    }
  }

  /** @param {GeneField[]} genes @param {string[]} hidden */
  function amend(genes, hidden) {
    const { dataset } = store.state;
    const more = hidden.map((key) => ({ object: `var ${key}`, reason: "another gene has the same file name" }));
    if (dataset) store.patch({ dataset: { ...dataset, genes, skipped: [...dataset.skipped, ...more] } });
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
    const read = async (/** @type {string} */ path) => {
      await afford(reader, path);
      return reader.read(path, { ...hooks, ...(partial && { partial }) });
    };
    const colour = await held.colour(wanted, dataset.cells, read).catch((error) => {
      // Part of a gene is not shown as if it were all of it.
      if (store.state.colour !== before) store.patch({ colour: before });
      throw error;
    });
    if (store.state.wanted !== wanted) return;
    const recent = [wanted, ...store.state.recent.filter(({ path }) => path !== wanted.path)].slice(0, RECENT);
    const range = colour.kind === "continuous" && { range: colour.summary.range };
    store.patch({ colour, recent, hidden: new Set(), ...range });
  }

  /**
   * A gene of a matrix stored by row goes through all of it. Over a network the person is asked before that takes long.
   *
   * @param {Engine} reader @param {string} path
   */
  async function afford(reader, path) {
    const { source, dataset } = store.state;
    // Files of this machine are quick, and what is in a notebook's kernel is near.
    if (agreed || typeof source?.from !== "string" || !path.startsWith("var/")) return;
    if (!/csr/.test(dataset?.description.x?.encoding ?? "")) return;
    const { bytes, seconds } = await reader.cost(path);
    if (bytes > MUCH) throw (await import("./price.js")).costly(bytes, seconds);
  }

  /** How much was read is for the curious: no trouble if it cannot be told. */
  function tell() {
    engine?.stats().then(
      (read) => store.patch({ read }),
      () => {},
    );
  }

  /** @param {Save} save @param {Hooks} hooks */
  async function keep({ target, packing }, hooks) {
    const archive = await engine?.save(target, packing, hooks);
    if (archive) (await import("./download.js")).offer(archive, `${target.name}.zip`);
    store.patch({ notice: `${target.name}: saved as an export folder` });
  }

  /** @type {Data["run"]} */
  function run(id, label, work) {
    return task(id, label, async (hooks) => {
      if (!engine) throw new Fault({ code: "request", message: "no dataset is open" });
      const reader = engine;
      await work(
        hooks,
        async (path) => {
          await afford(reader, path);
          return reader.read(path, hooks);
        },
        async (paths) => {
          await afford(reader, paths[0] ?? "");
          return reader.readMany(paths, hooks);
        },
      );
    });
  }

  /** Columns on their way: asked for twice, read once. @type {Map<string, Promise<Colour | null>>} */
  const coming = new Map();
  /** @type {Data["colour"]} */
  function column(field) {
    const cells = store.state.dataset?.cells ?? 0;
    const load = async () => {
      /** @type {Colour | null} */
      let found = null;
      await run(`field ${field.path}`, `Loading ${field.key}`, async (_, read) => {
        found = await held.colour(field, cells, read);
      });
      coming.delete(field.path);
      return found;
    };
    const promise = coming.get(field.path) ?? load();
    coming.set(field.path, promise);
    return promise;
  }

  /** @type {Data["graph"]} */
  async function connections() {
    const cells = store.state.dataset?.cells ?? 0;
    if (!neighbours) {
      await run("graph", "Loading the neighbour graph", async (_, read) => {
        const file = "connectivity_manifest.json";
        const { sourcesPath, destinationsPath, index_dtype: kind } = parse(await read(file), file);
        const sides = await Promise.all([read(sourcesPath), read(destinationsPath)]);
        const [from, to] = sides.map((bytes) => numbers(bytes, kind));
        if (from && to) neighbours = (await import("./view/graph.js")).graph(from, to, cells);
      });
    }
    return neighbours;
  }

  return {
    run,
    colour: column,
    graph: connections,
    async near(cell) {
      const found = await connections();
      return found && (await import("./view/graph.js")).nearest(found, cell, store.state.near, choosable(store.state));
    },
    async names() {
      const reader = engine;
      names ??= (async () => {
        const found = reader && (await reader.read(NAMES).catch(() => null));
        return found ? parse(found, NAMES) : null;
      })();
      return names;
    },
    async file(path, label) {
      /** @type {ArrayBuffer | null} */
      let found = null;
      await run(`file ${path}`, label, async (_, read) => {
        found = await read(path);
      });
      return found;
    },
  };

  /** @param {Fault} fault @param {string} label @param {string} id */
  function settle(fault, label, id) {
    const { colour, points } = store.state;
    // What is asked for falls back to what is shown, so that asking again is a change.
    const back =
      id === "colour" ? { wanted: colour?.field ?? null } : id === "points" ? { dimension: points?.dimension ?? 0 } : {};
    if (fault.code === "cancelled") return store.patch({ ...back, notice: `${label}: cancelled` });
    const { wanted } = store.state;
    /** @type {Trouble} */
    const trouble = { fault, doing: label };
    if (fault.way) {
      const run = () => {
        agreed = true;
        store.patch(id === "colour" ? { wanted } : { notice: `${label}: ask for it once more` });
      };
      Object.assign(trouble, { title: "This takes a while", way: { label: fault.way, run } });
    }
    store.patch({ ...back, trouble });
    if (id === "open" && fault.code === "source") second(trouble);
  }

  /** A host that cannot send parts may still send the whole. @param {Trouble} trouble */
  async function second(trouble) {
    const { source } = store.state;
    if (typeof source?.from !== "string" || source.whole || /\.zarr\/?$/.test(new URL(source.from).pathname)) return;
    const { downloadable, LIMIT } = await import("./download.js");
    const found = await downloadable(source.from);
    if (!found || store.state.trouble !== trouble || (found.size ?? 0) > LIMIT) return;
    const label = `Download all of it${found.size ? ` (${size(found.size)})` : ""} and open it`;
    store.patch({ trouble: { ...trouble, way: { label, run: () => store.patch({ source: { ...source, whole: true } }) } } });
  }
}

/**
 * The columns, and the values of the one to begin with. What fails is told once the points are there.
 *
 * @param {Engine} from @param {Description} description @param {Columns} kept @param {Hooks} hooks
 * @returns {Promise<Pick<Opened, "skipped"> & { fields: NonNullable<Opened["fields"]>, wanted: AnyField | null, colour: Colour | null, fault?: unknown }>}
 */
async function begin(from, description, kept, hooks) {
  try {
    const { fields, hidden } = await obs(from, description, hooks);
    const wanted = preferred(fields);
    // Asked for again when it is missing, by who tells the person.
    const colour = wanted && (await kept.colour(wanted, description.n_obs, (path) => from.read(path, hooks)).catch(() => null));
    const skipped = hidden.map((key) => ({ object: `obs/${key}`, reason: "another column has the same file name" }));
    return { fields, skipped, wanted, colour };
  } catch (fault) {
    return { fields: [], skipped: [], wanted: null, colour: null, fault };
  }
}

/** @param {string} address @param {Hooks} hooks */
const whole = async (address, hooks) => (await import("./download.js")).download(address, hooks);

/** @param {Engine} from @param {Description} description @param {Hooks} hooks */
async function obs(from, description, hooks) {
  const file = "obs_manifest.json";
  if (description.format !== "export") return { fields: described(description), hidden: [] };
  return columns(
    parse(await from.read(file, hooks), file),
    description.obs.map(({ key }) => key),
  );
}

/** @param {ArrayBuffer} bytes @param {string} kind */
function numbers(bytes, kind) {
  if (kind === "uint16") return new Uint16Array(bytes);
  // More cells than 32 bits number cannot be drawn anyway.
  return kind === "uint64" ? Float64Array.from(new BigUint64Array(bytes), Number) : new Uint32Array(bytes);
}

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
  const drawn = dimension === 1 ? strip(numbers) : numbers;
  return { dimension, coordinates: numbers, drawn, axes: /** @type {2 | 3} */ (Math.max(2, dimension)), unplaced };
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
