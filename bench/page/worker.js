/**
 * A system in a worker of its own, called by messages.
 *
 * @import { System } from "../systems/types.js"
 */
const asked = new URL(location.href).searchParams;
/** @type {{ default: (way: unknown) => System | Promise<System> }} */
const made = await import(`/web/${asked.get("system")}.js`);
const way = asked.get("way");
const system = await made.default(way === "raw" ? true : way);
await system.load?.();

self.addEventListener("message", async ({ data: { id, call, args } }) => {
  try {
    const value = await /** @type {any} */ (system)[call]?.(...args);
    const buffers = Object.values(value instanceof ArrayBuffer ? [value] : (value ?? {})).filter(
      (one) => one instanceof ArrayBuffer,
    );
    self.postMessage({ id, value }, { transfer: /** @type {ArrayBuffer[]} */ (buffers) });
  } catch (error) {
    self.postMessage({ id, error: String(error instanceof Error ? error.stack : error) });
  }
});
self.postMessage({ ready: true, can: Object.keys(system) });
