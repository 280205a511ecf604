/**
 * What is measured: a file, a link, who reads it, and what is asked of them.
 *
 * @typedef {"plot" | "first" | "next" | "batch" | "manifests" | "again"} Phase
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} file
 * @property {number} delay milliseconds added to each request
 * @property {boolean} local read from disk, not over HTTP
 * @property {Array<{ system: string, phases: Phase[] }>} runs
 */

/** In the order in which they are done. */
export const PHASES = /** @type {const} */ (["plot", "first", "next", "batch", "manifests", "again"]);
const PLOT = /** @type {Phase[]} */ (["plot"]);
const GENES = /** @type {Phase[]} */ (["plot", "first", "next", "batch"]);
/** Only where there is something like a list, or something that could be remembered. */
const LISTS = /** @type {Phase[]} */ (["manifests", "again"]);
/** @type {Record<string, Phase[]>} */
const MORE = { ours: LISTS, server: LISTS, floor: ["manifests"] };

/**
 * @param {string} file @param {number | "disk"} link @param {string} systems names, separated by spaces; after one, in brackets,
 * the phases it is asked for if not all
 * @param {Phase[]} [phases]
 * @returns {Scenario}
 */
function one(file, link, systems, phases = GENES) {
  const local = link === "disk";
  const delay = link === "disk" ? 0 : link;
  const runs = systems.split(" ").map((entry) => {
    const [, system = "", only] = entry.match(/^([^[]+)(?:\[(.*)\])?$/) ?? [];
    const lists = local ? [] : (MORE[system] ?? []);
    if (system === "module") return { system, phases: [] };
    return { system, phases: only ? /** @type {Phase[]} */ (only.split(",")) : [...phases, ...lists] };
  });
  return { name: `${file} ${local ? "from disk" : `+${delay} ms`}`, file, delay, local, runs };
}

/** @param {string} size @param {Array<number | "disk">} links */
const zarr = (size, links) =>
  ["csc", "csr"].flatMap((layout) => {
    // By row the floor keeps nothing for a next gene.
    const systems = `ours floor${layout === "csr" ? "[plot,first] floor:raw[plot,first]" : ""} zarrita`;
    return ["v2", "v3"].flatMap((version) => links.map((link) => one(`${size}_${layout}_${version}.zarr`, link, systems)));
  });

const MANY = "1000000x1000";
const SOME = "100000x2000";
const WIDE = "100000x20000";

/** All of it. */
export const full = [
  one(`${MANY}_csc_gzip.h5ad`, 0, "ours floor floor:raw[plot] h5wasm:lazy h5wasm:whole server jsfive[plot]"),
  one(`${MANY}_csc_gzip.h5ad`, 20, "ours floor floor:raw[plot] h5wasm:lazy"),
  one(`${MANY}_csc_gzip.h5ad`, 80, "ours floor floor:raw[plot] h5wasm:lazy"),
  // The server reads all of X for every column: twenty of them would take as long as all else.
  one(`${MANY}_csr_gzip.h5ad`, 0, "ours floor floor:raw[plot,first] h5wasm:lazy h5wasm:whole server[plot,first]"),
  one(`${MANY}_csr_gzip.h5ad`, 80, "ours floor floor:raw[plot,first] h5wasm:lazy"),
  one(`${MANY}_csc_none.h5ad`, 0, "ours floor floor:raw[plot] h5wasm:lazy"),
  one(`${MANY}_csc_gzip.h5ad`, "disk", "ours floor h5wasm:workerfs h5wasm:whole"),
  one(`${MANY}_csr_gzip.h5ad`, "disk", "ours floor h5wasm:workerfs h5wasm:whole"),
  ...zarr(MANY, [0, 80]),
  one(`${SOME}_csc_gzip.h5ad`, 0, "module ours floor floor:raw[plot] h5wasm:lazy h5wasm:whole jsfive server"),
  one(`${SOME}_csc_gzip.h5ad`, 20, "ours floor h5wasm:lazy h5wasm:whole jsfive server"),
  one(`${SOME}_csc_gzip.h5ad`, 80, "ours floor h5wasm:lazy h5wasm:whole jsfive server"),
  one(`${SOME}_csr_gzip.h5ad`, 0, "ours floor floor:raw[plot,first] h5wasm:lazy h5wasm:whole jsfive server"),
  one(`${SOME}_csr_gzip.h5ad`, 80, "ours floor h5wasm:lazy h5wasm:whole server"),
  one(`${SOME}_dense_gzip.h5ad`, 0, "ours floor floor:raw[plot,first] h5wasm:lazy h5wasm:whole server"),
  one(`${SOME}_dense_gzip.h5ad`, 80, "ours floor h5wasm:lazy h5wasm:whole server"),
  one(`${SOME}_csc_none.h5ad`, 0, "ours floor h5wasm:lazy h5wasm:whole server"),
  one(`${SOME}_csr_none.h5ad`, 0, "ours floor h5wasm:lazy h5wasm:whole server"),
  // LZF is not in h5wasm without its plugins, nor in jsfive.
  one(`${SOME}_csc_lzf.h5ad`, 0, "ours server"),
  one(`${SOME}_csr_lzf.h5ad`, 0, "ours server"),
  one(`${SOME}_csc_gzip.h5ad`, "disk", "ours floor h5wasm:workerfs h5wasm:whole"),
  ...zarr(SOME, [0, 80]),
  ...["v2", "v3"].flatMap((version) => [0, 80].map((link) => one(`${SOME}_dense_${version}.zarr`, link, "ours floor zarrita"))),
  one(`${WIDE}_csc_gzip.h5ad`, 0, "ours floor h5wasm:lazy server"),
  one(`${WIDE}_csr_gzip.h5ad`, 0, "ours floor h5wasm:lazy server[plot,first]"),
];

/** What decides about the budgets, and no more: the systems that they compare, and the phases. What matters most comes first. */
export const budgets = [
  one(`${MANY}_csc_gzip.h5ad`, 80, "ours floor[plot,next] h5wasm:lazy[plot]"),
  one(`${MANY}_csc_gzip.h5ad`, 0, "ours floor[plot,next,manifests] h5wasm:lazy[plot] server[plot,manifests]"),
  one(
    `${MANY}_csr_gzip.h5ad`,
    0,
    "ours[plot,first,next] floor[plot,first] h5wasm:lazy[plot,first] h5wasm:whole[plot,first] server[plot,first]",
  ),
  one(`${MANY}_csc_gzip.h5ad`, "disk", "ours[plot] floor[plot] h5wasm:workerfs[plot]"),
  one(`${MANY}_csr_v2.zarr`, 0, "ours[plot,first,next] floor[plot,first] floor:raw[plot,first] zarrita[plot,first]"),
  one(`${MANY}_csr_v3.zarr`, 0, "ours[plot,first,next] floor[plot,first] floor:raw[plot,first] zarrita[plot,first]"),
  one(`${MANY}_csc_gzip.h5ad`, 20, "module ours[plot] floor[plot] h5wasm:lazy[plot]"),
  one(`${MANY}_csr_gzip.h5ad`, 80, "ours[plot,first] h5wasm:lazy[plot,first]"),
  one(`${SOME}_csc_gzip.h5ad`, 0, "ours floor h5wasm:lazy h5wasm:whole jsfive server"),
  one(`${SOME}_dense_gzip.h5ad`, 80, "ours floor h5wasm:lazy"),
  one(`${WIDE}_csc_gzip.h5ad`, 0, "ours floor h5wasm:lazy"),
  one(`${WIDE}_csr_gzip.h5ad`, 0, "ours[plot,first,next] floor[plot,first] server[plot,first]"),
];

/** Every system and every layout once, on small files: whether all answers are right. */
export const short = [
  one("20000x500_csc_gzip.h5ad", 0, "module ours floor floor:raw[plot] h5wasm:lazy h5wasm:whole jsfive server"),
  one("20000x500_csr_gzip.h5ad", 0, "ours floor h5wasm:lazy jsfive server[plot,first,manifests]"),
  one("20000x500_dense_gzip.h5ad", 0, "ours floor h5wasm:lazy"),
  one("20000x500_csc_lzf.h5ad", 0, "ours"),
  one("20000x500_csr_v2.zarr", 0, "ours floor[plot,first] floor:raw[plot,first] zarrita"),
  one("20000x500_csc_v3.zarr", 0, "ours floor zarrita"),
  one("20000x500_dense_v3.zarr", 0, "ours floor zarrita"),
  one("20000x500_csc_none.h5ad", "disk", "ours floor h5wasm:workerfs", PLOT),
];
