/**
 * Real visits of one data set, counted: what bench/visitors.py calculates for a thousand, done by some dozens.
 *
 *     node bench/visits.js DATA_DIR NAME OUT.json [--visitors 50] [--looks 29] [--together 10]
 *
 * Each visitor is a client of its own, with a server of its own that counts: it opens the data set, reads what a first plot needs, then
 * looks at genes, popular ones more often (Zipf), some of them twice. What is kept within a visit is kept; nothing is kept between two.
 * So many visits run at the same time. `python bench/visitors.py layouts.json --replayed OUT.json` compares.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import init, { Dataset } from "../pkg/cellucid.js";
import { serve } from "./serve.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    visitors: { type: "string", default: "50" },
    looks: { type: "string", default: "29" },
    together: { type: "string", default: "10" },
  },
});
const [data, name, out] = positionals;
if (!data || !name || !out || !existsSync(join(data, name)))
  throw new Error("name the folder, a data set in it, and a file to write");
await init({ module_or_path: readFileSync(join(import.meta.dirname, "../pkg/cellucid_bg.wasm")) });

/** Numbers from 0 to 1, the same each time. @param {number} seed */
function* random(seed) {
  // A linear congruential generator: what is drawn need not be good, only the same.
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** @typedef {{ gene: number, requests: number, bytes: number }} Look `gene` is -1 for the opening */

/** Everything that any of them asked for: what a cache in front would fetch once. @type {Map<string, number>} */
const distinct = new Map();

/** One visit. @param {number} number @returns {Promise<Look[]>} */
async function visit(number) {
  const site = await serve(/** @type {string} */ (data));
  const draw = random(number * 7919 + 1);
  /** @type {Look[]} */
  const looks = [];
  /** @param {number} gene */
  const note = async (gene) => {
    while (site.state.open) await new Promise((resolve) => setTimeout(resolve, 1));
    const log = site.taken();
    for (const { path, bytes } of log) distinct.set(path, bytes);
    looks.push({ gene, requests: log.length, bytes: log.reduce((sum, entry) => sum + entry.bytes, 0) });
  };
  try {
    const dataset = await Dataset.open(new URL(`${site.url}/data/${name}`), {});
    await Promise.all(["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"].map((path) => dataset.read(path)));
    await note(-1);
    const { n_vars } = dataset.describe();
    // By rank: the k-th is asked for as often as one in k.
    const sums = Float64Array.from({ length: n_vars }, (_, rank) => 1 / (rank + 1));
    for (let rank = 1; rank < n_vars; rank++) sums[rank] = (sums[rank] ?? 0) + (sums[rank - 1] ?? 0);
    for (let look = 0; look < Number(options.looks); look++) {
      const at = (draw.next().value ?? 0) * (sums[n_vars - 1] ?? 0);
      const rank = sums.findIndex((sum) => sum >= at);
      // Popular genes lie anywhere in the matrix.
      const gene = (rank * 7919) % n_vars;
      await dataset.read(`var/Gene${String(gene).padStart(5, "0")}.values.f32`);
      await note(gene);
    }
    dataset.close();
  } finally {
    site.stop();
  }
  return looks;
}

/** @type {Look[][]} */
const visits = [];
let next = 0;
const one = async () => {
  while (next < Number(options.visitors)) {
    const number = next++;
    visits[number] = await visit(number);
  }
};
await Promise.all(Array.from({ length: Number(options.together) }, one));
const behind = { requests: distinct.size, bytes: [...distinct.values()].reduce((sum, bytes) => sum + bytes, 0) };
writeFileSync(out, `${JSON.stringify({ name, visits, behind })}\n`);
