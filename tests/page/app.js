/**
 * The Cellucid web app as far as its requests go, written anew from what it is known to ask for: the same sequence, the same decoding. It
 * runs in a page. Everything it learns is returned as plain data, arrays as their length and SHA-256, so that two ways of serving one
 * dataset can be compared.
 *
 * @typedef {(url: string) => Promise<Response>} Get
 */

const GENES = 4;

/**
 * As the app starts: what its address asks for, in its order of decisions.
 *
 * @param {string} href of the app's page @param {Get} [get]
 */
export async function boot(href, get = (url) => fetch(url)) {
  const query = new URL(href).searchParams;
  const here = new URL("./", href.split(/[?#]/)[0] ?? href).href;
  if (query.get("jupyter") === "true") return viaNotebook(here, query, get);
  const remote = query.get("remote");
  if (remote) return viaServer(new URL(remote.endsWith("/") ? remote : `${remote}/`).href, get);
  const probe = await fetch(new URL("_cellucid/health", here), { cache: "no-store" });
  if (probe.ok) return viaServer(here, get);
  const root = query.get("exportsBaseUrl") ?? query.get("exports");
  if (root) return viaExports(root, String(query.get("dataset")), get);
  throw new Error("there is nothing to open");
}

/**
 * As the app works in a notebook: no question for `info`, an event when the data are there, commands by message.
 *
 * @param {string} server @param {URLSearchParams} query @param {Get} get
 */
async function viaNotebook(server, query, get) {
  const [viewerId, viewerToken] = [query.get("viewerId"), query.get("viewerToken")];
  /** @param {object} event */
  const tell = async (event) => {
    const answer = await fetch(new URL("_cellucid/events", server), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...event, viewerId }),
      keepalive: true,
    });
    return answer.json().catch(() => null);
  };
  addEventListener("message", ({ data }) => {
    if (data?.viewerToken !== viewerToken || data.viewerId !== viewerId) return;
    if (data.type === "ping") tell({ type: "pong", requestId: data.requestId, t: Date.now() });
  });
  const health = await json(await get(new URL("_cellucid/health", server).href), "health");
  const { datasets } = await json(await get(new URL("_cellucid/datasets", server).href), "datasets");
  const found = await dataset(new URL(`.${datasets[0].path}`, server).href, get);
  const dimensions = Number(found.identity.embeddings.default_dimension);
  const delivered = await tell({ type: "ready", n_cells: found.identity.stats.n_cells, dimensions });
  return { health, datasets, delivered, ...found };
}

/** As the app connects to a server: health, info, list, identities, then the first dataset. @param {string} server ends with a slash @param {Get} [get] */
export async function viaServer(server, get = (url) => fetch(url)) {
  const ask = async (/** @type {string} */ name) => json(await get(new URL(name, server).href), name);
  const health = await ask("_cellucid/health");
  if (health.status !== "ok") throw new Error(`not healthy: ${JSON.stringify(health)}`);
  await ask("_cellucid/info");
  const { datasets } = await ask("_cellucid/datasets");
  const bases = datasets.map((/** @type {any} */ { path }) => new URL(`.${path}`, server).href);
  for (const base of bases) await json(await get(`${base}dataset_identity.json`), base);
  return { health, datasets, ...(await dataset(bases[0], get)) };
}

/** As the app opens an export root. @param {string} root @param {string} id @param {Get} [get] */
export async function viaExports(root, id, get = (url) => fetch(url)) {
  const address = new URL("datasets.json", root).href;
  const exists = await fetch(address, { method: "HEAD" });
  const { version, datasets } = await json(await get(address), address);
  if (!exists.ok || version !== 1) throw new Error(`an export root of version ${version}`);
  const chosen = datasets.find((/** @type {any} */ one) => one.id === id);
  return dataset(new URL(chosen.path, root).href, get);
}

/** As the app uses a source that was registered with its manager. @param {any} source */
export async function viaSource(source) {
  const manager = new Manager();
  manager.registerSource("wasm", source);
  manager.registerProtocol("wasm://", "wasm");
  const [first] = await source.listDatasets();
  const { baseUrl, metadata } = await manager.switchToDataset("wasm", first.id);
  const found = await manager.load(baseUrl);
  source.onDeactivate();
  return { metadata, ...found };
}

/** What the app asks of its data-source manager. */
export class Manager {
  sources = new Map();
  protocols = new Map();
  /** @type {{ type: string, id: string } | null} */
  current = null;

  /** @param {string} type @param {any} source */
  registerSource(type, source) {
    for (const name of ["getType", "listDatasets", "getMetadata", "getBaseUrl"]) {
      if (typeof source[name] !== "function") throw new Error(`the source has no ${name}`);
    }
    this.sources.set(type, source);
  }

  /** @param {string} scheme @param {string} type */
  registerProtocol(scheme, type) {
    this.protocols.set(scheme, type);
  }

  /** @param {string} type @param {string} id */
  async switchToDataset(type, id) {
    const source = this.sources.get(type);
    this.current = { type, id };
    return { metadata: await source.getMetadata(id), baseUrl: source.getBaseUrl(id) };
  }

  /** Everything that the app learns of a dataset. @param {string} baseUrl */
  load(baseUrl) {
    return dataset(baseUrl, (url) => this.fetch(url));
  }

  /** @param {string} url @returns {Promise<Response>} */
  async fetch(url) {
    const scheme = `${url.split("://")[0]}://`;
    const source = this.sources.get(this.protocols.get(scheme));
    return fetch(source ? await source.resolveUrl(url) : url);
  }
}

/** @param {string} base @param {Get} get */
async function dataset(base, get) {
  const at = (/** @type {string} */ name) => new URL(name, base).href;
  /** @param {string} name */
  const optional = async (name) => {
    const answer = await get(at(name)).catch(() => null);
    return answer && answer.status !== 404 ? json(answer, name) : null;
  };
  const [identity, obs, vars, edges] = await Promise.all([
    get(at("dataset_identity.json")).then((answer) => json(answer, "identity")),
    get(at("obs_manifest.json")).then((answer) => json(answer, "obs")),
    optional("var_manifest.json"),
    optional("connectivity_manifest.json"),
  ]);
  /** @type {Record<string, { length: number, hash: string }>} */
  const arrays = {};
  const keep = async (/** @type {string} */ name, /** @type {Float32Array | Uint16Array | Uint32Array} */ array) => {
    const hash = await crypto.subtle.digest("SHA-256", /** @type {any} */ (array));
    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    arrays[name] = { length: array.length, hash: hex };
  };
  const points = async (/** @type {string} */ name) => new Float32Array(await squeezed(at(name), get));
  const { files, default_dimension: first } = identity.embeddings;
  await keep(`${first}d`, await points(files[`${first}d`] ?? `points_${first}d.bin`));
  await optional("state-snapshots.json");
  for (const [dimension, file] of Object.entries(files)) await keep(dimension, await points(String(file)));

  for (const field of expand(obs)) {
    const load = async (/** @type {string} */ path) => bytes(await get(at(path)), path);
    if (field.kind === "continuous") await keep(`obs ${field.key}`, new Float32Array(await load(field.path)));
    else {
      const [codes, outliers] = await Promise.all([load(field.path), field.outliers ? load(field.outliers) : null]);
      await keep(`codes ${field.key}`, widen(codes, field));
      if (outliers) await keep(`outliers ${field.key}`, new Float32Array(outliers));
    }
  }
  const genes = vars?.fields ?? [];
  const some = Array.from({ length: GENES }, (_, at) => genes[Math.floor((at * (genes.length - 1)) / (GENES - 1))]).filter(
    Boolean,
  );
  for (const [key] of some) {
    const path = vars._varSchema.pathPattern.replace("{key}", safe(key));
    await keep(`var ${key}`, new Float32Array(await bytes(await get(at(path)), path)));
  }
  if (edges) {
    const Kind = edges.index_dtype === "uint16" ? Uint16Array : Uint32Array;
    for (const side of ["sourcesPath", "destinationsPath"]) {
      await keep(side, new Kind(await bytes(await get(at(edges[side])), side)));
    }
  }
  for (const [name, field] of Object.entries(identity.vector_fields?.fields ?? {})) {
    for (const [dimension, file] of Object.entries(/** @type {any} */ (field).files))
      await keep(`${name} ${dimension}`, await points(String(file)));
  }
  return { identity, obs, vars, edges, arrays };
}

/** `.gz` first, inflated if it is there; then the plain name. @param {string} url @param {Get} get */
async function squeezed(url, get) {
  if (!url.endsWith(".gz")) {
    const answer = await get(`${url}.gz`).catch(() => null);
    if (answer?.ok && answer.body) return new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  }
  return bytes(await get(url), url);
}

/** @param {any} manifest @returns {any[]} */
function expand({ _format, _obsSchemas, _continuousFields = [], _categoricalFields = [] }) {
  if (_format !== "compact_v1") throw new Error(`a manifest of format ${_format}`);
  return [
    ..._continuousFields.map((/** @type {any} */ [key]) => {
      return { key, kind: "continuous", path: _obsSchemas.continuous.pathPattern.replace("{key}", safe(key)) };
    }),
    ..._categoricalFields.map((/** @type {any} */ [key, labels, dtype, missing]) => {
      const { codesPathPattern, outlierPathPattern } = _obsSchemas.categorical;
      const path = codesPathPattern.replace("{key}", safe(key)).replace("{ext}", dtype === "uint8" ? "u8" : "u16");
      return { key, kind: "category", labels, dtype, missing, path, outliers: outlierPathPattern?.replace("{key}", safe(key)) };
    }),
  ];
}

/** @param {string} key */
const safe = (key) => key.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^[._]+|[._]+$/g, "") || "field";

/** @param {ArrayBuffer} codes @param {{ dtype: string, missing: number }} field */
function widen(codes, { dtype, missing }) {
  if (dtype !== "uint8") return new Uint16Array(codes);
  return Uint16Array.from(new Uint8Array(codes), (code) => (code === 255 ? missing : code));
}

/** @param {Response} answer @param {string} what */
async function json(answer, what) {
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** @param {Response} answer @param {string} what @returns {Promise<ArrayBuffer>} */
async function bytes(answer, what) {
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  return answer.arrayBuffer();
}
