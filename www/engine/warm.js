/**
 * What a plot spends its time on, once beforehand: browsers compile a function when it is first called, and run it as it came until it has
 * run for long, then compile it anew: all of that just when somebody waits. A call that comes meanwhile ends it.
 *
 * @import { Module } from "./messages.js"
 */
import { TINY } from "./tiny.js";

/** Chunks decoded at a time, which takes milliseconds, and how many times: three megabytes. */
const PIECE = 8;
const TIMES = 12;
/** Milliseconds until the rest: the module's second part, which a file of this machine needs, comes before. */
const SOON = 250;
/** An address that no host has, of which requests are answered here. */
const NOWHERE = "https://nowhere.invalid/tiny.h5ad";
/** What is asked for first. */
const PLOT = ["points_2d.bin", "points_3d.bin", "obs/a.codes.u8"];

/** @param {Module} module @param {AbortSignal} signal */
export async function warm(module, signal) {
  // Coordinates are about as random as that.
  const numbers = Float32Array.from({ length: 8000 }, Math.random);
  const packed = new Blob([numbers]).stream().pipeThrough(new CompressionStream("deflate"));
  const chunk = new Uint8Array(await new Response(packed).arrayBuffer());
  const [chunks, skips] = [new Array(PIECE).fill(chunk), new Array(PIECE).fill(0)];
  for (let times = 0; times < TIMES && !signal.aborted; times++) {
    module.decodeChunks("zlib", numbers.byteLength, numbers.byteLength, chunks, skips);
    await new Promise((next) => setTimeout(next));
  }
  await new Promise((next) => setTimeout(next, SOON));
  if (!signal.aborted) await module.later();
  if (!signal.aborted) await rehearse(module, signal);
}

/**
 * Everything else: cells are opened and read as those of a file are that somebody chose, and as those of a host.
 *
 * @param {Module} module @param {AbortSignal} signal
 */
async function rehearse(module, signal) {
  const packed = Uint8Array.from(atob(TINY), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const file = await new Response(unpacked).blob();
  const { fetch } = self;
  self.fetch = (address, how) => (address === NOWHERE ? answer(file, how) : fetch(address, how));
  try {
    for (const from of [NOWHERE, file]) {
      const dataset = await module.Dataset.open(from, { signal, prefetch: false, cache: false });
      dataset.describe();
      await Promise.all(PLOT.map((path) => dataset.read(path, { signal })));
      dataset.close();
    }
  } finally {
    self.fetch = fetch;
  }
}

/** What a host would answer. @param {Blob} file @param {RequestInit} [how] */
async function answer(file, how) {
  const [, first, last] = new Headers(how?.headers).get("Range")?.match(/(\d+)-(\d+)/) ?? [];
  if (!first) return new Response(file);
  const end = Math.min(Number(last) + 1, file.size);
  const headers = { "Content-Length": `${end - Number(first)}`, "Content-Range": `bytes ${first}-${end - 1}/${file.size}` };
  return new Response(file.slice(Number(first), end), { status: 206, headers });
}
