/**
 * Puts the page into one HTML file that needs nothing beside it: style, scripts, worker and module inside. That is what a notebook
 * embeds. usage: node python/front/build.js OUT.html.gz
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, "../..");
const WWW = resolve(ROOT, "www");

/** Modules of the page that mean files beside it, with what stands in for them here. */
const INSTEAD = new Map([
  [resolve(WWW, "engine/spawn.js"), resolve(HERE, "spawn.js")],
  [resolve(WWW, "engine/module.js"), resolve(HERE, "module.js")],
  [resolve(WWW, "panel/sheet.js"), resolve(HERE, "sheet.js")],
  [resolve(WWW, "panel/apart.js"), resolve(HERE, "sheet.js")],
]);

/** @type {import("esbuild").Plugin} */
const instead = {
  name: "instead",
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const other = INSTEAD.get(resolve(resolveDir, path));
      return other ? { path: other } : undefined;
    });
  },
};

/** @param {string} entry @param {import("esbuild").Plugin[]} plugins */
async function bundle(entry, plugins) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    loader: { ".wasm": "binary", ".svg": "dataurl" },
    // The module's glue has a branch that looks for the wasm file beside itself; it is handed the bytes.
    logOverride: { "empty-import-meta": "silent" },
    plugins,
  });
  return outputFiles[0]?.text ?? "";
}

const worker = await bundle(resolve(WWW, "engine/worker.js"), [instead]);
/** @type {import("esbuild").Plugin} */
const inside = {
  name: "worker",
  setup(build) {
    build.onResolve({ filter: /^worker:text$/ }, () => ({ path: "worker", namespace: "worker" }));
    build.onLoad({ filter: /.*/, namespace: "worker" }, () => ({ contents: worker, loader: "text" }));
  },
};
const icon = `data:image/svg+xml;base64,${readFileSync(resolve(WWW, "icon.svg")).toString("base64")}`;
let html = readFileSync(resolve(WWW, "index.html"), "utf8");
/** The sheets in the order in which the page has them: its own, then those that its scripts bring. */
const sheets = [html, ...["sheet.js", "apart.js"].map((name) => readFileSync(resolve(WWW, "panel", name), "utf8"))].flatMap(
  (text) => [...text.matchAll(/"(?:\.\.\/)?(style\/[a-z]+\.css)"/g)].map(([, name]) => String(name)),
);
if (sheets.length !== new Set([...sheets, ...readdirSync(resolve(WWW, "style")).map((name) => `style/${name}`)]).size)
  throw new Error(`www/style has other sheets than the page names: ${sheets.join(", ")}`);
const style = sheets.map((name) => readFileSync(resolve(WWW, name), "utf8")).join("\n");
const script = (await bundle(resolve(HERE, "viewer.js"), [instead, inside]))
  .replaceAll('"icon.svg"', JSON.stringify(icon))
  .replaceAll("</script", "<\\/script");

/** @param {string} text */
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  "img-src data: blob:",
  "connect-src http: https: blob:",
  "worker-src blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Exactly one place each: a page that has changed its shape is noticed here. @param {RegExp} what @param {string} by */
function replace(what, by) {
  const found = html.match(new RegExp(what, "g")) ?? [];
  if (found.length !== 1) throw new Error(`www/index.html: ${what} was found ${found.length} times`);
  html = html.replace(what, () => by);
}
replace(
  /<meta http-equiv="Content-Security-Policy" content="[^"]*">/,
  `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
);
replace(/(?:<link rel="stylesheet" href="style\/[a-z]+\.css">\n)+/, `<style>${style}</style>\n`);
replace(/<link rel="icon"[^>]*>\n/, "");
// One file has nothing to be installed from.
replace(/<link rel="manifest"[^>]*>\n/, "");
replace(/<script type="module" src="main\.js"><\/script>\n/, "");
// Who the viewer is, which the notebook fills in; the script, when everything else is there.
replace(/<title>/, '<meta name="cellucid-viewer" content="viewer">\n<title>');
replace(/<\/body>/, `<script>${script}</script>\n</body>`);
html = html.replaceAll('src="icon.svg"', `src="${icon}"`);

const out = process.argv[2];
if (!out) throw new Error("usage: node python/front/build.js OUT.html.gz");
if (!existsSync(dirname(out))) mkdirSync(dirname(out), { recursive: true });
const packed = gzipSync(html, { level: 9 });
writeFileSync(out, packed);
console.log(`${out}: ${packed.length} bytes, ${html.length} unpacked`);
