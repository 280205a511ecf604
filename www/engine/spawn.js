/** Where the worker comes from: a file of its own here; builds that put the page into one file replace this module. */
export const spawn = () => new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "cellucid" });
