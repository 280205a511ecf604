/** The parts of the bridge that need no page. */
export { borrow, lend } from "../../www/bridge/lend.js";
export { Router } from "../../www/bridge/router.js";
