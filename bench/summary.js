/**
 * From what was measured to one line per scenario, system and phase: medians, and the best.
 *
 * @import { Outcome } from "./session.js"
 * @import { Drawn } from "./draw.js"
 * @typedef {{ begun: string, ended: string, commit: string, machine: string, browser: string, versions: Record<string, string>,
 *   python: string, times: number, command: string, load: number[], failed: string[], sizes: Record<string, { raw: number, gzip: number }>,
 *   files: Record<string, { cells: number, needed: { plot: number, gene: number } | null, values: number }>,
 *   runs: Array<{ scenario: string, file: string, delay: number, local: boolean, system: string, outcome: Outcome }>,
 *   drawn: Array<{ system: string, drawn: Drawn }>, inflated: Array<Record<string, Inflated>> }} Results
 * @typedef {{ ours: number, browser: number, bytes: number, chunks: number, size: number }} Inflated milliseconds, bytes that came out
 * @typedef {object} Line
 * @property {number} ms
 * @property {number} best
 * @property {number} part milliseconds until part of the answer was there; NaN without
 * @property {number} cpu seconds
 * @property {number} requests
 * @property {number} rounds
 * @property {number} waves
 * @property {number} bytes
 * @property {number} peak
 * @property {number} late bytes read after the answer, ahead of the next question
 * @property {number} times how often it was measured
 */
import { PHASES } from "./scenarios.js";

/** @param {number[]} values */
export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/**
 * In the order in which the keys come.
 *
 * @template T
 * @param {T[]} all @param {(one: T) => string} key @returns {Map<string, T[]>}
 */
export function group(all, key) {
  /** @type {Map<string, T[]>} */
  const out = new Map();
  for (const one of all) out.set(key(one), [...(out.get(key(one)) ?? []), one]);
  return out;
}

/** @typedef {"plot" | "first" | "next" | "batch" | "manifests" | "again"} Phase */

export class Summary {
  /** @type {Map<string, Line>} */
  #lines = new Map();
  /** @type {Map<string, Set<string>>} */
  #systems = new Map();

  /** @param {Results} results */
  constructor(results) {
    this.results = results;
    const groups = group(results.runs, ({ scenario, system }) => `${scenario}|${system}`);
    for (const [key, runs] of groups) {
      const [scenario = "", system = ""] = key.split("|");
      const known = this.#systems.get(scenario) ?? new Set();
      this.#systems.set(scenario, known.add(system));
      for (const phase of PHASES) {
        const measures = runs.flatMap(({ outcome }) => outcome[phase] ?? []);
        if (!measures.length) continue;
        const middle = (/** @type {(one: (typeof measures)[0]) => number} */ get) => median(measures.map(get));
        this.#lines.set(`${key}|${phase}`, {
          ms: middle(({ ms }) => ms),
          part: middle(({ part }) => part ?? NaN),
          best: Math.min(...measures.map(({ ms }) => ms)),
          cpu: middle(({ cpu }) => cpu),
          requests: middle(({ requests }) => requests),
          rounds: middle(({ rounds }) => rounds),
          waves: middle(({ waves }) => waves),
          bytes: middle(({ bytes }) => bytes),
          peak: middle(({ peak }) => peak),
          late: middle(({ later }) => later.bytes),
          times: measures.length,
        });
      }
    }
  }

  /** In the order in which they were measured. */
  scenarios() {
    return [...new Map(this.results.runs.map((run) => [run.scenario, run])).values()];
  }

  /** @param {string} scenario */
  systems(scenario) {
    return [...(this.#systems.get(scenario) ?? [])];
  }

  /** @param {string} scenario @param {string} system @param {Phase} phase @returns {Line | null} */
  line(scenario, system, phase) {
    return this.#lines.get(`${scenario}|${system}|${phase}`) ?? null;
  }

  /** How many times as long; null when one of them was not measured. @param {string} scenario @param {Phase} phase @param {string} a @param {string} b */
  ratio(scenario, phase, a, b) {
    const [above, below] = [this.line(scenario, a, phase), this.line(scenario, b, phase)];
    return above && below ? above.ms / below.ms : null;
  }

  /** Until a system's scripts are there and ready, in milliseconds. @param {string} system */
  ready(system) {
    return median(this.results.runs.filter((run) => run.system === system).map(({ outcome }) => outcome.ready));
  }
}
