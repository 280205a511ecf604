/**
 * The floor: chunk addresses known, exact bytes in merged ranges, several at a time and past the browser's cache, decoded in
 * WebAssembly straight into the final arrays. With `raw`, the transfer alone.
 *
 * @import { Chunks, From, Plans, System } from "./types.js"
 * @typedef {{ file?: string, offset: number, size: number, put: (bytes: Uint8Array) => void }} Piece
 */
import init, { Grid, sweep } from "../../build/bench/floor/floor.js";
import { fetched, Pass, pick } from "./pass.js";
import { own, scatter } from "./sparse.js";

/** A gap that costs less than a request of its own. */
const GAP = 16 << 10;
/** As many as a browser sends at a time to a host. */
const LANES = 6;

/** @param {boolean} raw @returns {System} */
export default (raw) => {
  /** @type {Plans} */
  let plans;
  /** @type {From} */
  let source;
  /** @type {Grid[] | null} */
  let held = null;
  /** Of a store by row. @type {Pass | null} */
  let pass = null;

  /** @param {number} start @param {number} end */
  async function bytes(start, end) {
    if (source.file) return new Uint8Array(await source.file.slice(start, end).arrayBuffer());
    const reply = await fetch(source.url, { headers: { Range: `bytes=${start}-${end - 1}` }, cache: "no-store" });
    if (reply.status !== 206) throw new Error(`no range but ${reply.status}`);
    return new Uint8Array(await reply.arrayBuffer());
  }

  /** Brings all pieces and puts each where it belongs as soon as it is there. @param {Piece[]} pieces */
  async function bring(pieces) {
    const sorted = pieces.sort((a, b) => a.offset - b.offset);
    const total = sorted.reduce((sum, { size }) => sum + size, 0);
    const most = Math.min(8 << 20, Math.max(1 << 20, Math.ceil(total / (LANES - 1))));
    /** @type {Piece[][]} */
    const spans = [];
    for (const piece of sorted) {
      const span = spans.at(-1);
      const [first, last] = [span?.[0], span?.at(-1)];
      const joins =
        first &&
        last &&
        !piece.file &&
        piece.offset - last.offset - last.size <= GAP &&
        piece.offset + piece.size - first.offset <= most;
      if (joins) span?.push(piece);
      else spans.push([piece]);
    }
    const load = async (/** @type {Piece[]} */ span) => {
      const [{ file, offset: start }, last] = /** @type {[Piece, Piece]} */ ([span[0], span.at(-1)]);
      const part = await (file ? fetched(`${source.url}/${file}`) : bytes(start, last.offset + last.size));
      if (raw) return;
      if (file) return last.put(part);
      for (const { offset, size, put } of span) put(part.subarray(offset - start, offset - start + size));
    };
    const waiting = spans[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        for (const span of waiting) await load(span);
      }),
    );
  }

  /**
   * Chunks of an array, to be put into a grid: all of them, or those that `wanted` names by number.
   *
   * @param {Chunks} chunks @param {Grid} grid @param {Iterable<number>} [wanted] @param {{ row: number, column: number }} [from]
   * @returns {Piece[]}
   */
  function pieces(chunks, grid, wanted = (chunks.files ?? chunks.at).keys(), from = { row: 0, column: 0 }) {
    const [height, width] = [chunks.chunk[0] ?? 1, chunks.chunk[1] ?? 1];
    const across = Math.ceil((chunks.shape[1] ?? 1) / width);
    return Array.from(wanted).flatMap((number) => {
      const file = chunks.files?.[number];
      // There are but zeros, as there are already.
      if (file === null) return [];
      const [offset, size] = chunks.at[number] ?? [0, chunks.item * height * width];
      const [row, column] = [Math.floor(number / across) * height - from.row, (number % across) * width - from.column];
      const put = (/** @type {Uint8Array} */ stored) => grid.put(stored, chunks.packed, row, column, height, width);
      return { ...(file && { file }), offset, size, put };
    });
  }

  /** @param {Chunks} chunks */
  const whole = ({ shape, item }) => new Grid(shape[0] ?? 0, shape[1] ?? 1, item);

  /** @param {Grid} grid */
  const done = (grid) => {
    const out = own(grid.bytes());
    grid.free();
    return out;
  };

  /**
   * Part of an array of one dimension.
   *
   * @param {Chunks} chunks @param {number} start @param {number} end
   */
  function part(chunks, start, end) {
    const height = chunks.chunk[0] ?? 1;
    if (chunks.at.length === 1 && chunks.shape[0] === height) {
      // In one piece: any part of it can be had.
      const [offset] = /** @type {[number, number]} */ (chunks.at[0]);
      const grid = new Grid(end - start, 1, chunks.item);
      const place = { ...chunks, chunk: [end - start], shape: [end - start] };
      const at = /** @type {[number, number]} */ ([offset + start * chunks.item, (end - start) * chunks.item]);
      return { grid, pieces: pieces({ ...place, at: [at] }, grid), skip: 0 };
    }
    const [first, last] = [Math.floor(start / height), Math.ceil(end / height)];
    const grid = new Grid((last - first) * height, 1, chunks.item);
    const wanted = Array.from({ length: last - first }, (_, at) => first + at);
    return { grid, pieces: pieces(chunks, grid, wanted, { row: first * height, column: 0 }), skip: start - first * height };
  }

  /** @param {number[]} wanted */
  async function columns(wanted) {
    const cells = plans.points_2d.shape[0] ?? 0;
    if (plans.layout === "csr" && pass) {
      const out = [];
      for (const gene of wanted) out.push(await pass.column(gene, indptr()));
      return out;
    }
    if (plans.layout === "csr") {
      if (!held) {
        const arrays = [plans.indptr, plans.indices, plans.data];
        held = arrays.map(whole);
        await bring(arrays.flatMap((chunks, at) => pieces(chunks, /** @type {Grid} */ (held?.[at]))));
      }
      const [starts, indices, values] = /** @type {[Grid, Grid, Grid]} */ (held);
      return wanted.map((gene) => own(sweep(starts, indices, values, gene)));
    }
    if (plans.layout === "dense") {
      const { X } = plans;
      const width = X.chunk[1] ?? 1;
      const across = Math.ceil((X.shape[1] ?? 1) / width);
      const parts = wanted.map((gene) => {
        const column = Math.floor(gene / width);
        const grid = new Grid(cells, width, X.item);
        const numbers = Array.from({ length: (X.files ?? X.at).length / across }, (_, at) => at * across + column);
        return { grid, skip: gene % width, pieces: pieces(X, grid, numbers, { row: 0, column: column * width }) };
      });
      await bring(parts.flatMap((one) => one.pieces));
      return parts.map(({ grid, skip }) => {
        const values = new Float32Array(done(grid));
        const out = new Float32Array(cells);
        for (let cell = 0; cell < cells; cell++) out[cell] = /** @type {number} */ (values[cell * width + skip]);
        return own(out);
      });
    }
    const starts = new Uint32Array(await indptr());
    const parts = wanted.map((gene) => {
      const [from, to] = [starts[gene] ?? 0, starts[gene + 1] ?? 0];
      return { count: to - from, rows: part(plans.indices, from, to), values: part(plans.data, from, to) };
    });
    await bring(parts.flatMap(({ rows, values }) => [...rows.pieces, ...values.pieces]));
    return parts.map(({ count, rows, values }) => {
      const found = new Uint32Array(done(rows.grid), rows.skip * 4, count);
      return scatter(found, new Float32Array(done(values.grid), values.skip * 4, count), cells);
    });
  }

  /** @type {Promise<ArrayBuffer> | null} */
  let pointers = null;
  const indptr = () => {
    pointers ??= (async () => {
      const grid = whole(plans.indptr);
      await bring(pieces(plans.indptr, grid));
      return done(grid);
    })();
    return pointers;
  };

  return {
    async load() {
      await init({ module_or_path: "/floor/floor_bg.wasm" });
    },
    async open(from) {
      source = from;
      plans = await (await fetch(from.chunks)).json();
    },
    async plot() {
      const arrays = [plans.points_2d, plans.points_3d, plans.codes];
      const grids = arrays.map(whole);
      await bring(arrays.flatMap((chunks, at) => pieces(chunks, /** @type {Grid} */ (grids[at]))));
      const [points_2d, points_3d, codes] = grids.map(done);
      // Nobody waits for the other worker to come.
      if (plans.layout === "csr" && plans.indices.files) pass = new Pass(plans, source.url, raw);
      return /** @type {any} */ ({ points_2d, points_3d, codes });
    },
    async gene({ index }) {
      return /** @type {ArrayBuffer} */ ((await columns([index]))[0]);
    },
    genes: (genes) => columns(genes.map(({ index }) => index)),
    pick: async (chunk) => own(await pick(chunk, raw)),
    // The columns that the lists are made of, and the plot did not need; no sums, no text.
    async manifests() {
      const grids = plans.rest.map(whole);
      await bring(plans.rest.flatMap((chunks, at) => pieces(chunks, /** @type {Grid} */ (grids[at]))));
      return grids.map(done);
    },
    async prepare() {
      // A column's layout is known too, as its address is.
      if (plans.layout === "csc") await indptr();
    },
  };
};
