/**
 * What a layout costs a viewer: requests, dependent rounds and bytes for opening and the first plot, for the first gene and for a later
 * one, counted by the server, with a delay before each answer; seconds beside them.
 *
 *     node bench/layouts.js DATA_DIR [--delay 20] [--program target/release/cellucid-wasm] [--json FILE] [NAME…]
 *
 * Names are files and folders in DATA_DIR; left out, those of `make_data.py DATA_DIR --layouts csc,csr,dense --compression gzip --zarr 2,3`
 * at 100,000 × 2,000, and what `relayout` makes of them, which is written there first. The client is the module as Node loads it
 * (`./check npm`): the same reader as in a page, with as many connections as it wants.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import init, { Dataset } from "../pkg/cellucid.js";
import { cost, serve } from "./serve.js";
import { median } from "./summary.js";

const ROOT = join(import.meta.dirname, "..");
const SIZE = "100000x2000";
/** Later genes that are read, evenly spread. */
const GENES = 25;
/** What is made of which file, and how. @type {Array<[string, string, string[]]>} */
const MADE = [
  [`${SIZE}_relaid_v2.zarr`, `${SIZE}_csr_gzip.h5ad`, []],
  [`${SIZE}_relaid_v3.zarr`, `${SIZE}_csr_gzip.h5ad`, ["--format", "3"]],
  [`${SIZE}_relaid_v2.zarr.zip`, `${SIZE}_csr_gzip.h5ad`, []],
  [`${SIZE}_relaid_dense_v2.zarr.zip`, `${SIZE}_dense_gzip.h5ad`, []],
];
const STORED = [
  "csr_gzip.h5ad",
  "csc_gzip.h5ad",
  "dense_gzip.h5ad",
  "csr_v2.zarr",
  "csc_v2.zarr",
  "csc_v3.zarr",
  "dense_v2.zarr",
];

/** @typedef {{ requests: number, rounds: number, bytes: number, seconds: number }} Cost */

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    delay: { type: "string", default: "20" },
    program: { type: "string", default: join(ROOT, "target/release/cellucid-wasm") },
    json: { type: "string" },
  },
});
const [data, ...names] = positionals;
if (!data) throw new Error("name the folder with the data");
const files = names.length ? names : [...STORED.map((name) => `${SIZE}_${name}`), ...MADE.map(([name]) => name)];
for (const [name, source, more] of MADE) {
  if (!files.includes(name) || existsSync(join(data, name))) continue;
  execFileSync(options.program, ["relayout", join(data, source), join(data, name), "--quiet", ...more], { stdio: "inherit" });
}
await init({ module_or_path: readFileSync(join(ROOT, "pkg/cellucid_bg.wasm")) });

/** Files and bytes of a file or folder. @param {string} path @returns {[number, number]} */
function size(path) {
  const about = statSync(path);
  if (!about.isDirectory()) return [1, about.size];
  return readdirSync(path)
    .map((name) => size(join(path, name)))
    .reduce(([files, bytes], [n, more]) => [files + n, bytes + more], [0, 0]);
}

/** Items that X of a Zarr folder stores. @param {string} path @returns {number | null} */
function items(path) {
  const found = ["X/data/zarr.json", "X/data/.zarray"].map((name) => join(path, name)).find((name) => existsSync(name));
  return found ? JSON.parse(readFileSync(found, "utf8")).shape[0] : null;
}

/** @param {Awaited<ReturnType<typeof serve>>} site @param {() => Promise<unknown>} work @returns {Promise<Cost>} */
async function counted(site, work) {
  site.taken();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1e3;
  // An answer is logged as ended when its connection has told so.
  while (site.state.open) await new Promise((resolve) => setTimeout(resolve, 1));
  return { ...cost(site.taken()), seconds };
}

const site = await serve(data);
site.state.delay = Number(options.delay);
/** @type {Array<Record<string, unknown> & { plot: Cost, first: Cost, next: Cost, mean: Cost }>} */
const rows = [];
try {
  for (const name of files) {
    const path = join(data, name);
    if (!existsSync(path)) {
      console.error(`${name} is not there: see the beginning of this script`);
      continue;
    }
    /** @type {Dataset | undefined} */
    let dataset;
    const plot = await counted(site, async () => {
      dataset = await Dataset.open(new URL(`${site.url}/data/${name}`), {});
      const open = dataset;
      await Promise.all(["points_2d.bin", "points_3d.bin", "obs/cell_type.codes.u8"].map((path) => open.read(path)));
    });
    if (!dataset) throw new Error(`${name} did not open`);
    const open = dataset;
    /** @type {(number: number) => Promise<Uint8Array>} */
    const gene = (number) => open.read(`var/Gene${String(number).padStart(5, "0")}.values.f32`);
    const first = await counted(site, () => gene(7));
    const { n_obs, n_vars } = open.describe();
    /** @type {Cost[]} */
    const nexts = [];
    for (let i = 0; i < GENES; i++) nexts.push(await counted(site, () => gene(Math.floor(((i + 0.5) * n_vars) / GENES))));
    /** @param {(all: number[]) => number} of @returns {Cost} */
    const summary = (of) => ({
      requests: of(nexts.map((one) => one.requests)),
      rounds: of(nexts.map((one) => one.rounds)),
      bytes: of(nexts.map((one) => one.bytes)),
      seconds: of(nexts.map((one) => one.seconds)),
    });
    const [next, mean] = [summary(median), summary((all) => all.reduce((sum, n) => sum + n, 0) / all.length)];
    const [count, bytes] = size(path);
    rows.push({ name, n_obs, n_vars, items: items(path), files: count, bytes, plot, first, next, mean });
    open.close();
  }
} finally {
  site.stop();
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ delay: site.state.delay, rows }, null, 1)}\n`);

/** @param {Cost} cost */
const cells = ({ requests, rounds, bytes, seconds }) =>
  `${requests} | ${rounds} | ${(bytes / 1e6).toFixed(2)} | ${seconds.toFixed(2)}`;
console.log(
  "| file | MB | files | opening and first plot: requests | rounds | MB | s | first gene: requests | rounds | MB | s | next gene: requests | rounds | MB | s |",
);
console.log(`|${" --- |".repeat(15)}`);
for (const { name, files, bytes, plot, first, next } of rows) {
  console.log(`| ${name} | ${(Number(bytes) / 1e6).toFixed(0)} | ${files} | ${cells(plot)} | ${cells(first)} | ${cells(next)} |`);
}
