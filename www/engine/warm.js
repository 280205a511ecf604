/**
 * What a plot spends its time on, once beforehand: browsers run a function as it came until it has run for long, and then have to compile
 * it anew, just when somebody waits. It takes two megabytes; a call that comes meanwhile ends it.
 *
 * @import { Module } from "./messages.js"
 */

/** Chunks decoded at a time, which takes milliseconds, and how many times: three megabytes. */
const PIECE = 8;
const TIMES = 12;

/** @param {Module} module @param {() => boolean} busy */
export async function warm(module, busy) {
  // Coordinates are about as random as that.
  const numbers = Float32Array.from({ length: 8000 }, Math.random);
  const packed = new Blob([numbers]).stream().pipeThrough(new CompressionStream("deflate"));
  const chunk = new Uint8Array(await new Response(packed).arrayBuffer());
  const [chunks, skips] = [new Array(PIECE).fill(chunk), new Array(PIECE).fill(0)];
  for (let times = 0; times < TIMES && !busy(); times++) {
    module.decodeChunks("zlib", numbers.byteLength, numbers.byteLength, chunks, skips);
    await new Promise((next) => setTimeout(next));
  }
}
