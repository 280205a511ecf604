/** A script for a worker: it exports nothing. */
export {};
