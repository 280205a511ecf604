/**
 * Sizes of what a browser has to load, against the bounds in pkg/SIZES.json.
 *
 *     node xtask/sizes.js            print and compare; fails when a bound is passed
 *     node xtask/sizes.js --write    also keep the sizes measured now
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const root = join(import.meta.dirname, "..");
const record = join(root, "pkg/SIZES.json");

/**
 * A program as it would be published, minified and in as few files as its parts that are loaded later allow. The first picture needs
 * those files that the entry imports outright; the others come when they are asked for.
 *
 * @param {string} entry
 * @returns {{ first: Buffer[], later: Buffer[] }}
 */
function bundle(entry) {
  const { outputFiles, metafile } = buildSync({
    entryPoints: [join(root, entry)],
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
    outdir: "out",
    absWorkingDir: root,
  });
  const { outputs } = metafile;
  const names = Object.keys(outputs);
  const needed = new Set(names.filter((name) => outputs[name]?.entryPoint === entry));
  for (const name of needed)
    for (const { path, kind } of outputs[name]?.imports ?? []) if (kind === "import-statement") needed.add(path);
  /** @param {boolean} first */
  const files = (first) => names.filter((name) => needed.has(name) === first).map((name) => file(name, outputFiles));
  return { first: files(true), later: files(false) };
}

/** @param {string} name @param {import("esbuild").OutputFile[]} made */
const file = (name, made) => Buffer.from(made.find(({ path }) => path === join(root, name))?.contents ?? []);
/** @param {string} path */
const built = (path) => readFileSync(join(root, path));

const index = readFileSync(join(root, "www/index.html"), "utf8");
const sheets = readdirSync(join(root, "www/style")).map((name) => `style/${name}`);
const [page, worker] = [bundle("www/main.js"), bundle("www/engine/worker.js")];
const artefacts = {
  "module and glue": [built("pkg/cellucid_bg.wasm"), built("pkg/cellucid.js")],
  "module, later": [built("pkg/cellucid_later.wasm")],
  "page scripts": [...page.first, ...worker.first],
  "page scripts, later": [...page.later, ...worker.later],
  "page styles": sheets.filter((name) => index.includes(name)).flatMap((name) => bundle(`www/${name}`).first),
  "page styles, later": sheets.filter((name) => !index.includes(name)).flatMap((name) => bundle(`www/${name}`).first),
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
    `${name.padEnd(20)} ${size.raw} bytes, gzip ${size.gzip} of at most ${size.gzip_at_most}, brotli ${size.brotli}: ${verdict}`,
  );
}
if (process.argv.includes("--write")) writeFileSync(record, `${JSON.stringify(sizes, null, 2)}\n`);
process.exitCode = over ? 1 : 0;
