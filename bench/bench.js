/**
 * Runs the benchmark: every scenario by every system, in turn, again and again, each time in a fresh browser.
 *
 *     node bench/bench.js --data DIR [--short | --budgets] [--times N] [--minutes N] [--only REGEX] [--systems REGEX] [--out FILE.json]
 *
 * After `--minutes` nothing more is begun. A wrong answer fails it. What was measured is kept in FILE.json; bench/report.js makes tables of it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { launch } from "./browser.js";
import { bundle } from "./build.js";
import { drawing } from "./draw.js";
import { inflating } from "./inflate.js";
import { budgets, full, short } from "./scenarios.js";
import { lab } from "./session.js";

const ROOT = join(import.meta.dirname, "..");
const { values: given } = parseArgs({
  options: {
    data: { type: "string", default: join(ROOT, "build/bench/data") },
    short: { type: "boolean", default: false },
    budgets: { type: "boolean", default: false },
    minutes: { type: "string", default: "Infinity" },
    times: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    systems: { type: "string", default: "" },
    out: { type: "string", default: join(ROOT, "build/bench/results.json") },
  },
});

const times = given.short ? 1 : Number(given.times);
const end = performance.now() + Number(given.minutes) * 60_000;
const late = () => performance.now() > end;
const pattern = new RegExp(given.only);
const systems = new RegExp(given.systems);
const scenarios = (given.short ? short : given.budgets ? budgets : full)
  .filter(({ name }) => pattern.test(name))
  .map((scenario) => ({ ...scenario, runs: scenario.runs.filter(({ system }) => systems.test(system)) }));
const sizes = await bundle();
const { browser, version } = await launch();
await browser.close();

/** @param {string} program @param {...string} args */
const says = (program, ...args) => execFileSync(program, args, { cwd: ROOT }).toString().trim();
const packages =
  "import cellucid, anndata, h5py, zarr; print(*(f'{m.__name__} {m.__version__}' for m in (anndata, h5py, zarr)), sep=', ')";
/** @type {import("./summary.js").Results} */
const results = {
  begun: new Date().toISOString(),
  ended: "",
  commit: says("git", "describe", "--always", "--dirty"),
  machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  browser: `Chromium ${version}, headless`,
  versions: JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8")).devDependencies,
  python: says(join(ROOT, "build/venv/bin/python"), "-W", "ignore", "-c", packages),
  times,
  command: [
    "bench/run",
    ...process.argv.slice(2).filter((_, at, all) => ![all[at], all[at - 1]].some((word) => /^--(data|out)$/.test(word ?? ""))),
  ].join(" "),
  load: [],
  failed: [],
  sizes,
  files: {},
  runs: [],
  drawn: [],
  inflated: [],
};
const keep = () => {
  results.ended = new Date().toISOString();
  mkdirSync(dirname(given.out), { recursive: true });
  writeFileSync(given.out, JSON.stringify(results));
};

const { run, stop } = await lab(given.data);
/**
 * All systems of a scenario take turns.
 *
 * @param {(typeof scenarios)[0]} scenario @param {number} time
 */
async function measure(scenario, time) {
  const { name, file, delay, local, runs } = scenario;
  const { cells, needed, values } = JSON.parse(readFileSync(join(given.data, `${file}.truth.json`), "utf8"));
  results.files[file] = { cells, needed, values };
  for (let at = 0; at < runs.length; at++) {
    const one = /** @type {typeof runs[0]} */ (runs[(at + time) % runs.length]);
    const outcome = await run(scenario, one);
    results.runs.push({ scenario: name, file, delay, local, system: one.system, outcome });
    results.load.push(loadavg()[0] ?? 0);
    const took = one.phases.map((phase) => `${phase} ${Number(outcome[phase]?.ms.toPrecision(3))}`).join(", ");
    console.log(`${name}, ${one.system}, ${time + 1} of ${times}: ready ${outcome.ready.toFixed(0)}, ${took} ms`);
  }
}

/** @param {number} time */
async function draw(time) {
  const count = given.short ? 20_000 : 1_000_000;
  await drawing(count, time, (system, drawn) => {
    results.drawn.push({ system, drawn });
    console.log(`draw ${count} points, ${system}, ${time + 1} of ${times}: first frame ${drawn.first.ms.toFixed(0)} ms`);
  });
}

/** @param {number} time */
async function inflate(time) {
  const one = await inflating(given.data, given.short ? "20000x500" : "1000000x1000");
  results.inflated.push(one);
  const said = Object.entries(one).map(
    ([kind, { ours, browser }]) => `${kind} ${(browser / ours).toFixed(2)} times the browser's speed`,
  );
  console.log(`inflate, ${time + 1} of ${times}: ${said.join(", ")}`);
}

const asked = (/** @type {string} */ part) => systems.test(part) && pattern.test(part);
const work = [
  ...scenarios.map((scenario) => (/** @type {number} */ time) => measure(scenario, time)),
  ...(asked("draw") ? [draw] : []),
  ...(asked("inflate") ? [inflate] : []),
];
try {
  // Each once, then each again: whenever it ends, all have been measured about as often.
  for (let time = 0; time < times && !late(); time++) {
    for (const one of work) {
      if (late()) break;
      // What went wrong with one is no reason to lose the others; it is said, and the run has failed.
      await one(time).catch((error) => {
        results.failed.push(String(error));
        console.error(error);
        process.exitCode = 1;
      });
      keep();
    }
  }
} finally {
  stop();
}
if (late()) console.log(`ended after ${given.minutes} minutes`);
keep();
