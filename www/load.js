/**
 * From what is asked for to what is shown: watches `source`, `dimension` and `wanted` in the store, reads the virtual files through
 * the engine, and patches `dataset`, `points` and `colour`. The only place that waits for data.
 *
 * @import { Engine } from "./engine/client.js"
 * @import { GeneField } from "./engine/manifest.js"
 * @import { AnyField, Colour, Save, Source, Trouble } from "./state.js"
 * @import { Store } from "./store.js"
 * @import { Hooks } from "./tasks.js"
 * @import { Graph } from "./view/graph.js"
 *
 * @typedef {object} Data what panels ask for; null when it cannot be had or was cancelled, which the person was told
 * @property {(field: AnyField) => Promise<Colour | null>} colour a column, a gene, a score
 * @property {() => Promise<Graph | null>} graph
 * @property {(cell: number) => Promise<Uint32Array | null>} near cells around one along the graph, as many as the state says
 * @property {() => Promise<{ list: string[], own: boolean } | null>} names of the cells; where a dataset has none of its own, numbers of rows from 0; null where they could not be read
 * @property {(path: string, label: string) => Promise<ArrayBuffer | null>} file a virtual file
 * @property {(key: string, columns: number) => Promise<ArrayLike<number | bigint> | null>} embedding the first columns of an entry of obsm, as stored
 * @property {(id: string, label: string, work: (hooks: Hooks, read: (path: string) => Promise<ArrayBuffer>, readMany: (paths: string[]) => Promise<ArrayBuffer[]>) => Promise<void>) => Promise<boolean>} run
 * work of a panel's own, with progress and a button to cancel; whether it came to its end
 * @typedef {object} Now what is open at the moment
 * @property {() => Engine | null} engine
 * @property {() => Columns} held columns that were read
 * @property {Data["run"]} run
 */
import { Columns, gradual } from "./columns.js";
import { cancelled, Fault } from "./engine/fault.js";
import { embeddings, genes, parse } from "./engine/manifest.js";
import { begin, blank, coloured, coordinates, flat, pause, whole } from "./opening.js";
import { tasks } from "./tasks.js";
import { ordered } from "./view/order.js";
import { size } from "./words.js";

/** Bytes that a gene may cost without asking. */
const MUCH = 300e6;
/** Milliseconds for which colours are waited for, once the points are there. */
const WINK = 100;
/** Fields remembered as used lately. */
const RECENT = 8;

/**
 * @param {Store} store
 * @param {() => Engine} hire makes an engine; each dataset has its own, so that a failed opening leaves the present one alone
 * @returns {Now}
 */
export function load(store, hire) {
  const task = tasks(store, { failed: settle, over: tell });
  /** Ready before the first file is chosen. @type {Engine | null} */
  let spare = hire();
  /** @type {Engine | null} */
  let engine = null;
  let held = new Columns();
  /** What the dataset came from. @type {Source | null} */
  let origin = null;
  /** Whether a gene may go through all of the matrix, however large: the person said so, or it has been done. */
  let agreed = false;

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
      /** @type {Awaited<ReturnType<typeof begin>> | undefined} */
      let first;
      try {
        const from = source.whole && typeof source.from === "string" ? await whole(source.from, hooks) : source.from;
        const description = await fresh.open(from, { profile: "strict", ...source.options }, hooks);
        const dimensions = embeddings(description);
        const points = dimensions.find(({ dimension }) => dimension === 2) ?? dimensions.at(-1);
        if (!points) throw flat(description.obsm.map(({ key }) => key));
        const kept = new Columns();
        // What it is coloured by at first comes beside the points: as few waits as may be until there is something to see.
        const beginning = begin(fresh, description, kept, hooks);
        const order = ordered(description.n_obs);
        const bytes = await fresh.read(points.path, hooks);
        await order;
        const drawn = coordinates(bytes, points.dimension, description.n_obs, points.path);
        // Between what goes through all cells, hands have their turn.
        await pause(0);
        // Colours that are nearly there are waited for: no grey picture for the wink of an eye.
        first = await Promise.race([beginning, pause(WINK)]);
        if (hooks.signal.aborted) throw cancelled();
        engine?.close();
        engine = fresh;
        held = kept;
        origin = source;
        agreed = false;
        const dataset = {
          description,
          cells: description.n_obs,
          dimensions,
          name: description.name,
          fields: null,
          genes: null,
          skipped: description.skipped ?? [],
        };
        store.patch({ ...blank(), dataset, dimension: points.dimension, points: drawn, ...(first && coloured(first, dataset)) });
        store.forget();
        if (!first) {
          first = await beginning;
          const { dataset: now } = store.state;
          if (engine !== fresh || !now) throw cancelled();
          // Who does not want to wait is not asked to wait once more.
          store.patch(coloured(hooks.signal.aborted ? { ...first, wanted: null } : first, now));
        }
      } catch (error) {
        if (engine !== fresh) fresh.close();
        throw error;
      } finally {
        spare ??= hire();
      }
      await showGenes(fresh, hooks);
      if (first.fault) throw first.fault;
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
    // What was summed up is now drawn: hands have their turn in between.
    await pause(0);
    if (store.state.wanted !== wanted) return;
    const recent = [wanted, ...store.state.recent.filter(({ path }) => path !== wanted.path)].slice(0, RECENT);
    const range = colour.kind === "continuous" && { range: colour.summary.range };
    store.patch({ colour, recent, hidden: new Set(), ...range });
  }

  /**
   * Before something is read: whether it is still there to be read, and what it costs. A gene of a matrix stored by row goes through
   * all of it. Over a network the person is asked before that takes long.
   *
   * @param {Engine} reader @param {string} path
   */
  async function afford(reader, path) {
    const { dataset } = store.state;
    await origin?.still?.();
    // Files of this machine are quick, and what is in a notebook's kernel is near.
    if (agreed || typeof origin?.from !== "string" || !path.startsWith("var/")) return;
    if (!/csr/.test(dataset?.description.x?.encoding ?? "")) return;
    const { bytes, seconds } = await reader.cost(path);
    if (bytes > MUCH) throw (await import("./price.js")).costly(bytes, seconds);
  }

  /** How much was read is for the curious: no trouble if it cannot be told. What makes genes slow is said once. */
  function tell() {
    engine?.stats().then(
      (read) => {
        const before = store.state.read?.notices ?? [];
        const fresh = read.notices.filter((words) => !before.includes(words));
        store.patch({ read, ...(fresh.length > 0 && { notice: fresh.join("; ") }) });
      },
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

  return { run, engine: () => engine, held: () => held };

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
