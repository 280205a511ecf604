/**
 * The virtual files of open datasets, by address: one router for the Service Worker, the fetch shim and the data source. It answers like
 * the reference's server, with statuses and headers; what is none of its own it leaves to the network.
 *
 * @typedef {object} Readable an open dataset: the module's `Dataset`, the page's engine, or one that is lent over a port
 * @property {(path: string, options?: { signal?: AbortSignal }) => Promise<Uint8Array | ArrayBuffer>} read
 *
 * @typedef {{ method: string, path: string, search?: string, range?: string | null, body?: Uint8Array | null, signal?: AbortSignal }} Ask
 * `path` is percent-encoded and relative to where the router is mounted
 * @typedef {{ status: number, headers: Record<string, string>, body: Uint8Array<ArrayBuffer> | string | null }} Reply
 * @typedef {{ id: string, name: string, dataset: Readable, identity: any }} Shelved
 */
import { Endpoint } from "./endpoint.js";

const VERSION = "0.0.9";
/** The names of an export; everything else is none of ours. */
const FILE =
  /^(?:(?:dataset_identity|(?:obs|var|connectivity)_manifest)\.json|points_\dd\.bin|(?:obs|var|connectivity|vectors)\/[^/]+)(?:\.gz)?$|^_cellucid\/obs\/[^/]+\.json$/;
/** A dataset's place in an address; what the later app takes. */
const PORTABLE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,179}$/;

export class Router {
  /** By id, in the order in which they were added. @type {Map<string, Shelved>} */
  #datasets = new Map();
  /** Answers to the viewers' own requests. */
  endpoint = new Endpoint();

  /**
   * Takes a dataset in; returns the id it goes by. With one dataset its files lie at the root, with several below their ids.
   *
   * @param {Readable} dataset @param {{ id?: string }} [options] a place of its own, where its own id is taken or cannot be one
   */
  async add(dataset, { id } = {}) {
    const identity = JSON.parse(new TextDecoder().decode(await dataset.read("dataset_identity.json")));
    const wanted = id ?? String(identity.id);
    const portable = PORTABLE.test(wanted) ? wanted : `dataset-${wanted.replace(/[^A-Za-z0-9._-]+/g, "-")}`.slice(0, 180);
    this.#datasets.set(portable, { id: portable, name: String(identity.name ?? portable), dataset, identity });
    return portable;
  }

  /** @param {string} id */
  remove(id) {
    return this.#datasets.delete(id);
  }

  /** What is there, in order. */
  list() {
    return [...this.#datasets.values()];
  }

  /** Where a dataset's files lie, relative to the router. @param {string} id */
  place(id) {
    return this.#datasets.size === 1 && this.#datasets.has(id) ? "/" : `/${id}/`;
  }

  /** Whether a path may be one of ours: decided without reading anything. @param {string} path */
  knows(path) {
    return this.#find(path) !== null;
  }

  /** @param {Ask} ask @returns {Promise<Reply | null>} null for what is none of ours */
  async answer({ method, path, search = "", range, body, signal }) {
    const found = this.#find(path);
    if (!found) return null;
    if (method === "OPTIONS") return { status: 204, headers: { Allow: "GET, HEAD, POST, OPTIONS" }, body: null };
    if (method === "POST") return this.#post(found, search, body ?? new Uint8Array());
    if (method !== "GET" && method !== "HEAD") return told(405, `${method} is not answered`);
    const reply = found.file === "_cellucid/relay" ? this.#greet(search) : await this.#file(found, signal);
    const part = cut(reply, range);
    return method === "HEAD" ? { ...part, body: null } : part;
  }

  /** @param {string} path @returns {{ file: string, shelved: Shelved | null } | null} */
  #find(path) {
    const whole = path.replace(/^\/+/, "");
    if (/^_cellucid\/(?:health|info|datasets|events|session_bundle|relay)$/.test(whole) || whole === "datasets.json") {
      return { file: whole, shelved: null };
    }
    const [first = "", ...rest] = whole.split("/");
    const named = this.#datasets.get(first);
    const below = rest.join("/");
    if (named && FILE.test(below)) return { file: below, shelved: named };
    const [only] = this.#datasets.values();
    if (only && this.#datasets.size === 1 && FILE.test(whole)) return { file: whole, shelved: only };
    // The app asks every export for saved states: there are none, and no other server need be asked.
    return /(?:^|\/)state-snapshots\.json$/.test(whole) && this.#datasets.size ? { file: whole, shelved: null } : null;
  }

  /** @param {{ file: string, shelved: Shelved | null }} found @param {AbortSignal} [signal] @returns {Promise<Reply>} */
  async #file({ file, shelved }, signal) {
    try {
      if (!shelved) return await this.#document(file);
      const bytes = await shelved.dataset.read(file, signal && { signal });
      return reply(200, media(file), bytes instanceof Uint8Array ? own(bytes) : new Uint8Array(bytes));
    } catch (error) {
      const { code, message, advice } = /** @type {any} */ (error ?? {});
      if (code === "cancelled") throw error;
      if (code === "missing") return told(404, "Not found");
      return told(code === "source" ? 502 : 500, [message, advice].filter(Boolean).join(". ") || String(error));
    }
  }

  /** A viewer's page says that it is there. @param {string} search @returns {Reply} */
  #greet(search) {
    const query = new URLSearchParams(search);
    this.endpoint.renew(query.get("viewerId") ?? "", query.get("viewerToken") ?? "");
    return answered(this.endpoint.about());
  }

  /** The service documents. @param {string} file @returns {Promise<Reply>} */
  async #document(file) {
    const all = this.list();
    const [only] = all;
    switch (file) {
      case "_cellucid/health":
      case "_cellucid/info": {
        if (only && all.length === 1) {
          // A dataset that makes its files knows what to say of itself; an export folder does not.
          const bytes = await only.dataset.read(file).catch(() => null);
          if (bytes) return reply(200, "application/json", new Uint8Array(bytes));
        }
        if (!only) return told(404, "No dataset is open");
        const kind = { type: "exported", version: VERSION };
        const info = { version: VERSION, host: "localhost", port: 0, mode: "standalone" };
        return json(file.endsWith("health") ? { status: "ok", ...kind } : info);
      }
      case "_cellucid/datasets":
        return json({ datasets: all.map(({ id, name, identity }) => ({ id: identity.id ?? id, path: this.place(id), name })) });
      case "datasets.json": {
        const entries = all.map(({ id, name, identity }) => ({ id: identity.id ?? id, path: `${id}/`, name }));
        return json({ version: 1, default: entries[0]?.id ?? null, datasets: entries });
      }
      default:
        return told(404, "Not found");
    }
  }

  /** @param {{ file: string, shelved: Shelved | null }} found @param {string} search @param {Uint8Array} body @returns {Reply} */
  #post({ file }, search, body) {
    const answer =
      file === "_cellucid/events"
        ? this.endpoint.events(body)
        : file === "_cellucid/session_bundle"
          ? this.endpoint.upload(new URLSearchParams(search), body)
          : null;
    if (!answer) return told(404, `POST not supported for path: /${file}`);
    return answered(answer);
  }
}

/** @param {string} file */
const media = (file) =>
  file.endsWith(".json") ? "application/json" : file.endsWith(".gz") ? "application/gzip" : "application/octet-stream";

/** @param {number} status @param {string} type @param {Uint8Array<ArrayBuffer>} body @returns {Reply} */
function reply(status, type, body) {
  const headers = {
    "Content-Type": type,
    "Content-Length": String(body.length),
    "Accept-Ranges": "bytes",
    // The app asks for fields with force-cache: a copy would outlive the file it was made from.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  };
  return { status, headers, body };
}

/** @param {import("./endpoint.js").Answer} answer */
const answered = ({ status, media, body }) => reply(status, media, new TextEncoder().encode(body));
/** @param {unknown} value */
const json = (value) => reply(200, "application/json", new TextEncoder().encode(JSON.stringify(value)));
/** @param {number} status @param {string} text */
const told = (status, text) => reply(status, "text/plain; charset=utf-8", new TextEncoder().encode(text));

/** One range of bytes, where that is asked for. @param {Reply} whole @param {string | null | undefined} range @returns {Reply} */
function cut(whole, range) {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(range ?? "");
  if (!asked || whole.status !== 200 || !(whole.body instanceof Uint8Array)) return whole;
  const size = whole.body.length;
  const [, from = "", to = ""] = asked;
  const start = from ? Number(from) : Math.max(0, size - Number(to));
  const end = from && to ? Math.min(size - 1, Number(to)) : size - 1;
  if ((!from && !to) || start > end) {
    return {
      ...told(416, "No such range"),
      headers: { ...whole.headers, "Content-Length": "0", "Content-Range": `bytes */${size}` },
      body: null,
    };
  }
  const body = whole.body.subarray(start, end + 1);
  const headers = { ...whole.headers, "Content-Length": String(body.length), "Content-Range": `bytes ${start}-${end}/${size}` };
  return { status: 206, headers, body };
}

/** Bytes that can be handed on: not a view of the module's memory. @param {Uint8Array} bytes @returns {Uint8Array<ArrayBuffer>} */
const own = (bytes) => (bytes.buffer instanceof ArrayBuffer ? /** @type {Uint8Array<ArrayBuffer>} */ (bytes) : bytes.slice());
