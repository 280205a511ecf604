/** The worker out of the page itself. A hardened host may forbid one form of it: then the other. */
import text from "worker:text";

/** @type {string | undefined} */
let address;

export function spawn() {
  address ??= URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return new Worker(address, { name: "cellucid" });
}
