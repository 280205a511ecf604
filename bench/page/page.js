/**
 * One system in one page. The program that drives it calls `bench.start`, then one phase after another; each says how long it took,
 * and `bench.hashes` what came out, once nothing is measured any more.
 *
 * @import { From, Gene, System } from "../systems/types.js"
 */

/** @type {System} */
let system;
/** In this page, not behind messages. */
let local = false;
/** What the last phase gave. @type {Array<[name: string, bytes: ArrayBuffer]>} */
let given = [];

/** Through messages to a worker. @param {string} name @param {string} way @returns {Promise<System>} */
async function hire(name, way) {
  const worker = new Worker(`worker.js?system=${name}&way=${way}`, { type: "module" });
  /** @type {Map<number, { done: (value: any) => void, fail: (error: Error) => void }>} */
  const calls = new Map();
  let last = 0;
  /** @type {string[]} */
  const can = await new Promise((done, fail) => {
    worker.addEventListener("error", (event) => fail(new Error(event.message)), { once: true });
    worker.addEventListener("message", ({ data }) => {
      if (data.ready) return done(data.can);
      const call = calls.get(data.id);
      calls.delete(data.id);
      if (data.error) call?.fail(new Error(data.error));
      else call?.done(data.value);
    });
  });
  const ask = (/** @type {string} */ call, /** @type {unknown[]} */ args) =>
    new Promise((done, fail) => {
      const id = ++last;
      calls.set(id, { done, fail });
      worker.postMessage({ id, call, args });
    });
  return /** @type {any} */ (
    Object.fromEntries(can.map((call) => [call, (/** @type {unknown[]} */ ...args) => ask(call, args)]))
  );
}

/** @param {() => Promise<Array<[string, ArrayBuffer]>>} work */
async function timed(work) {
  given = [];
  const begun = performance.now();
  given = await work();
  return performance.now() - begun;
}

/** A `genes` of its own where the system has one, else one after another. @param {Gene[]} genes */
async function several(genes) {
  if (system.genes) return system.genes(genes);
  const out = [];
  for (const gene of genes) out.push(await system.gene(gene));
  return out;
}

const bench = {
  /** How long it takes until the system is ready, its scripts included. @param {string} name @param {string} way */
  async start(name, way) {
    const begun = performance.now();
    local = name === "ours";
    if (local) {
      const { default: make } = await import("../systems/ours.js");
      system = await make();
    } else {
      system = await hire(name, way);
    }
    return performance.now() - begun;
  },

  /** @param {From} from */
  async plot(from) {
    const input = /** @type {HTMLInputElement} */ (document.querySelector("#file"));
    const file = input.files?.[0];
    if (from.url === "" && !file) throw new Error("no file was chosen");
    return timed(async () => {
      await system.open({ ...from, ...(file && { file }) });
      return Object.entries(await system.plot());
    });
  },

  /** @param {Gene} gene */
  gene: (gene) => timed(async () => [[gene.name, await system.gene(gene)]]),

  /** And how long until the first part of it. @param {Gene} gene */
  async first(gene) {
    /** @type {number | null} */
    let part = null;
    const begun = performance.now();
    const partial = () => {
      part ??= performance.now() - begun;
    };
    // Through messages, functions cannot go.
    const ms = await timed(async () => [[gene.name, await (local ? system.gene(gene, partial) : system.gene(gene))]]);
    return { ms, part };
  },

  /** One after another, each timed. @param {Gene[]} genes */
  async next(genes) {
    const times = [];
    /** @type {typeof given} */
    const all = [];
    for (const gene of genes) {
      times.push(await bench.gene(gene));
      all.push(...given);
    }
    given = all;
    return times;
  },

  /** @param {Gene[]} genes */
  batch: (genes) => timed(async () => (await several(genes)).map((bytes, at) => [/** @type {Gene} */ (genes[at]).name, bytes])),

  manifests: () =>
    timed(async () =>
      (await /** @type {any} */ (system).manifests()).map((/** @type {any} */ b, /** @type {number} */ at) => [String(at), b]),
    ),

  prepare: () =>
    timed(async () => {
      await system.prepare?.();
      return [];
    }),

  /** Closes and starts anew, in the same browser. @param {string} name @param {string} way */
  async again(name, way) {
    await system.close?.();
    return bench.start(name, way);
  },

  /** SHA-256 of what the last phase gave. */
  async hashes() {
    /** @type {Record<string, string>} */
    const out = {};
    for (const [name, bytes] of given) {
      const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      out[name] = Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    given = [];
    return out;
  },
};

Object.assign(globalThis, { bench });
