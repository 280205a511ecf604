/**
 * Sizes of what a browser has to load, against the bounds in pkg/SIZES.json.
 *
 *     node xtask/sizes.js            print and compare; fails when a bound is passed
 *     node xtask/sizes.js --write    also keep the sizes measured now
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const root = join(import.meta.dirname, "..");
const record = join(root, "pkg/SIZES.json");

/** What the page asks for only when it is needed. */
const LATER = ["./bridge/viewer.js"];

/** One program as it would be published: everything it imports in one file, minified. @param {string} entry */
const bundle = (entry) => {
  const built = buildSync({
    entryPoints: [join(root, entry)],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    external: LATER,
  });
  return built.outputFiles.map((file) => Buffer.from(file.contents));
};
/** @param {string} path */
const file = (path) => readFileSync(join(root, path));

const artefacts = {
  "module and glue": [file("pkg/cellucid_bg.wasm"), file("pkg/cellucid.js")],
  "page scripts": [...bundle("www/main.js"), ...bundle("www/engine/worker.js")],
  "page bridge": bundle("www/bridge/viewer.js"),
  "page styles": bundle("www/style.css"),
};

const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
/** @type {Record<string, { raw: number, gzip: number, brotli: number, gzip_at_most: number }>} */
const sizes = JSON.parse(readFileSync(record, "utf8"));
let over = false;
for (const [name, parts] of Object.entries(artefacts)) {
  const size = sizes[name];
  if (!size) throw new Error(`pkg/SIZES.json has no entry "${name}"`);
  /** @param {(part: Buffer) => Buffer} squeeze */
  const sum = (squeeze) => parts.reduce((total, part) => total + squeeze(part).length, 0);
  size.raw = sum((part) => part);
  size.gzip = sum((part) => gzipSync(part, { level: 9 }));
  size.brotli = sum((part) => brotliCompressSync(part, quality));
  const verdict = size.gzip > size.gzip_at_most ? "TOO LARGE" : "fine";
  over ||= size.gzip > size.gzip_at_most;
  console.log(
    `${name.padEnd(16)} ${size.raw} bytes, gzip ${size.gzip} of at most ${size.gzip_at_most}, brotli ${size.brotli}: ${verdict}`,
  );
}
if (process.argv.includes("--write")) writeFileSync(record, `${JSON.stringify(sizes, null, 2)}\n`);
process.exitCode = over ? 1 : 0;
