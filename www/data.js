/**
 * What panels ask for of the dataset that is open: columns and genes, the neighbour graph, names, files.
 *
 * @import { Engine } from "./engine/client.js"
 * @import { Data, Now } from "./load.js"
 * @import { Colour } from "./state.js"
 * @import { Store } from "./store.js"
 * @import { Graph } from "./view/graph.js"
 */
import { Fault } from "./engine/fault.js";
import { parse } from "./engine/manifest.js";
import { choosable } from "./select.js";

/** Names of the cells: a file beside those of an export. */
const NAMES = "obs_names.json";
/** How a dataset without that file says so. */
const ABSENT = ["missing", "request"];

/**
 * @param {Store} store @param {Now} now
 * @returns {Data}
 */
export function offer(store, { run, engine, held }) {
  /** Read once for each dataset. @type {{ engine: Engine | null, neighbours: Graph | null, names: Promise<{ list: string[], own: boolean } | null> | null }} */
  let kept = { engine: null, neighbours: null, names: null };
  const mine = () => {
    if (kept.engine !== engine()) kept = { engine: engine(), neighbours: null, names: null };
    return kept;
  };

  /** Columns on their way: asked for twice, read once. @type {Map<string, Promise<Colour | null>>} */
  const coming = new Map();
  /** @type {Data["colour"]} */
  function column(field) {
    const cells = store.state.dataset?.cells ?? 0;
    const load = async () => {
      /** @type {Colour | null} */
      let found = null;
      await run(`field ${field.path}`, `Loading ${field.key}`, async (_, read) => {
        found = await held().colour(field, cells, read);
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
    const own = mine();
    if (!own.neighbours) {
      await run("graph", "Loading the neighbour graph", async (_, read) => {
        const file = "connectivity_manifest.json";
        const { sourcesPath, destinationsPath, index_dtype: kind } = parse(await read(file), file);
        const sides = await Promise.all([read(sourcesPath), read(destinationsPath)]);
        const [from, to] = sides.map((bytes) => numbers(bytes, kind));
        if (from && to) own.neighbours = (await import("./view/graph.js")).graph(from, to, cells);
      });
    }
    return own.neighbours;
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
      const own = mine();
      const cells = store.state.dataset?.cells ?? 0;
      const load = async () => {
        /** @type {{ list: string[], own: boolean } | null} */
        let found = null;
        await run("names", "Loading the names of cells", async (_, read) => {
          const list = await read(NAMES).then(
            (bytes) => parse(bytes, NAMES),
            (error) => {
              // An export folder has no such file.
              if (!ABSENT.includes(error.code)) throw error;
            },
          );
          found = { list: list ?? Array.from({ length: cells }, (_, cell) => String(cell)), own: Boolean(list) };
        });
        // What failed can be asked for again.
        if (!found) own.names = null;
        return found;
      };
      own.names ??= load();
      return own.names;
    },
    async embedding(key, columns) {
      /** @type {ArrayLike<number | bigint> | null} */
      let found = null;
      // By the name of other points on their way: the newest counts.
      await run("points", `Loading ${key}`, async (hooks) => {
        const values = (await engine()?.array(`obsm/${key}`, [null, [0, columns]], hooks))?.values;
        if (!values || Array.isArray(values))
          throw new Fault({ code: "unsupported", message: "holds no numbers", object: `obsm/${key}` });
        found = values;
      });
      return found;
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
}

/** @param {ArrayBuffer} bytes @param {string} kind */
function numbers(bytes, kind) {
  if (kind === "uint16") return new Uint16Array(bytes);
  // More cells than 32 bits number cannot be drawn anyway.
  return kind === "uint64" ? Float64Array.from(new BigUint64Array(bytes), Number) : new Uint32Array(bytes);
}
