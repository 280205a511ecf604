/**
 * The Service Worker that turns open datasets into files beside a self-hosted copy of the Cellucid app: put it into the app's folder.
 * It holds no data. Pages that share datasets (share.js) tell it below which addresses; requests there are handed to the page and its
 * answer is passed on. The list survives the worker's own end, which may come at any time between two requests.
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const STORE = "cellucid-shared";
/** What may be a virtual file or a service document; nothing else is looked at. */
const MINE =
  /(?:^|\/)(?:_cellucid\/(?:[a-z_]+|obs\/[^/]+\.json)|datasets\.json|state-snapshots\.json|dataset_identity\.json|(?:obs|var|connectivity)_manifest\.json|points_\dd\.bin(?:\.gz)?|(?:obs|var|connectivity|vectors)\/[^/]+)$/;
/** How long a page may take to say whether a file is its own. A busy page takes its time. */
const PATIENCE = 20_000;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("message", (event) => {
  const { cellucid, base } = event.data ?? {};
  const source = /** @type {Client | null} */ (event.source);
  if ((cellucid !== "share" && cellucid !== "unshare") || !source || typeof base !== "string") return;
  const change = async () => {
    const others = (await sharers(base)).filter((id) => id !== source.id);
    await keep(base, cellucid === "share" ? [...others, source.id] : others);
    event.ports[0]?.postMessage("done");
  };
  event.waitUntil(change());
});

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin === worker.location.origin && MINE.test(url.pathname)) event.respondWith(answer(event.request, url));
});

/** @param {Request} request @param {URL} url @returns {Promise<Response>} */
async function answer(request, url) {
  // The longest address first: a dataset may be shared below another.
  const bases = (await shared()).filter((base) => url.pathname.startsWith(base)).sort((a, b) => b.length - a.length);
  for (const base of bases) {
    // The newest first; pages that are gone are forgotten.
    for (const id of (await sharers(base)).reverse()) {
      const page = await worker.clients.get(id);
      if (!page)
        await keep(
          base,
          (await sharers(base)).filter((other) => other !== id),
        );
      const reply = page && (await ask(page, base, request.clone(), url));
      if (reply) return reply;
    }
  }
  return fetch(request);
}

/** @param {Client} page @param {string} base @param {Request} request @param {URL} url @returns {Promise<Response | null>} */
async function ask(page, base, request, url) {
  const { method, headers, signal } = request;
  const body = method === "POST" ? await request.arrayBuffer() : null;
  const { port1, port2 } = new MessageChannel();
  const said = {
    cellucid: "file",
    base,
    method,
    path: url.pathname.slice(base.length - 1),
    search: url.search,
    range: headers.get("Range"),
    body,
  };
  try {
    return await new Promise((done, fail) => {
      const timer = setTimeout(() => done(null), PATIENCE);
      port1.onmessage = ({ data }) => {
        clearTimeout(timer);
        if (data.mine === true) return; // the answer follows
        done(data.mine === false ? null : new Response(data.body, { status: data.status, headers: data.headers }));
      };
      signal.addEventListener("abort", () => {
        port1.postMessage("abort");
        fail(signal.reason);
      });
      page.postMessage(said, body ? [port2, body] : [port2]);
    });
  } finally {
    port1.close();
  }
}

/** Addresses below which something is shared. */
async function shared() {
  const cache = await caches.open(STORE);
  return (await cache.keys()).map((key) => new URL(key.url).pathname);
}

/** The pages that share below an address, the newest last. @param {string} base @returns {Promise<string[]>} */
async function sharers(base) {
  const cache = await caches.open(STORE);
  const found = await cache.match(base);
  return found ? found.json() : [];
}

/** @param {string} base @param {string[]} ids */
async function keep(base, ids) {
  const cache = await caches.open(STORE);
  if (ids.length) await cache.put(base, new Response(JSON.stringify(ids)));
  else await cache.delete(base);
}
