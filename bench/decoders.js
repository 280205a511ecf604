/**
 * How fast the module undoes each codec, by size of chunk, in Chromium; for zlib and gzip beside the browser's own stream.
 *
 *     node bench/decoders.js [ROUNDS] [DOCUMENT.md]
 *
 * Prints a table of megabytes of output per second, best of ROUNDS (15), and puts it into the document's section "Decoders".
 * `cargo xtask build --release` comes first.
 *
 * @typedef {{ file: string, kind: string, codecs: string, size: number, sum: number }} Made
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { launch } from "./browser.js";

const ROOT = join(import.meta.dirname, "..");
const MEDIA = /** @type {Record<string, string>} */ ({
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
});
const document = process.argv.slice(2).find((word) => word.endsWith(".md"));
const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 15);

const folder = mkdtempSync(join(tmpdir(), "cellucid-chunks-"));
execFileSync(join(ROOT, "build/venv/bin/python"), [join(ROOT, "bench/make_chunks.py"), folder], { stdio: "inherit" });
/** @type {Made[]} */
const made = JSON.parse(readFileSync(join(folder, "list.json"), "utf8"));

const server = createServer((ask, answer) => {
  const [, top, name = ""] = (ask.url ?? "/").split("/");
  if (!name) return answer.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><link rel=icon href=data:,>");
  const body = readFileSync(join(top === "pkg" ? join(ROOT, "pkg") : folder, name));
  answer.writeHead(200, { "Content-Type": MEDIA[extname(name)] ?? "application/octet-stream" }).end(body);
});
await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const { browser, version } = await launch();

/** Runs in the page. @param {{ made: Made[], rounds: number }} given */
async function measure({ made, rounds }) {
  const module = await import(/** @type {string} */ ("/pkg/cellucid.js"));
  await module.default();
  /** Enough of one chunk that a clock of tenths of a millisecond tells. */
  const WORK = 4 << 20;
  const out = [];
  for (const { file, kind, codecs, size, sum } of made) {
    const packed = new Uint8Array(await (await fetch(`/chunks/${file}`)).arrayBuffer());
    const times = Math.max(1, Math.round(WORK / size));
    const many = Array.from({ length: times }, () => packed);
    const skips = new Array(times).fill(0);
    const check = (/** @type {Uint8Array} */ got) => {
      if (got.reduce((a, b) => a + b, 0) !== sum) throw new Error(`${file}: wrong bytes`);
    };
    check(module.decodeChunks(codecs, size, size, [packed], [0])[0]);
    let ours = Infinity;
    let stream = Infinity;
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      module.decodeChunks(codecs, size, size, many, skips);
      ours = Math.min(ours, performance.now() - start);
      const format = codecs === "zlib" ? "deflate" : codecs === "gzip" ? "gzip" : null;
      if (!format) continue;
      const begun = performance.now();
      for (const chunk of many) {
        // Written and read by hand: through Blob and Response it is slower still.
        const inflate = new DecompressionStream(format);
        const writer = inflate.writable.getWriter();
        writer.write(chunk);
        writer.close();
        const reader = inflate.readable.getReader();
        const whole = new Uint8Array(size);
        for (let at = 0; ; ) {
          const { done, value } = await reader.read();
          if (done) break;
          whole.set(value, at);
          at += value.length;
        }
      }
      stream = Math.min(stream, performance.now() - begun);
    }
    const speed = (/** @type {number} */ time) => (size * times) / time / 1000;
    out.push({ kind, codecs, size, ours: speed(ours), stream: speed(stream) });
  }
  return out;
}

try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const measured = await page.evaluate(measure, { made, rounds });
  const sizes = [...new Set(made.map(({ size }) => size))];
  const names = { columns: "CSR columns", values: "log-normalised", positions: "embedding" };
  const lines = [
    `Chromium ${version}, best of ${rounds}; MB/s of output by size of chunk, decoded chunks copied out of the module included.`,
    "",
    `| codec | numbers | ${sizes.map((size) => `${size >> 10} KiB`).join(" | ")} |`,
    `| --- | --- |${" ---: |".repeat(sizes.length)}`,
  ];
  for (const codecs of new Set(made.map((one) => one.codecs))) {
    for (const [kind, name] of Object.entries(names)) {
      const row = measured.filter((one) => one.codecs === codecs && one.kind === kind);
      const cells = row.map(({ ours, stream }) => {
        const times = stream > 0 ? ` (${(ours / stream).toFixed(1)} × the browser's ${stream.toFixed(0)})` : "";
        return `${ours.toFixed(0)}${times}`;
      });
      lines.push(`| ${codecs} | ${name} | ${cells.join(" | ")} |`);
    }
  }
  console.log(lines.join("\n"));
  if (document) {
    const before = existsSync(document) ? readFileSync(document, "utf8").trimEnd() : "";
    // At the end, where bench/report.js leaves it alone.
    const [head = "", old = ""] = before.split("\n## Decoders\n");
    const rest = old.includes("\n## ") ? old.slice(old.indexOf("\n## ")) : "";
    const about =
      "Real codecs on numbers as anndata stores them, by size of chunk; `node bench/decoders.js 15 doc/BENCHMARKS.md` repeats it.";
    writeFileSync(document, `${head.trimEnd()}${rest.trimEnd()}\n\n## Decoders\n\n${about} ${lines.join("\n")}\n`);
  }
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
}
