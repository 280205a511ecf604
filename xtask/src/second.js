// biome-ignore-all lint/correctness/noUnusedVariables: added to a script that has the rest
// The second part of the module: functions that are seldom called (xtask/src/split). What follows brings it.

/** Its bytes, or the module made of them, once they are there. */
let secondPart;
/** Where it is to come from, if not from beside this file. */
let secondSource;
let secondComing;
let secondLinked = false;

/** In these words, so that bundlers and the page's Service Worker see a file. */
const secondAddress = () => new URL("cellucid_later.wasm", import.meta.url);
const inNode = () => typeof document === "undefined" && Boolean(globalThis.process?.versions?.node);
/** Whether a call that needs the second part can wait for it: on a page's own thread it cannot. */
const canBring = () => inNode() || (typeof document === "undefined" && (secondPart || typeof XMLHttpRequest === "function"));

function secondMissing(error) {
  const why = error instanceof Error ? error.message : error;
  return Object.assign(new Error(`the second part of the reader did not load: ${why}`), {
    code: "source",
    file: "cellucid_later.wasm",
    advice: "Reload the page. Whoever serves it: this file has to lie beside cellucid.js.",
  });
}

export function later() {
  if (secondLinked) return Promise.resolve();
  secondComing ??= fetchSecond().catch((error) => {
    secondComing = undefined;
    throw secondMissing(error);
  });
  return secondComing;
}

async function fetchSecond() {
  let part = secondPart ?? (await secondSource) ?? (inNode() ? readSecond(secondAddress()) : secondAddress());
  if (typeof part === "string" || part instanceof URL || (typeof Request === "function" && part instanceof Request))
    part = await fetch(part);
  if (typeof Response === "function" && part instanceof Response) {
    if (!part.ok) throw new Error(`the host answered ${part.status}`);
    const streams = part.headers.get("Content-Type") === "application/wasm" && WebAssembly.compileStreaming;
    part = streams ? await WebAssembly.compileStreaming(part) : await part.arrayBuffer();
  }
  secondPart = part instanceof WebAssembly.Module ? part : await WebAssembly.compile(part);
  await __wbg_init_promise;
  if (wasm === undefined) throw new Error("init() has to be called first");
  if (!secondLinked) await WebAssembly.instantiate(secondPart, { "": wasm });
  secondLinked = true;
}

/** Called by the first part when something of the second is needed: it is there when this returns. */
function bringSecond() {
  if (secondLinked) return;
  try {
    const part = secondPart ?? readSecond(secondAddress());
    new WebAssembly.Instance(part instanceof WebAssembly.Module ? part : new WebAssembly.Module(part), { "": wasm });
    secondLinked = true;
  } catch (error) {
    // Thrown through the module, which cannot be used any more.
    throw Object.assign(secondMissing(error), { unfinished: true });
  }
}

function readSecond(address) {
  if (inNode()) return globalThis.process.getBuiltinModule("node:fs").readFileSync(address);
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`the host answered ${request.status}`);
  return request.response;
}

async function init(given) {
  const { later: source } = Object(given);
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer || source instanceof WebAssembly.Module) secondPart = source;
  else secondSource = source;
  const exports = await __wbg_init(given);
  if (!canBring()) await later();
  return exports;
}
