/**
 * Many genes, read some at a time, so that one pass over the matrix can answer many, and each handed on as it is there.
 *
 * @import { GeneField, NumberField } from "./engine/manifest.js"
 * @import { Progress } from "./engine/messages.js"
 */
import { decode } from "./columns.js";

/** Numbers of genes read at a time: so many bytes of them, but not more than so many; few at first, so that there soon is something to see. */
const ROOM = 192 << 20;
const MOST = 512;
const FIRST = 64;

/**
 * @template {GeneField | NumberField} T
 * @param {T[]} genes
 * @param {{ signal: AbortSignal, progress: (news: Progress) => void, readMany: (paths: string[]) => Promise<ArrayBuffer[]>, cells: number, some?: () => void }} how some were used: what is there can be shown
 * @param {(gene: T, values: Float32Array) => void} use
 */
export async function through(genes, { signal, progress, readMany, cells, some }, use) {
  const step = Math.max(1, Math.min(MOST, Math.floor(ROOM / Math.max(1, 4 * cells))));
  let last = performance.now();
  for (let at = 0, next = 0; at < genes.length; at = next) {
    next = at + (at ? step : Math.min(step, FIRST));
    const these = genes.slice(at, next);
    progress({ bytes: at, total: genes.length, unit: "genes" });
    const columns = await readMany(these.map(({ path }) => path));
    for (const [place, gene] of these.entries()) {
      const bytes = columns[place];
      if (bytes) use(gene, decode(gene, cells, bytes));
      // The page stays alive meanwhile.
      if (performance.now() - last > 40) {
        await new Promise((done) => setTimeout(done));
        last = performance.now();
        progress({ bytes: at + place, total: genes.length, unit: "genes" });
      }
      signal.throwIfAborted();
    }
    some?.();
  }
}
