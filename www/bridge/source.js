/**
 * A data source for the Cellucid app's own manager: what it asks of a source, over open datasets. Addresses are `wasm://{id}/{file}`.
 *
 *     const manager = (await import("./assets/js/data/data-source-manager.js")).getDataSourceManager();
 *     const source = await createDataSource(dataset);
 *     manager.registerSource("wasm", source);
 *     manager.registerProtocol("wasm://", "wasm");
 *     await manager.switchToDataset("wasm", (await source.listDatasets())[0].id);
 *
 * @import { Readable } from "./router.js"
 */
import { Fault } from "../engine/fault.js";
import { Router } from "./router.js";

/** Bytes of handed-out files that are kept, and how long each is kept at least, in milliseconds. */
const [ROOM, LEAST] = [256 << 20, 30_000];

/** @param {Readable | Readable[]} datasets */
export async function createDataSource(datasets) {
  const router = new Router();
  for (const dataset of Array.isArray(datasets) ? datasets : [datasets]) await router.add(dataset);
  return new Source(router);
}

class Source {
  /** Files handed out, the oldest first. @type {Map<string, { url: string, size: number, since: number }>} */
  #out = new Map();
  /** @type {Router} */
  #router;

  /** @param {Router} router */
  constructor(router) {
    this.#router = router;
  }

  getType() {
    return "wasm";
  }

  async isAvailable() {
    return this.#router.list().length > 0;
  }

  async listDatasets() {
    return this.#router.list().map(metadata);
  }

  /** @param {string} id */
  async hasDataset(id) {
    return this.#router.list().some((one) => one.id === id);
  }

  /** @param {string} id */
  async getMetadata(id) {
    return metadata(this.#shelved(id));
  }

  /** @param {string} id */
  getBaseUrl(id) {
    return `wasm://${this.#shelved(id).id}/`;
  }

  async refresh() {}

  requiresManualReconnect() {
    return false;
  }

  /**
   * An address that can be fetched. Rejects for files that are not there, which includes every `.gz`: the app would inflate them.
   *
   * @param {string} address @returns {Promise<string>}
   */
  async resolveUrl(address) {
    const held = this.#out.get(address);
    if (held) return held.url;
    const path = address.match(/^wasm:\/\/([^?#]*)/)?.[1];
    if (path === undefined) throw new Fault({ code: "request", message: `"${address}" is no wasm:// address` });
    // Always below the id, also where there is only one.
    const reply = await this.#router.answer({ method: "GET", path: `/${path}` });
    if (reply?.status !== 200 || !(reply.body instanceof Uint8Array)) {
      const why =
        reply && reply.status !== 404 ? new TextDecoder().decode(/** @type {any} */ (reply.body)) : "there is no such file";
      throw new Fault({ code: reply && reply.status !== 404 ? "source" : "missing", message: `${address}: ${why}` });
    }
    const blob = new Blob([reply.body], { type: reply.headers["Content-Type"] ?? "" });
    const url = URL.createObjectURL(blob);
    this.#out.set(address, { url, size: blob.size, since: Date.now() });
    this.#tidy();
    return url;
  }

  /** For managers that know no `resolveUrl`. @param {string} path relative to the first dataset */
  async getFileUrl(path) {
    return this.resolveUrl(`${this.getBaseUrl(this.#router.list()[0]?.id ?? "")}${path}`);
  }

  /** Another source has become active. */
  onDeactivate() {
    for (const { url } of this.#out.values()) URL.revokeObjectURL(url);
    this.#out.clear();
  }

  /** @param {string} id */
  #shelved(id) {
    const found = this.#router.list().find((one) => one.id === id);
    if (!found) throw new Fault({ code: "missing", message: `there is no dataset "${id}"` });
    return found;
  }

  /** Lets the oldest files go when they take too much room; none that may still be on its way. */
  #tidy() {
    let room = ROOM;
    for (const [address, { url, size, since }] of [...this.#out].reverse()) {
      room -= size;
      if (room >= 0 || Date.now() - since < LEAST) continue;
      URL.revokeObjectURL(url);
      this.#out.delete(address);
    }
  }
}

/** What a dataset says of itself, in the app's words. @param {import("./router.js").Shelved} shelved */
function metadata({ id, name, identity }) {
  const { description = "", created_at, cellucid_data_version, stats, obs_fields, export_settings, source } = identity;
  return { id, name, description, created_at, cellucid_data_version, stats, obs_fields, export_settings, source };
}
