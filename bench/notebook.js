/**
 * What a notebook's connection carries, beside the reference's server in the same kernel, read by the same browser in the same run.
 * usage: node bench/notebook.js [ipykernel version]   (after ./check jupyter npm wheel)
 *
 * Prints a table: milliseconds of one read, MB/s of many with eight on their way, and milliseconds from an event in the page to its hook.
 *
 * @typedef {{ ms: number, rate: number }} Measured
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jupyter, launch, open, ROOT } from "../tests/python/browser/notebook.js";

const SIZES = [1 << 10, 64 << 10, 1 << 20, 8 << 20];
const EVENTS = 60;
const folder = mkdtempSync(join(tmpdir(), "cellucid-bench-"));
for (const size of SIZES) writeFileSync(join(folder, `${size}.bin`), Buffer.alloc(size, 7));
writeFileSync(join(folder, "dataset_identity.json"), JSON.stringify({ id: "bench", name: "bench", version: 2 }));

const kernel = process.argv[2];
const [server, browser] = await Promise.all([jupyter("lab", kernel ? { kernel } : {}), launch()]);
try {
  const opened = await open(browser, server, [
    `import time, cellucid
from cellucid_relay import files, show_anndata
viewer = show_anndata(${JSON.stringify(`${ROOT}/www/sample/sample.h5ad`)})
folder = viewer._reader.add(files.source(${JSON.stringify(folder)}))
theirs = cellucid.CellucidServer(${JSON.stringify(folder)}, port=18765, quiet=True)
theirs.start_background()
from cellucid._server_base import register_event_callback
late = {"ours": [], "theirs": []}
viewer.register_hook("click", lambda event: late["ours"].append((event["cell"], 1000 * time.time())))
register_event_callback("bench", lambda event: late["theirs"].append((event["cell"], 1000 * time.time())))`,
  ]);
  await opened.runAll();
  const frame = await opened.viewer();
  const address = await opened.run("print(theirs.url)");
  const id = await opened.run("print(folder['source'])");

  const measure = `async (size, read) => {
    const middle = (list) => list.sort((a, b) => a - b)[list.length >> 1];
    await read();
    const single = [];
    for (let count = 0; count < 15; count++) {
      const begun = performance.now();
      const length = await read();
      if (length !== size) throw new Error(length + " bytes of " + size);
      single.push(performance.now() - begun);
    }
    const total = Math.max(16, Math.min(256, Math.round((64 << 20) / size)));
    let left = total;
    const begun = performance.now();
    await Promise.all(Array.from({ length: 8 }, async () => { while (left-- > 0) await read(); }));
    return { ms: middle(single), rate: (total * size) / 1e3 / (performance.now() - begun) };
  }`;
  const ours = (/** @type {number} */ size) =>
    frame.evaluate(`(async () => {
      const { port, limits } = window.cellucid.store.state.source.from.dial();
      const open = new Map();
      let last = 0;
      // As the page's own reader does: no more than the kernel allows is on its way.
      let flying = 0;
      const waiting = [];
      const next = () => {
        while (waiting.length && (flying === 0 || flying + waiting[0].bytes <= limits.window)) {
          const { bytes, send } = waiting.shift();
          flying += bytes;
          send();
        }
      };
      port.onmessage = ({ data }) => (open.get(data.rid)(data.buffers[0].byteLength), open.delete(data.rid));
      const part = (start, end) => new Promise((done) => {
        const send = () => {
          open.set(++last, (length) => {
            flying -= end - start;
            done(length);
            next();
          });
          port.postMessage({ rid: last, t: "get", source: ${JSON.stringify(id)}, parts: [["${size}.bin", [start, end]]] });
        };
        waiting.push({ bytes: end - start, send });
        next();
      });
      const read = async () => {
        const parts = [];
        for (let at = 0; at < ${size}; at += limits.reply) parts.push(part(at, Math.min(${size}, at + limits.reply)));
        return (await Promise.all(parts)).reduce((sum, one) => sum + one, 0);
      };
      return (${measure})(${size}, read);
    })()`);
  const theirs = (/** @type {number} */ size) =>
    opened.page.evaluate(`(async () => {
      const read = async () => (await (await fetch(${JSON.stringify(address)} + "/${size}.bin", { cache: "no-store" })).arrayBuffer()).byteLength;
      return (${measure})(${size}, read);
    })()`);

  console.log(
    "| read | relay, one | server, one | ratio | relay, many | server, many | ratio |\n| --- | --- | --- | --- | --- | --- | --- |",
  );
  for (const size of SIZES) {
    const [a, b] = /** @type {[Measured, Measured]} */ ([await ours(size), await theirs(size)]);
    const words = size >= 1 << 20 ? `${size >> 20} MiB` : `${size >> 10} KiB`;
    const row = [words, `${a.ms.toFixed(1)} ms`, `${b.ms.toFixed(1)} ms`, (a.ms / b.ms).toFixed(2)];
    row.push(`${a.rate.toFixed(1)} MB/s`, `${b.rate.toFixed(1)} MB/s`, (a.rate / b.rate).toFixed(2));
    console.log(`| ${row.join(" | ")} |`);
  }

  /** @type {{ ours: number[], theirs: number[] }} */
  const told = { ours: [], theirs: [] };
  for (let cell = 0; cell < EVENTS; cell++) {
    const ours = await frame.evaluate((cell) => {
      const at = performance.timeOrigin + performance.now();
      /** @type {any} */ (window).cellucid.store.patch({ clicked: { cell, button: 0, shift: false, ctrl: false } });
      return at;
    }, cell);
    await opened.page.waitForTimeout(30);
    const theirs = await opened.page.evaluate(
      async ({ address, cell }) => {
        const at = performance.timeOrigin + performance.now();
        await fetch(`${address}/_cellucid/events`, {
          method: "POST",
          body: JSON.stringify({ type: "click", viewerId: "bench", cell }),
        });
        return at;
      },
      { address, cell },
    );
    told.ours.push(ours);
    told.theirs.push(theirs);
  }
  const heard = JSON.parse(await opened.run("import json\nprint(json.dumps(late))"));
  const late = (/** @type {"ours" | "theirs"} */ who) => {
    /** @type {Array<[number, number]>} */
    const came = heard[who];
    const all = came.map(([cell, at]) => at - (told[who][cell] ?? 0)).sort((a, b) => a - b);
    return `${all[all.length >> 1]?.toFixed(1)} ms (of ${all.length})`;
  };
  console.log(`event to hook: relay ${late("ours")}, server ${late("theirs")}`);
  await opened.close();
} finally {
  await browser.close();
  await server.stop();
  rmSync(folder, { recursive: true });
}
