/** Open datasets for the Cellucid app: three ways in, one router, and a way to lend a dataset to another frame. */
export { borrow, lend } from "./lend.js";
export { Router } from "./router.js";
export { share } from "./share.js";
export { installFetchShim } from "./shim.js";
export { createDataSource } from "./source.js";
