/** The worker that the module runs in: engine.js beside this file, as bundlers find it, or wherever the caller has put it. */

/** @param {string | URL | (() => Worker)} [where] */
export function spawn(where) {
  if (typeof where === "function") return where();
  if (where === undefined && sameOrigin(import.meta.url)) {
    // In this very form, so that bundlers see a worker.
    return new Worker(new URL("./engine.js", import.meta.url), { type: "module", name: "cellucid" });
  }
  const here = import.meta.url;
  const url = new URL(where ?? "./engine.js", where === undefined ? here : document.baseURI).href;
  return sameOrigin(url) ? new Worker(url, { type: "module", name: "cellucid" }) : foreign(url);
}

/** A worker's script has to come from the page's own origin, but may import another's. @param {string} url */
function foreign(url) {
  const script = URL.createObjectURL(new Blob([`import ${JSON.stringify(url)};`], { type: "text/javascript" }));
  // Not revoked: workers that decode for it run the same script, later.
  return new Worker(script, { type: "module", name: "cellucid" });
}

/** @param {string} url */
const sameOrigin = (url) => new URL(url).origin === location.origin || !/^https?:/.test(url);
