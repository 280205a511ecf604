/** The scripts that the browser loads, each peer with all it needs in one file, as a page would have it: build/bench/web. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
/** @type {Record<string, string>} */
const SYSTEMS = { h5wasm: "h5wasm", jsfive: "jsfive", zarrita: "zarrita", server: "", floor: "", module: "" };

/** @returns {Promise<Record<string, { raw: number, gzip: number }>>} sizes of what is needed to read a file */
export async function bundle() {
  const outdir = join(ROOT, "build/bench/web");
  /** @type {Parameters<typeof build>[0]} */
  const options = { bundle: true, minify: true, format: "esm", target: "es2022", platform: "browser", logLevel: "error" };
  const entryPoints = Object.keys(SYSTEMS).map((name) => join(ROOT, `bench/systems/${name}.js`));
  await build({ ...options, entryPoints, outdir, external: ["module"] });
  const drawn = ["regl", "three"].map((name) => join(ROOT, `bench/draw/${name}.js`));
  await build({ ...options, entryPoints: drawn, outdir: join(outdir, "draw") });
  /** @type {Record<string, { raw: number, gzip: number }>} */
  const sizes = {};
  for (const [name, imported] of Object.entries(SYSTEMS).filter(([, imported]) => imported)) {
    const stdin = {
      contents: `export * from "${imported}"; export * as codecs from "${imported}";`,
      resolveDir: import.meta.dirname,
    };
    const built = await build({ ...options, stdin, write: false, splitting: false, external: ["module"] });
    const bytes = Buffer.concat(built.outputFiles.map(({ contents }) => contents));
    sizes[name] = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  }
  /** @param {string[]} names */
  const ours = (names) => {
    const parts = names.map((name) => readFileSync(join(ROOT, "pkg", name)));
    const total = (/** @type {(part: Buffer) => Buffer} */ squeeze) => parts.reduce((sum, part) => sum + squeeze(part).length, 0);
    return { raw: total((part) => part), gzip: total((part) => gzipSync(part, { level: 9 })) };
  };
  sizes.module = ours(["cellucid.js", "cellucid_bg.wasm"]);
  sizes.later = ours(["cellucid_later.wasm"]);
  return sizes;
}
