/**
 * What a dataset is opened with: its points, its columns, the one it is coloured by at first.
 *
 * @import { Columns } from "./columns.js"
 * @import { Engine } from "./engine/client.js"
 * @import { Description } from "./engine/messages.js"
 * @import { AnyField, Colour, Opened, State } from "./state.js"
 * @import { Hooks } from "./tasks.js"
 */
import { Fault } from "./engine/fault.js";
import { columns, described, parse } from "./engine/manifest.js";
import { preferred } from "./preference.js";
import { strip } from "./view/strip.js";
import { many } from "./words.js";

/**
 * The columns, and the values of the one to begin with. What fails is told once the points are there.
 *
 * @param {Engine} from @param {Description} description @param {Columns} kept @param {Hooks} hooks
 * @returns {Promise<Pick<Opened, "skipped"> & { fields: NonNullable<Opened["fields"]>, wanted: AnyField | null, colour: Colour | null, fault?: unknown }>}
 */
export async function begin(from, description, kept, hooks) {
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
export const whole = async (address, hooks) => (await import("./download.js")).download(address, hooks);

/** @param {Engine} from @param {Description} description @param {Hooks} hooks */
async function obs(from, description, hooks) {
  const file = "obs_manifest.json";
  if (description.format !== "export") return { fields: described(description), hidden: [] };
  return columns(
    parse(await from.read(file, hooks), file),
    description.obs.map(({ key }) => key),
  );
}

/**
 * @param {ArrayBuffer} bytes @param {number} dimension @param {number} cells @param {string} file
 */
export function coordinates(bytes, dimension, cells, file) {
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
export function flat(present) {
  const found = present.length ? `it has ${present.join(", ")}` : "obsm is empty";
  return new Fault({
    code: "missing",
    message: `no embedding that can be drawn: ${found}`,
    object: "obsm",
    advice:
      "Compute one with scanpy (sc.tl.umap) and save the file again; it is found under the name X_umap, X_umap_2d or X_umap_3d.",
  });
}

/** What a dataset that was just opened has nothing of yet. @returns {Partial<State>} */
export function blank() {
  return {
    camera: null,
    wanted: null,
    colour: null,
    range: [0, 1],
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
    recent: [],
    history: { back: 0, forward: 0 },
    trouble: null,
  };
}

/**
 * The columns, and the first colour.
 *
 * @param {Awaited<ReturnType<typeof begin>>} first @param {Opened} dataset
 * @returns {Partial<State>}
 */
export function coloured({ fields, skipped, wanted, colour }, dataset) {
  return {
    dataset: { ...dataset, fields, skipped: [...dataset.skipped, ...skipped] },
    wanted,
    colour,
    range: colour?.kind === "continuous" ? colour.summary.range : [0, 1],
    recent: colour ? [colour.field] : [],
    notice: `${dataset.name}: ${many(dataset.cells, "cell")}`,
  };
}

/** @param {number} time in milliseconds @returns {Promise<undefined>} */
export const pause = (time) => new Promise((done) => setTimeout(() => done(undefined), time));
