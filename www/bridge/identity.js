/**
 * Whether somebody embeds this page, and how they are reached: from the address (query or fragment) or, where a page has none of its
 * own (srcdoc), from `<meta name="cellucid-viewer" content="viewerId=…&viewerToken=…">`.
 *
 * @typedef {object} Found
 * @property {string} viewerId
 * @property {string} viewerToken
 * @property {string | null} server where events go by HTTP: the page's own folder, in notebook mode
 * @property {string | null} parent origin of the embedding page; null when it is not known yet or cannot be told
 */

/** The name under which the page is told who it is. */
const META = "cellucid-viewer";

/** Whether it is worth loading the bridge at all. @param {Document} page */
export const embedded = (page) => tell(page).has("viewerToken");

/** @param {Document} page @returns {URLSearchParams} */
function tell(page) {
  const meta = page.querySelector(`meta[name="${META}"]`)?.getAttribute("content");
  const { search, hash } = page.location;
  for (const text of [meta, search, hash.slice(1)]) {
    const said = new URLSearchParams(text ?? "");
    if (said.has("viewerToken")) return said;
  }
  return new URLSearchParams();
}

/** @param {Document} page @returns {Found | null} */
export function identify(page) {
  const said = tell(page);
  const [viewerId, viewerToken] = [said.get("viewerId"), said.get("viewerToken")];
  if (!viewerId || !viewerToken) return null;
  const { location } = page;
  const http = location.protocol === "http:" || location.protocol === "https:";
  const server = said.get("jupyter") === "true" && http ? new URL("./", location.href.split(/[?#]/)[0]).href : null;
  return { viewerId, viewerToken, server, parent: origin(said.get("origin") ?? location.ancestorOrigins?.[0] ?? page.referrer) };
}

/** An origin that can be written to. @param {string} address */
function origin(address) {
  const url = URL.parse(address);
  return url && url.origin !== "null" ? url.origin : null;
}
