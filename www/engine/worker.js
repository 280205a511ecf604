/**
 * The worker in which the module lives: one dataset, many reads. It turns messages into calls and results into transferred
 * buffers, and knows nothing of the page.
 *
 * @import { Aide, Answer, Ask, Called, Dataset, Failure, Module, Part, Portion, Progress, Readable, Remote } from "./messages.js"
 */
import { Aides, aides, EACH } from "./aides.js";
import { called } from "./calls.js";
import { fetchModule, hire } from "./module.js";
import { crew, Pool } from "./pool.js";
import { open as remote } from "./remote.js";

/** Somebody wants something. */
const asked = new AbortController();
/** The module is asked for at once, so that it is ready by the time a file is chosen. */
const loading = fetchModule();
// A failure is reported by the call that needs the module, not as an unhandled rejection.
loading.then(rest, () => {});
loading.then(async (module) => asked.signal.aborted || (await import("./warm.js")).warm(module, asked.signal)).catch(() => {});

/** Milliseconds without a call until the module's second part is brought. */
const QUIET = 200;

const pool = new Pool(crew(), hire);

/** @type {Dataset | null} */
let dataset = null;
/** Who helps to read it. @type {Aides | null} */
let others = null;
/** What this worker reads for another, when it is one of those. @type {Promise<Aide> | null} */
let aide = null;
/** @type {Map<number, AbortController>} */
const running = new Map();
/** The newest error text: a panic hook writes its message there before the trap is thrown. */
let lastWords = "";

const write = console.error;
console.error = (...words) => {
  lastWords = words.map(String).join(" ");
  write(...words);
};

self.addEventListener("message", (event) => {
  /** @type {Ask} */
  const ask = event.data;
  if (ask.ask === "cancel") running.get(ask.id)?.abort();
  else answer(ask);
});
self.addEventListener("error", (event) => crash(event.error ?? event.message));
self.addEventListener("unhandledrejection", (event) => crash(event.reason));

/** @param {Exclude<Ask, { ask: "cancel" }>} ask */
async function answer(ask) {
  const { id } = ask;
  asked.abort();
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const value = await run(ask, abort.signal);
    const { indices, values } = /** @type {Partial<Portion>} */ (ask.ask === "portion" ? value : {});
    const parts = [indices, values, ...(Array.isArray(value) ? value : [value])].map((part) =>
      ArrayBuffer.isView(part) ? part.buffer : part,
    );
    post(
      { answer: "done", id, value },
      parts.filter((part) => part instanceof ArrayBuffer),
    );
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || unfinished(error)) crash(error);
    else post({ answer: "failed", id, failure: describe(error) });
  } finally {
    running.delete(id);
    // Who only decodes has with the first what most chunks need.
    if (ask.ask === "decode") clearTimeout(resting);
    else rest();
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let resting;

/** The module's second part is brought when nobody has asked for anything for a while: what is waited for comes first. */
function rest() {
  clearTimeout(resting);
  resting = setTimeout(async () => {
    // Where it cannot be had, the call that needs it says so.
    if (!running.size) await loading.then((module) => module.later()).catch(() => {});
  }, QUIET);
}

/** Of these the module's first part has most of what opening takes; everything else waits for the second. */
const FIRST = /^[^#?]+\.h5ad(?:[?#]|$)/i;

/**
 * @param {Exclude<Ask, { ask: "cancel" }>} ask
 * @param {AbortSignal} signal
 */
async function run(ask, signal) {
  const options = {
    signal,
    /** @param {Progress} progress */
    progress: (progress) => post({ answer: "progress", id: ask.id, progress }),
  };
  if (ask.ask === "open") {
    const module = await ready();
    if (pool.count) module.decodeWith(pool.decode);
    if (!(typeof ask.from === "string" && FIRST.test(ask.from))) await module.later();
    dataset?.close();
    others?.close();
    const { from, ...renew } = source(ask.from);
    dataset = await module.Dataset.open(from, { ...ask.options, ...renew, ...options });
    // What lies at the other end of a port, this worker alone can read.
    if (aides() && !("port" in Object(ask.from))) {
      others = new Aides(aides(), hire, from, ask.options);
      dataset.helpWith(others.help, others.count * EACH);
    }
    return dataset.describe();
  }
  if (ask.ask === "aid") {
    aide = ready().then(async (module) => {
      await module.later();
      return module.Aide.open(ask.from, ask.options);
    });
    await aide;
    return null;
  }
  if (ask.ask === "portion") return (await aide)?.portion(ask.path, ask.start, ask.end, ask.columns);
  if (ask.ask === "decode") {
    const { codecs, size, bound, chunks, skips } = ask;
    return (await ready()).decodeChunks(codecs, size, bound, chunks, skips);
  }
  if (!dataset) throw Object.assign(new Error("no dataset is open"), { code: "request" });
  if (ask.ask === "stats") return dataset.stats();
  if (ask.ask === "paths") return dataset.paths();
  if (ask.ask === "look") return dataset.look(ask.path, options);
  if (ask.ask === "array") return dataset.array(ask.path, { ...options, select: ask.select });
  if (ask.ask === "cost") return dataset.cost(ask.path);
  // Asked for once in a while: loaded when it is.
  if (ask.ask === "save") return (await import("./save.js")).save(dataset, ask.target, ask.packing, options);
  if (ask.ask === "readMany") {
    const files = await dataset.readMany(ask.paths, options);
    return Promise.all(files.map((bytes, i) => own(ask.raw ? "" : (ask.paths[i] ?? ""), bytes)));
  }
  /** @param {Part} part */
  const partial = (part) => post({ answer: "part", id: ask.id, part }, [part.values.buffer]);
  return own(ask.raw ? "" : ask.path, await dataset.read(ask.path, ask.parts ? { ...options, partial } : options));
}

/** @param {Extract<Ask, { ask: "open" }>["from"]} from @returns {{ from: Readable, renew?: (address: string) => Promise<any> }} */
function source(from) {
  if (!("port" in Object(from))) return { from: /** @type {Readable} */ (from) };
  return "calls" in Object(from) ? called(/** @type {Called} */ (from)) : { from: remote(/** @type {Remote} */ (from)) };
}

/**
 * The bytes of a file in a buffer of their own; those of export folders that are gzip, unpacked.
 *
 * @param {string} path @param {Uint8Array} bytes
 */
function own(path, bytes) {
  // A view into a larger buffer (the module's memory, say) must not be transferred: only its own bytes are.
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  const buffer = whole ? /** @type {ArrayBuffer} */ (bytes.buffer) : bytes.slice().buffer;
  // Export folders may hold gzip as it is: their manifests name such files.
  return path.endsWith(".gz") ? inflate(buffer) : buffer;
}

/** @param {ArrayBuffer} buffer */
function inflate(buffer) {
  return new Response(new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** @returns {Promise<Module>} */
async function ready() {
  try {
    return await loading;
  } catch (error) {
    throw Object.assign(new Error(`the reader module did not load: ${error instanceof Error ? error.message : error}`), {
      code: "source",
      file: "pkg/cellucid.js",
      advice: "Reload the page. If you serve it yourself, run ./run, which builds the module next to the page.",
    });
  }
}

/** @param {unknown} error @returns {Failure} */
function describe(error) {
  if (!(error instanceof Error)) return { code: "malformed", message: String(error) };
  const { code, file, object, offset, advice } = /** @type {Partial<Failure>} */ (error);
  const cancelled = error.name === "AbortError";
  return { code: code ?? (cancelled ? "cancelled" : "malformed"), message: error.message, file, object, offset, advice };
}

/** Whether the module was left in the middle of a call, because its second part could not be had. @param {any} error */
const unfinished = (error) => error?.unfinished === true;

/** @param {unknown} why */
function crash(why) {
  const failure = unfinished(why) ? describe(why) : undefined;
  post({ answer: "crashed", text: lastWords || String(why), ...(failure && { failure }) });
}

/** @param {Answer} message @param {Transferable[]} [transfer] */
function post(message, transfer = []) {
  self.postMessage(message, { transfer });
}
