/** One chunk after another, by the module's decoder and by the browser's own: how long each takes for all of them. */
import init, { inflate } from "/floor/floor.js";

/**
 * @param {string} url of the file @param {Array<[offset: number, size: number]>} chunks zlib streams in it
 * @param {number} size of a chunk, inflated
 */
async function compare(url, chunks, size) {
  await init();
  const stored = await Promise.all(
    chunks.map(async ([offset, length]) => {
      const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
      return new Uint8Array(await (await fetch(url, { headers, cache: "no-store" })).arrayBuffer());
    }),
  );
  const ways = {
    ours: async (/** @type {Uint8Array<ArrayBuffer>} */ chunk) => inflate(chunk, size),
    browser: async (/** @type {Uint8Array<ArrayBuffer>} */ chunk) => {
      const stream = new Blob([chunk]).stream().pipeThrough(new DecompressionStream("deflate"));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    },
  };
  /** @type {Record<string, number>} */
  const out = {};
  /** @type {Record<string, number>} */
  const sums = {};
  let bytes = 0;
  for (let round = 0; round < 9; round++) {
    for (const [name, way] of Object.entries(ways)) {
      bytes = 0;
      let sum = 0;
      const begun = performance.now();
      for (const chunk of stored) {
        const got = await way(chunk);
        bytes += got.length;
        sum += /** @type {number} */ (got[got.length >> 1]);
      }
      // The first round warms up: code is compiled as it is used.
      if (round) out[name] = Math.min(out[name] ?? Infinity, performance.now() - begun);
      sums[name] = sum;
    }
  }
  if (sums.ours !== sums.browser) throw new Error("the decoders do not agree");
  return { ...out, bytes, chunks: chunks.length, size };
}

Object.assign(globalThis, { compare });
