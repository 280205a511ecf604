/**
 * Shares open datasets as files beside a self-hosted copy of the Cellucid app, through the Service Worker files.js. The page that shares
 * has to stay open: it reads, the worker only passes on.
 *
 *     const shelf = await share({ worker: "app/files.js" });
 *     await shelf.add(dataset);
 *     frame.src = "app/"; // finds the dataset by itself; or app/?remote=…, ?jupyter=true…, ?exportsBaseUrl=…
 *
 * @import { Readable, Reply } from "./router.js"
 */
import { Fault } from "../engine/fault.js";
import { Router } from "./router.js";

/**
 * @param {object} options
 * @param {string | URL} options.worker where files.js lies: in the app's folder, or with a header that allows the scope
 * @param {string | URL} [options.base] below which address the datasets appear; the worker's folder when left out
 * @param {Router} [options.router] with datasets, or with viewers of its endpoint
 */
export async function share({ worker, base, router = new Router() }) {
  if (!("serviceWorker" in navigator)) {
    throw new Fault({
      code: "unsupported",
      message: "this page may not use a Service Worker",
      advice: "Serve it over https or from this machine, not in a sandboxed frame; elsewhere use installFetchShim.",
    });
  }
  const script = new URL(worker, document.baseURI);
  const scope = new URL("./", script);
  const { pathname } = new URL(base ?? scope, document.baseURI);
  const root = pathname.endsWith("/") ? pathname : `${pathname}/`;
  const registration = await navigator.serviceWorker.register(script, { scope: scope.pathname });
  await started(registration);
  const hear = (/** @type {MessageEvent} */ event) => answer(router, root, event);
  navigator.serviceWorker.addEventListener("message", hear);
  navigator.serviceWorker.startMessages();
  await tell(registration, "share", root);
  return {
    router,
    /** Where the datasets appear. */
    url: new URL(root, document.baseURI).href,
    /** @param {Readable} dataset @param {{ id?: string }} [options] @returns {Promise<string>} where its files are now */
    async add(dataset, options) {
      const id = await router.add(dataset, options);
      return new URL(`.${router.place(id)}`, new URL(root, document.baseURI)).href;
    },
    /** Ends sharing; the worker stays for other pages. */
    async stop() {
      navigator.serviceWorker.removeEventListener("message", hear);
      await tell(registration, "unshare", root);
    },
  };
}

/** @param {Router} router @param {string} root @param {MessageEvent} event */
async function answer(router, root, { data, ports: [port] }) {
  if (data?.cellucid !== "file" || data.base !== root || !port) return;
  const abort = new AbortController();
  port.onmessage = () => abort.abort();
  const { method, path, search, range } = data;
  if (!router.knows(path)) return port.postMessage({ mine: false });
  // Said at once, so that a long read is not taken for a page that is gone.
  port.postMessage({ mine: true });
  const body = data.body ? new Uint8Array(data.body) : null;
  try {
    const reply = await router.answer({ method, path, search, range, body, signal: abort.signal });
    const bytes = reply?.body instanceof Uint8Array ? reply.body.slice() : (reply?.body ?? null);
    port.postMessage({ ...reply, body: bytes }, bytes instanceof Uint8Array ? [bytes.buffer] : []);
  } catch (error) {
    // Only who no longer wants the answer gets none.
    if (!abort.signal.aborted) port.postMessage({ status: 500, headers: {}, body: Fault.from(error).message });
  }
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<void>} */
function started(registration) {
  const { installing, waiting, active } = registration;
  const fresh = installing ?? waiting;
  if (!fresh) return active ? Promise.resolve() : Promise.reject(gone());
  return new Promise((done, fail) => {
    const look = () => {
      if (fresh.state === "activated") done();
      else if (fresh.state === "redundant") fail(gone());
    };
    fresh.addEventListener("statechange", look);
    look();
  });
}

const gone = () => new Fault({ code: "source", message: "the Service Worker did not start", advice: "Reload the page." });

/** @param {ServiceWorkerRegistration} registration @param {"share" | "unshare"} cellucid @param {string} base @returns {Promise<void>} */
function tell(registration, cellucid, base) {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    registration.active?.postMessage({ cellucid, base }, [port2]);
  });
}
