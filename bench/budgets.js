/**
 * The budgets, each with what was measured of it.
 *
 * @import { Phase, Summary } from "./summary.js"
 * @typedef {{ what: string, budget: string, found: string | null, met: boolean | null }} Verdict `null` when it was not measured
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { median } from "./summary.js";

const MANY = "1000000x1000";
const CSC = `${MANY}_csc_gzip.h5ad`;
const CSR = `${MANY}_csr_gzip.h5ad`;
const MB = 1e6;
const MIB = 2 ** 20;

/**
 * @param {string} what @param {string} unit @param {number | null | undefined} value @param {number} most
 * @param {(value: number) => string} [say]
 * @returns {Verdict}
 */
function atMost(what, unit, value, most, say = (value) => figure(value)) {
  const known = value !== null && value !== undefined && Number.isFinite(value);
  return {
    what,
    budget: `≤ ${say(most)}${unit}`,
    found: known ? `${say(value)}${unit}` : null,
    met: known ? value <= most : null,
  };
}

/** Three digits are enough. @param {number} value */
export function figure(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toFixed(Math.min(3, digits))));
}

/** @param {Summary} summary @returns {Verdict[]} */
export function verdicts(summary) {
  const { results } = summary;
  const at = (/** @type {string} */ file, /** @type {number | "disk"} */ link) =>
    `${file} ${link === "disk" ? "from disk" : `+${link} ms`}`;
  const line = (/** @type {string} */ scenario, /** @type {Phase} */ phase) => summary.line(scenario, "ours", phase);
  /**
   * Ours as a share of another system, of the quickest if there are several.
   *
   * @param {string} what @param {string} scenario @param {Phase} phase @param {string} others @param {number} most
   * @returns {Verdict}
   */
  const versus = (what, scenario, phase, others, most) => {
    const mine = line(scenario, phase);
    const lines = others.split(" ").map((system) => ({ system, line: summary.line(scenario, system, phase) }));
    const [best] = lines.filter((other) => other.line).toSorted((a, b) => (a.line?.ms ?? 0) - (b.line?.ms ?? 0));
    const budget = `≤ ${most} × ${others.replaceAll(" ", " or ")}`;
    if (!mine || !best?.line) return { what, budget, found: null, met: null };
    const found = `${figure(mine.ms / best.line.ms)} × ${best.system}`;
    const work = `processor time ${figure(mine.cpu / best.line.cpu)} ×`;
    return { what, budget, found: best.system === "server" ? found : `${found}, ${work}`, met: mine.ms <= most * best.line.ms };
  };
  const { needed = null, cells = 0 } = results.files[CSC] ?? {};
  const { values = 0 } = results.files[CSR] ?? {};
  const result = cells * (8 + 12 + 1);
  const plot = line(at(CSC, 80), "plot");
  const first = line(at(CSR, 0), "first");
  /**
   * The same with the floor's share of the quickest other, where the floor itself decides whether a budget can be had.
   *
   * @param {Parameters<typeof versus>} args
   */
  const above = (...args) => {
    const [, scenario, phase, others] = args;
    const verdict = versus(...args);
    const shares = others.split(" ").map((other) => summary.ratio(scenario, phase, "floor", other) ?? 0);
    const share = Math.max(...shares);
    return share && verdict.found ? { ...verdict, found: `${verdict.found}; the floor ${figure(share)} ×` } : verdict;
  };
  /** @type {Verdict[]} */
  const out = [
    ...[0, 20, 80].flatMap((delay) => [
      versus(`first plot, +${delay} ms`, at(CSC, delay), "plot", "floor", 1.35),
      above(`first plot, +${delay} ms`, at(CSC, delay), "plot", "h5wasm:lazy", 0.4),
    ]),
    atMost("first plot: requests", "", plot?.requests, 30),
    atMost("first plot, CSR: requests", "", line(at(CSR, 80), "plot")?.requests, 30),
    atMost("first plot: dependent rounds", "", plot?.rounds, 10),
    atMost("first plot, opened again: dependent rounds", "", line(at(CSC, 80), "again")?.rounds, 2),
    atMost("first plot: bytes", " MB", plot && plot.bytes / MB, ((needed?.plot ?? NaN) * 1.05) / MB + 0.3),
    atMost("a CSC gene: bytes", " × needed", (line(at(CSC, 0), "next")?.bytes ?? NaN) / (needed?.gene ?? NaN), 1.4),
    versus("first plot from disk", at(CSC, "disk"), "plot", "floor", 1.6),
    versus("first plot from disk", at(CSC, "disk"), "plot", "h5wasm:workerfs", 0.35),
    versus("next CSC gene", at(CSC, 0), "next", "floor", 1.6),
    versus("next CSC gene, +80 ms", at(CSC, 80), "next", "floor", 1.6),
    atMost("20 CSC genes at once: dependent rounds", "", line(at(CSC, 80), "batch")?.rounds, 2),
    above("first CSR gene", at(CSR, 0), "first", "h5wasm:lazy h5wasm:whole server", 0.7),
    versus("first CSR gene, +80 ms", at(CSR, 80), "first", "h5wasm:lazy", 0.7),
    above("first CSR gene, Zarr v2", at(`${MANY}_csr_v2.zarr`, 0), "first", "zarrita", 0.7),
    above("first CSR gene, Zarr v3", at(`${MANY}_csr_v3.zarr`, 0), "first", "zarrita", 0.7),
    atMost("first CSR gene: first part of it", " × the whole", (first?.part ?? NaN) / (first?.ms ?? NaN), 0.15),
    atMost("later CSR genes", " ms", line(at(CSR, 0), "next")?.ms, 3),
    atMost("CSR: peak memory", " MB", first && first.peak / MB, (10 * values + 64 * MIB) / MB),
    atMost("first plot: peak memory", " MB", (line(at(CSC, 0), "plot")?.peak ?? NaN) / MB, (3 * result + 16 * MIB) / MB),
    above("manifests", at(CSC, 0), "manifests", "server", 0.1),
  ];
  for (const kind of Object.keys(results.inflated[0] ?? {})) {
    const all = results.inflated.flatMap((one) => one[kind] ?? []);
    // The best of each: what else the machine does only ever adds.
    const speed = Math.min(...all.map(({ browser }) => browser)) / Math.min(...all.map(({ ours }) => ours));
    out.push({
      what: `inflate, ${kind}`,
      budget: "≥ 1.4 × the browser's stream",
      found: `${figure(speed)} ×`,
      met: speed >= 1.4,
    });
  }
  const sizes = JSON.parse(readFileSync(join(import.meta.dirname, "../pkg/SIZES.json"), "utf8"));
  out.push(
    atMost("module and glue, gzip, at first", " kB", sizes["module and glue"].gzip / 1000, 350),
    atMost(
      "module and glue, gzip, with the second part",
      " kB",
      (sizes["module and glue"].gzip + sizes["module, later"].gzip) / 1000,
      350,
    ),
    atMost("page scripts, gzip", " kB", sizes["page scripts"].gzip / 1000, 30),
    atMost("page styles, gzip", " kB", sizes["page styles"].gzip / 1000, 5),
    atMost("module ready", " ms", summary.ready("module"), 40),
  );
  const drawn = (/** @type {string} */ system, /** @type {(drawn: any) => number | undefined} */ get) =>
    median(results.drawn.filter((one) => one.system === system).map((one) => get(one.drawn) ?? NaN));
  const count = 1e6;
  const hundredths = (/** @type {number} */ value) => Math.round(100 * value) / 100;
  out.push(
    atMost(
      "draw 1 M points, first frame",
      " × regl-scatterplot",
      drawn("ours", (d) => d.first.ms) / drawn("regl", (d) => d.first.ms),
      0.25,
    ),
    // Beside them a palette of a kilobyte.
    atMost("recolour: bytes sent per cell, by a card", "", hundredths(drawn("ours", (d) => d.card) / count), 2),
    // Nothing but the picture, of 900 × 900 pixels whatever the number of cells, which a 2D canvas is given: no graphics driver is.
    atMost("recolour: bytes sent per cell, by the processor", "", hundredths(drawn("ours", (d) => d.recolour.sent) / count), 2),
    atMost(
      "lasso over 1 M points",
      " ms",
      drawn("ours", (d) => d.lasso?.ms),
      50,
    ),
  );
  return out;
}
