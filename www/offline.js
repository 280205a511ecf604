/**
 * The Service Worker by which the page opens without a network, once it was opened with one. It keeps the page's own files and nothing
 * else: never data. While there is a network everything comes from there, so that a new version is seen at the next load; what is
 * kept is brought up to date behind it, all files together.
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const STORE = `cellucid-page ${worker.registration.scope}`;
/** What the page may be made of; whatever else is asked for goes its way. */
const PART = /\.(?:js|css|svg|wasm|webmanifest)$/;
/** Where a page and a script name others. */
const LINK = /\b(?:src|href)="([^"#]+)"/g;
const IMPORT = /\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']|new URL\(\s*["']([^"']+)["']\s*,\s*import\.meta\.url/g;

worker.addEventListener("install", (event) => event.waitUntil(keep().then(() => worker.skipWaiting())));
worker.addEventListener("message", (event) => {
  // What cannot be had now stays as it was.
  if (event.data?.cellucid === "keep") event.waitUntil(keep().catch(() => {}));
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, searchParams } = new URL(request.url);
  // A page that belongs to somebody else's window is of no use without its server.
  const page = request.mode === "navigate" && !searchParams.has("viewerToken");
  if (request.method !== "GET" || request.headers.has("Range") || origin !== worker.location.origin) return;
  if (page || PART.test(pathname)) event.respondWith(fetch(request).catch((error) => kept(request, error)));
});

/** @param {Request} request @param {unknown} error why the network did not give it @returns {Promise<Response>} */
async function kept(request, error) {
  const cache = await caches.open(STORE);
  const { pathname } = new URL(request.url);
  const found = await cache.match(pathname.replace(/\/index\.html$/, "/"), { ignoreVary: true });
  if (found) return found;
  throw error;
}

/** Brings all that the page is made of; only when all is there, what was kept before is replaced. */
async function keep() {
  /** @type {Map<string, Response>} */
  const files = new Map();
  const start = new URL("./", worker.location.href).href;
  /** @type {string[]} */
  let wanted = [start];
  const seen = new Set(wanted);
  while (wanted.length) {
    const named = await Promise.all(
      wanted.map(async (address) => {
        const answer = await fetch(address, { cache: "no-cache" });
        if (!answer.ok) {
          if (address === start || address.endsWith(".wasm")) throw new Error(`${address}: ${answer.status}`);
          return [];
        }
        const body = await answer.arrayBuffer();
        const headers = new Headers(answer.headers);
        // Of the way here, not of what arrived.
        for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
        files.set(address, new Response(body, { headers }));
        return address === start || address.endsWith(".js") ? names(new TextDecoder().decode(body), address) : [];
      }),
    );
    wanted = [...new Set(named.flat())].filter((address) => !seen.has(address));
    for (const address of wanted) seen.add(address);
  }
  const cache = await caches.open(STORE);
  await Promise.all([...files].map(([address, answer]) => cache.put(address, answer)));
  for (const { url } of await cache.keys()) if (!files.has(url)) await cache.delete(url);
}

/** The files that one names, of this origin. @param {string} text @param {string} from @returns {string[]} */
function names(text, from) {
  const script = from.endsWith(".js");
  // Comments name types.
  const found = (script ? text.replace(/\/\*[\s\S]*?\*\//g, "") : text).matchAll(script ? IMPORT : LINK);
  return [...found].flatMap(([, one, other]) => {
    const url = URL.parse(one ?? other ?? "", from);
    return url?.origin === worker.location.origin && PART.test(url.pathname) ? [url.href] : [];
  });
}
