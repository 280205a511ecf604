/**
 * Session bundles: the file in which a viewer's state is saved. A magic line, a JSON manifest, then one chunk after the other. The twin
 * of src/protocol/bundle.rs; written here from the page's state.
 *
 * @import { Highlight, State } from "../state.js"
 */
import { capture } from "../capture.js";
import { fault, put, take } from "./cells.js";

const MAGIC = "CELLUCID_SESSION\n";
const MANIFEST = 16 << 20;
const LARGEST = 512 << 20;

/** @typedef {{ id: string, kind: "json" | "binary", label: string, bytes: Uint8Array<ArrayBuffer>, dependsOn?: string[] }} Content */

/**
 * The state as a bundle that the reference's Python package applies to an AnnData: each highlighted group, and the selection, becomes a
 * column.
 *
 * @param {State} state @param {string} sourceType
 */
export function bundle(state, sourceType) {
  const { dataset, highlights, selection } = state;
  if (!dataset) throw fault("request", "no dataset is open, so there is nothing to save");
  const groups = highlights.map((one) => ({ ...one, type: one.type ?? "python" }));
  if (selection?.cells.length) {
    const id = `highlight_${groups.length + 1}_selection`;
    groups.push({
      id,
      label: `Selected by ${selection.source}`,
      color: "#808080",
      cells: selection.cells,
      type: selection.source,
    });
  }
  // A page has one colour in the reference, so each colour is a page.
  const colours = [...new Set(groups.map(({ color }) => color))];
  const pages = colours.map((color, at) => ({
    id: `page_${at + 1}`,
    name: `Page ${at + 1}`,
    color,
    highlightedGroups: groups.filter((one) => one.color === color).map(entry),
  }));
  const last = pages.at(-1);
  /** @type {Content[]} */
  const contents = [
    json("highlights/meta", "Highlights", { pages, activePageId: last?.id ?? null, activePageName: last?.name ?? null }),
    json("cellucid-wasm/view", "View", capture(state)),
    ...(state.sets.length ? [json("cellucid-wasm/gene-sets", "Gene sets", state.sets)] : []),
    ...groups.map(({ id, label, cells }) => {
      return {
        id: `highlights/cells/${id}`,
        kind: /** @type {const} */ ("binary"),
        label,
        bytes: pack(cells),
        dependsOn: ["highlights/meta"],
      };
    }),
  ];
  const { description } = dataset;
  const origin = { sourceType, datasetId: description.id };
  const head = {
    createdAt: new Date().toISOString(),
    dataSource: { ...origin, userPath: null },
    datasetFingerprint: { ...origin, cellCount: dataset.cells, varCount: description.n_vars },
    summary: null,
  };
  return write(head, contents);
}

/** @param {Highlight & { type: string }} group */
function entry({ id, label, cells, type }) {
  const none = { fieldKey: null, fieldIndex: null, fieldSource: null, categoryIndex: null, categoryName: null };
  return { id, type, label, enabled: true, ...none, rangeMin: null, rangeMax: null, cellCount: cells.length };
}

/** @param {Record<string, unknown>} head @param {Content[]} contents @returns {Promise<Blob>} */
export async function write(head, contents) {
  const stored = await Promise.all(contents.map(({ bytes }) => through(bytes, new CompressionStream("gzip"))));
  const chunks = contents.map(({ bytes, ...rest }, at) => ({
    ...rest,
    contributorId: rest.id.split("/")[0],
    priority: rest.kind === "json" ? "eager" : "lazy",
    codec: "gzip",
    datasetDependent: true,
    storedBytes: stored[at]?.length,
    uncompressedBytes: bytes.length,
  }));
  const manifest = new TextEncoder().encode(JSON.stringify({ ...head, chunks }));
  const parts = [manifest, ...stored].flatMap((part) => [Uint32Array.of(part.length), part]);
  return new Blob([MAGIC, ...parts], { type: "application/octet-stream" });
}

/**
 * Takes a bundle apart. Chunks are unpacked when asked for.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {{ manifest: Record<string, unknown>, ids: string[], chunk: (id: string) => Promise<Uint8Array> }}
 */
export function read(bytes) {
  let at = 0;
  const next = (/** @type {number} */ length, /** @type {string} */ what) => {
    if (at + length > bytes.length) throw fault("malformed", `the bundle ends after ${bytes.length} bytes, within ${what}`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const length = (/** @type {number} */ most, /** @type {string} */ what) => {
    const [a = 0, b = 0, c = 0, d = 0] = next(4, what);
    const value = a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
    if (value > most) throw fault("limit", `${what} of ${value} bytes exceeds the limit of ${most}`);
    return value;
  };
  if (String.fromCharCode(...next(MAGIC.length, "the magic line")) !== MAGIC) {
    throw fault("malformed", "this is no Cellucid session: it begins with other bytes");
  }
  const manifest = parse(next(length(MANIFEST, "the manifest"), "the manifest"));
  const { chunks: entries, ...head } = manifest ?? {};
  if (!Array.isArray(entries)) throw fault("malformed", 'the manifest has no list "chunks"');
  /** @type {Map<string, { codec: string, declared: number | null, stored: Uint8Array<ArrayBuffer> }>} */
  const chunks = new Map();
  for (const entry of entries) {
    if (typeof entry?.id !== "string") throw fault("malformed", 'an entry of "chunks" has no "id"');
    const stored = next(length(LARGEST, entry.id), entry.id);
    const declared = Number.isInteger(entry.uncompressedBytes) ? entry.uncompressedBytes : null;
    chunks.set(entry.id, { codec: entry.codec ?? "none", declared, stored });
  }
  if (at < bytes.length) throw fault("malformed", `${bytes.length - at} bytes after the last chunk`);
  return { manifest: head, ids: [...chunks.keys()], chunk };

  /** @param {string} id */
  async function chunk(id) {
    const found = chunks.get(id);
    if (!found) throw fault("missing", `the bundle has no chunk "${id}"`);
    const { codec, declared, stored } = found;
    if (codec !== "none" && codec !== "gzip") throw fault("unsupported", `${id}: codec "${codec}"`);
    const most = Math.min(declared ?? LARGEST, LARGEST);
    const made = codec === "none" ? stored : await through(stored, new DecompressionStream("gzip"), most, id);
    if (declared !== null && made.length !== declared) {
      throw fault("malformed", `${id}: ${made.length} bytes where ${declared} were declared`);
    }
    return made;
  }
}

/** Row numbers, ascending: a count, the first, then each one's distance from the one before. @param {Uint32Array} rows */
export function pack(rows) {
  const out = new Uint8Array(5 * (rows.length + 1));
  let at = put(out, 0, rows.length);
  let before = 0;
  for (const row of rows) {
    at = put(out, at, row - before);
    before = row;
  }
  return out.slice(0, at);
}

/** @param {Uint8Array} bytes @returns {Uint32Array} */
export function unpack(bytes) {
  const reader = { bytes, at: 0 };
  const count = take(reader);
  // Each takes at least one byte, so a false count asks for no memory.
  if (count > bytes.length) throw fault("malformed", `${count} rows in ${bytes.length} bytes`);
  const rows = new Uint32Array(count);
  let row = 0;
  for (let at = 0; at < count; at++) {
    row += take(reader);
    if (row > 0xffffffff) throw fault("malformed", `row ${row}`);
    rows[at] = row;
  }
  if (reader.at < bytes.length) throw fault("malformed", `${bytes.length - reader.at} bytes after the last row`);
  return rows;
}

/** @param {string} id @param {string} label @param {unknown} value @returns {Content} */
const json = (id, label, value) => ({ id, kind: "json", label, bytes: new TextEncoder().encode(JSON.stringify(value)) });

/** @param {Uint8Array} bytes @returns {any} */
function parse(bytes) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw fault("malformed", "the manifest is not JSON");
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream | DecompressionStream} stream @param {number} [most] @param {string} [what]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function through(bytes, stream, most = Infinity, what = "") {
  const parts = [];
  let length = 0;
  try {
    for await (const part of new Blob([bytes]).stream().pipeThrough(stream)) {
      length += part.length;
      if (length > most) break;
      parts.push(part);
    }
  } catch {
    throw fault("malformed", `${what}: the gzip data is damaged`);
  }
  if (length > most) throw fault("limit", `${what}: more than the ${most} bytes that were declared`);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
