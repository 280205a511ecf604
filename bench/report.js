/**
 * Tables of what was measured, and the verdict on each budget.
 *
 *     node bench/report.js RESULTS.json… [DOCUMENT.md]
 *
 * Prints them; several results are put together, later ones replacing what earlier ones have of the same scenario
 * and system, as long as they measured the same module: `--budgets` five times, and the rest as often as there is time for.
 *
 * @import { Results } from "./summary.js"
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { figure, verdicts } from "./budgets.js";
import { group, median, Summary } from "./summary.js";

/** @type {Record<string, string>} */
const NAMES = {
  ours: "**ours**",
  floor: "floor",
  "floor:raw": "floor, transfer alone",
  "h5wasm:lazy": "h5wasm, lazy file",
  "h5wasm:whole": "h5wasm, whole file",
  "h5wasm:workerfs": "h5wasm, WORKERFS",
  jsfive: "jsfive",
  zarrita: "zarrita.js",
  server: "cellucid 0.0.9 server",
  regl: "regl-scatterplot",
  three: "three.js",
};
/** @type {Array<[phase: import("./summary.js").Phase, title: string, about: string]>} */
const TASKS = [
  ["plot", "First plot", "Opening, then the 2D and 3D embeddings and the codes of one categorical column."],
  ["first", "First gene", "The first column of X after the plot."],
  [
    "next",
    "Next gene",
    "Another column, the median of twenty one after another; requests, bytes and processor time are per gene.",
  ],
  ["batch", "Twenty genes at once", "Twenty more columns, asked for together where the system can."],
  [
    "manifests",
    "Manifests",
    "`obs_manifest.json` with its centroids, and `var_manifest.json`, after the plot. The floor's are the columns alone: what the plot did not need, and no sums.",
  ],
  ["again", "The same file again", "Opened anew in the same browser, then the first plot."],
];

/** @param {string[]} head @param {string[][]} rows */
const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
const times = (/** @type {number | null} */ value) => (value === null || !Number.isFinite(value) ? "" : figure(value));

/** @param {Summary} summary @param {(typeof TASKS)[number]} task */
function task(summary, [phase, title, about]) {
  const rows = summary.scenarios().flatMap(({ scenario, file, delay }) => {
    const needed = summary.results.files[file]?.needed;
    const need =
      phase === "plot" || phase === "again" ? needed?.plot : phase === "next" || phase === "first" ? needed?.gene : undefined;
    const systems = summary.systems(scenario).filter((system) => summary.line(scenario, system, phase));
    return systems.map((system, at) => {
      const line = /** @type {import("./summary.js").Line} */ (summary.line(scenario, system, phase));
      const server = system === "server";
      return [
        at ? "" : scenario,
        NAMES[system] ?? system,
        `${figure(line.ms)} (${figure(line.best)})`,
        times(summary.ratio(scenario, phase, system, "ours")),
        times(summary.ratio(scenario, phase, system, "floor")),
        figure(line.cpu * 1000),
        figure(line.requests),
        delay ? figure(line.rounds) : "",
        delay ? figure(line.waves) : "",
        figure(line.bytes / 1e6) + (need && !server ? ` (${figure(line.bytes / need)})` : ""),
        line.late > 1e4 ? figure(line.late / 1e6) : "",
        figure(line.peak / 1e6),
      ];
    });
  });
  if (!rows.length) return "";
  const head = [
    "file, link",
    "system",
    "ms (best)",
    "× ours",
    "× floor",
    "CPU ms",
    "requests",
    "rounds",
    "waves",
    "MB (× needed)",
    "MB later",
    "peak MB",
  ];
  return `## ${title}\n\n${about}\n\n${table(head, rows)}\n`;
}

/** @param {Summary} summary */
function start({ results }) {
  const rows = ["module", "later", "h5wasm:lazy", "jsfive", "zarrita"].map((system) => {
    const size = results.sizes[system.split(":")[0] ?? ""];
    const runs = results.runs.filter((run) => run.system === system).map(({ outcome }) => outcome.ready);
    return [
      { module: "**ours**", later: "**ours**, second part" }[system] ?? system.split(":")[0] ?? "",
      figure((size?.raw ?? NaN) / 1000),
      figure((size?.gzip ?? NaN) / 1000),
      figure(median(runs)),
    ];
  });
  const servers = group(
    results.runs.filter(({ outcome }) => outcome.server),
    ({ file }) => file,
  );
  const started = [...servers].map(([file, runs]) => {
    const get = (/** @type {"start" | "peak"} */ key) => median(runs.map(({ outcome }) => outcome.server?.[key] ?? NaN));
    return [file, figure(get("start")), figure(get("peak") / 1e6)];
  });
  return `## Start-up

Script and module as one file, minified, all codecs; ready is the time from asking for a worker until it has everything. Of ours the
second part, with other formats than \`.h5ad\` and rare codecs, comes when nobody waits or when it is called.

${table(["system", "kB", "kB gzip", "ready ms"], rows)}

The reference's server, from command to listening, and its resident memory at the end:

${table(["file", "ms", "MB"], started)}
`;
}

/** @param {Results} results */
function draw({ drawn }) {
  if (!drawn.length) return "";
  const rows = [...group(drawn, ({ system }) => system)].map(([system, all]) => {
    const get = (/** @type {(one: import("./draw.js").Drawn) => number | undefined} */ of) =>
      median(all.map((one) => of(one.drawn) ?? NaN));
    const steps = /** @type {const} */ (["first", "frame", "recolour"]);
    return [
      NAMES[system] ?? system,
      ...steps.map((step) => figure(get((one) => one[step].ms))),
      figure(get((one) => one.recolour.told)),
      figure(get((one) => one.recolour.sent) / 1e6),
      figure(get((one) => one.recolour.put ?? 0) / 1e6),
      figure(get((one) => one.lasso?.ms)),
    ];
  });
  return `## Drawing

A million points in 2D, 900 × 900 pixels, drawn in software (SwiftShader): milliseconds until the pixels are there.

${table(["system", "first frame", "frame", "recolour", "of it before the driver draws", "MB sent to recolour", "MB put on a canvas", "lasso, 200 corners"], rows)}
`;
}

/** @param {Results} results */
function inflate({ inflated }) {
  if (!inflated.length) return "";
  const kinds = Object.keys(inflated[0] ?? {});
  const rows = kinds.map((kind) => {
    const all = inflated.flatMap((one) => one[kind] ?? []);
    const speed = (/** @type {"ours" | "browser"} */ who) => Math.max(...all.map((one) => one.bytes / 1e3 / one[who]));
    return [
      kind,
      figure(all[0]?.chunks ?? NaN),
      figure((all[0]?.size ?? NaN) / 1000),
      figure(speed("ours")),
      figure(speed("browser")),
      figure(speed("ours") / speed("browser")),
    ];
  });
  return `## Inflate

Real chunks, one by one, output in MB/s, the best of all repetitions: this project's decoder (zune-inflate in WebAssembly) and the browser's \`DecompressionStream\`.

${table(["chunks of", "how many", "kB each, inflated", "ours", "browser", "×"], rows)}
`;
}

/** @param {Results[]} all @returns {Results} */
function merge(all) {
  const last = /** @type {Results} */ (all.at(-1));
  const runs = all.flatMap((results, at) =>
    results.runs.filter(
      ({ scenario, system }) =>
        !all.slice(at + 1).some((later) => later.runs.some((run) => run.scenario === scenario && run.system === system)),
    ),
  );
  return {
    ...last,
    begun: all.map(({ begun }) => begun).toSorted()[0] ?? "",
    ended:
      all
        .map(({ ended }) => ended)
        .toSorted()
        .at(-1) ?? "",
    commit: [...new Set(all.map(({ commit }) => commit))].join(", "),
    command: [...new Set(all.map(({ command }) => command))].join("; "),
    load: all.flatMap(({ load }) => load),
    failed: all.flatMap(({ failed }) => failed ?? []),
    files: Object.assign({}, ...all.map(({ files }) => files)),
    runs,
    drawn: all.findLast(({ drawn }) => drawn?.length)?.drawn ?? [],
    inflated: all.findLast(({ inflated }) => inflated?.length)?.inflated ?? [],
  };
}

const given = process.argv.slice(2);
const results = merge(given.filter((name) => name.endsWith(".json")).map((name) => JSON.parse(readFileSync(name, "utf8"))));
const summary = new Summary(results);
const budgets = verdicts(summary).map(({ what, budget, found, met }) => [
  what,
  budget,
  found ?? "not measured",
  met === null ? "" : met ? "met" : "**missed**",
]);
const load = results.load.toSorted((a, b) => a - b);
const busy = median(load) > 1.25 * (Number.parseInt(results.machine, 10) || 1);
const counts = summary.scenarios().map(({ scenario }) => summary.line(scenario, "ours", "plot")?.times ?? 0);
const text = `# Benchmarks

How fast files are read as they are, beside others that do the same in a browser. Ratios are the result: all systems take turns in one
run, each time in a fresh browser; milliseconds are those of the machine and of what else it did. Every timed answer is compared with
what Python reads from the same file; a difference fails the run.

\`bench/run\` repeats all of it and writes this page; \`doc/SPEED.md\` says why what is missed is missed.

| | |
| --- | --- |
| machine | ${results.machine}, Linux; load average ${figure(load[0] ?? 0)} to ${figure(load.at(-1) ?? 0)}, median ${figure(median(load))}${busy ? " (other work went on)" : ""} |
| when | ${results.begun.slice(0, 16).replace("T", " ")} to ${results.ended.slice(0, 16).replace("T", " ")} UTC |
| commit | ${results.commit} |
| browser | ${results.browser} |
| versions | ${Object.entries(results.versions)
  .map(([name, version]) => `${name} ${version}`)
  .join(", ")}; ${results.python} |
| repetitions | ${Math.min(...counts)} to ${Math.max(...counts)} of each, medians, the best in brackets |
| link | loopback, HTTP/1.1 with keep-alive and ranges, cacheable; the delay is added before each answer |
| command | \`${results.command.replaceAll("|", "\\|")}\` |
${results.failed.map((why) => `| **failed** | ${why.replaceAll("|", "\\|").replaceAll("\n", " ")} |\n`).join("")}
The **floor** knows the address of every chunk beforehand, reads exactly those bytes in merged ranges, several at a time and past the
browser's cache, decodes them in WebAssembly and puts them into the final arrays: what is left when there is nothing to find out. A gene by row
of a Zarr store two workers of it share, as ours do, and keep nothing; of an \`.h5ad\` file one worker reads all, and keeps it.
*Needed* are the bytes, as stored, of the chunks that an answer lies in. *Waves* are the longest chain of requests of which each began after the
one before had ended; *rounds* leave out those that the browser had held back because six were under way, as it does over HTTP/1.1. Both are counted
where a delay makes them tell apart. *MB later* was read after the answer, ahead of the next question. *Peak* is how far
resident memory of the renderer rose; nobody listens to requests meanwhile, for whom the browser would keep copies in it. *CPU* is the renderer's. What a client has to do itself (scatter a sparse column, search a CSR matrix) is
the same code for all peers; what they do once after the first CSR gene (transpose) is not counted.

## Budgets

One million cells and 1,000 genes unless it says otherwise, written by anndata with gzip and its default chunks.

${table(["what", "budget", "measured", ""], budgets)}

${[...TASKS.map((one) => task(summary, one)), start(summary), draw(results), inflate(results)].filter(Boolean).join("\n")}`;
console.log(text);
const document = given.find((name) => name.endsWith(".md"));
if (document) {
  // What other scripts have measured stands at the end, and stays.
  const before = existsSync(document) ? readFileSync(document, "utf8") : "";
  const others = [...before.matchAll(/\n## (Serving|Decoders)\n/g)].map(({ index }) => index);
  writeFileSync(document, others.length ? `${text.trimEnd()}\n${before.slice(Math.min(...others))}` : text);
}
