/**
 * One system, one file, one fresh browser: ready, first plot, first column, later columns, many columns, the same file again. Each
 * answer is compared with what it has to be; a difference ends the run.
 *
 * @import { Browser, Page } from "playwright-core"
 * @import { Scenario, Phase } from "./scenarios.js"
 * @typedef {{ cells: number, genes: Array<{ index: number, name: string, hash: string }>, stored: Record<string, string>, rest: string[],
 *   export: Record<string, any>, needed: { plot: number, gene: number } | null }} Truth
 * @typedef {object} Measure
 * @property {number} ms how long it took; the median where it was done several times
 * @property {number} [part] how long until part of the answer was there
 * @property {number} requests
 * @property {number} rounds
 * @property {number} waves
 * @property {number} bytes
 * @property {number} cpu seconds
 * @property {number} peak bytes of resident memory above what was there before
 * @property {{ requests: number, bytes: number, cpu: number }} later what went on after the answer, until all was quiet
 * @typedef {Partial<Record<Phase, Measure>> & { ready: number, server?: { start: number, peak: number } }} Outcome
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cpu, forget, launch, memory, unheard } from "./browser.js";
import { cost, serve } from "./serve.js";
import { median } from "./summary.js";

/** Longest that one phase may take. */
const PATIENCE = 300_000;
const ROOT = join(import.meta.dirname, "..");

/** @param {string} data */
export async function lab(data) {
  const site = await serve(data);
  return {
    stop: site.stop,
    /** @param {Scenario} scenario @param {Scenario["runs"][number]} run @returns {Promise<Outcome>} */
    run: (scenario, run) => session(site, data, scenario, run),
  };
}

/**
 * @param {Awaited<ReturnType<typeof serve>>} site @param {string} data @param {Scenario} scenario
 * @param {Scenario["runs"][number]} run
 * @returns {Promise<Outcome>}
 */
async function session(site, data, { file, delay, local }, { system, phases }) {
  const [name = "", way = ""] = system.split(":");
  /** @type {Truth} */
  const truth = JSON.parse(readFileSync(join(data, `${file}.truth.json`), "utf8"));
  const exported = name === "ours" || name === "server";
  const reference = name === "server" ? await reference_(join(data, file)) : null;
  site.state.delay = delay;
  site.state.reference = reference?.url ?? null;
  const { browser, renderer } = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${site.url}/page/index.html`);
    await unheard(page);
    if (local) await page.setInputFiles("#file", join(data, file));
    const ready = await call(page, "start", name, way);
    const pid = await renderer(page);
    const where = name === "server" ? "/reference/" : `/data/${file}`;
    const layout = file.match(/_(csr|csc|dense)_/)?.[1];
    const from = { url: local ? "" : where, chunks: `/plans/${file}.chunks.json`, layout };
    const genes = truth.genes.map(({ index, name }) => ({ index, name }));
    const [first, next, batch] = [genes[0], genes.slice(1, 21), genes.slice(21, 41)];
    /** @type {Record<Phase, unknown[]>} */
    const given = {
      plot: ["plot", from],
      manifests: ["manifests"],
      first: ["first", first],
      next: ["next", next],
      batch: ["batch", batch],
      again: ["plot", from],
    };
    /** @type {Outcome} */
    const outcome = { ready };
    for (const phase of phases) {
      if (phase === "again") await call(page, "again", name, way);
      if (phase === "next") await call(page, "prepare");
      await quiet(site, pid);
      site.taken();
      const [before, begun] = [memory(pid).now, cpu(pid)];
      forget(pid);
      const told = await call(page, .../** @type {[string, ...unknown[]]} */ (given[phase]));
      const [spent, peak, log] = [cpu(pid) - begun, memory(pid).peak, site.taken()];
      await quiet(site, pid);
      const after = site.taken();
      const times = Array.isArray(told) ? told : [told.ms ?? told];
      const share = times.length;
      const { requests, rounds, waves, bytes } = cost(log, delay);
      outcome[phase] = {
        ms: median(times),
        ...(told.part && { part: told.part }),
        requests: requests / share,
        rounds: rounds / share,
        waves: waves / share,
        bytes: bytes / share,
        cpu: spent / share,
        peak: peak - before,
        later: { requests: after.length, bytes: cost(after).bytes, cpu: cpu(pid) - begun - spent },
      };
      if (way !== "raw") compare(phase, await call(page, "hashes"), truth, exported, `${system} on ${file}, ${phase}`);
    }
    if (reference) outcome.server = { start: reference.start, peak: memory(reference.pid).peak };
    return outcome;
  } finally {
    await browser.close();
    reference?.stop();
  }
}

/** @param {Page} page @param {string} name @param {...unknown} args @returns {Promise<any>} */
async function call(page, name, ...args) {
  const work = page.evaluate(
    ([name, args]) => /** @type {any} */ (globalThis).bench[name](...args),
    /** @type {const} */ ([name, args]),
  );
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${name}: no answer in ${PATIENCE / 1000} s`)), PATIENCE);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Until nothing is asked for and the renderer rests: what a system does ahead of the next question is not part of it. */
async function quiet(/** @type {{ state: { open: number, log: unknown[] } }} */ site, /** @type {number} */ pid) {
  const end = Date.now() + 60_000;
  let [spent, asked, still] = [cpu(pid), site.state.log.length, 0];
  while (still < 3 && Date.now() < end) {
    await new Promise((wake) => setTimeout(wake, 60));
    const [now, log] = [cpu(pid), site.state.log.length];
    still = now - spent <= 0.02 && log === asked && site.state.open === 0 ? still + 1 : 0;
    [spent, asked] = [now, log];
  }
}

/**
 * @param {Phase} phase @param {Record<string, string>} hashes @param {Truth} truth @param {boolean} exported @param {string} what
 */
function compare(phase, hashes, truth, exported, what) {
  const found = Object.entries(hashes);
  if (!found.length) throw new Error(`${what}: no answer`);
  for (const [name, hash] of found) {
    const gene = truth.genes.find((one) => one.name === name);
    const wanted = gene
      ? gene.hash
      : phase === "manifests"
        ? (exported ? truth.export.manifests : truth.rest)[Number(name)]
        : (exported ? truth.export : truth.stored)[name];
    if (hash !== wanted) throw new Error(`${what}: ${name} is not what it has to be (${hash}, not ${wanted})`);
  }
}

/** The reference's server in a process of its own, fresh. @param {string} file */
async function reference_(file) {
  const begun = performance.now();
  const child = spawn(join(ROOT, "build/venv/bin/python"), ["-W", "ignore", join(import.meta.dirname, "reference.py"), file], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(child.stdout), "line");
  return { url: String(line).trim(), pid: child.pid ?? 0, start: performance.now() - begun, stop: () => child.kill() };
}
