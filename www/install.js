/**
 * Lets the page open without a network from the next visit on, through the Service Worker offline.js. Only where the page is its own:
 * not in frames, not where another Service Worker is in charge.
 */

export async function install() {
  if (self !== top || !isSecureContext || !navigator.serviceWorker) return;
  const script = new URL("offline.js", document.baseURI).href;
  const there = await navigator.serviceWorker.getRegistration();
  const own = [there?.installing, there?.waiting, there?.active].some((one) => one?.scriptURL === script);
  if (there && !own) return;
  const registration = await navigator.serviceWorker.register(script, { updateViaCache: "none" });
  registration.active?.postMessage({ cellucid: "keep" });
}
