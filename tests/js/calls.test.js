/** Sources of the caller's that a worker reads over a port, and the files that they lead to. */
import assert from "node:assert/strict";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { called, lend } from "../../www/engine/calls.js";

const ROOT = join(import.meta.dirname, "../..");
const LINKED = join(ROOT, "build/beside/linked.h5ad");

/** @type {any} */
let Dataset;
before(async () => {
  assert.ok(existsSync(LINKED), "build/beside is not there: ./check makes it");
  const module = await import(join(ROOT, "pkg/cellucid.js"));
  const [module_or_path, later] = ["cellucid_bg.wasm", "cellucid_later.wasm"].map((name) =>
    readFileSync(join(ROOT, "pkg", name)),
  );
  await module.default({ module_or_path, later });
  Dataset = module.Dataset;
});

/** @type {MessagePort[]} */
const ports = [];
const Channel = MessageChannel;
// One that is open keeps the process: an end of each is enough.
globalThis.MessageChannel = class extends Channel {
  constructor() {
    super();
    ports.push(this.port1);
  }
};
after(() => {
  for (const port of ports) port.close();
});

/** As it arrives in a worker. @param {object} source */
function crossed(source) {
  const { port, ...known } = lend(source);
  // Nothing but the port is more than plain data.
  return /** @type {any} */ (called({ ...structuredClone(known), port }).from);
}

/** A file of this machine, with those beside it. @param {string} path @param {string[]} asked @returns {any} */
function local(path, asked) {
  return {
    name: basename(path),
    size: readFileSync(path).length,
    async read(/** @type {number} */ start, /** @type {number} */ end) {
      const file = openSync(path, "r");
      const bytes = new Uint8Array(end - start);
      try {
        assert.ok(end <= fstatSync(file).size);
        readSync(file, bytes, 0, bytes.length, start);
      } finally {
        closeSync(file);
      }
      return bytes;
    },
    async sibling(/** @type {string} */ below) {
      asked.push(below);
      const found = normalize(join(dirname(path), below));
      return existsSync(found) ? local(found, asked) : undefined;
    },
  };
}

test("a file that leads to others reads whole", async () => {
  /** @type {string[]} */
  const asked = [];
  const dataset = await Dataset.open(crossed(local(LINKED, asked)), { prefetch: false });
  const whole = await Dataset.open(crossed(local(join(dirname(LINKED), "whole.h5ad"), [])), { prefetch: false });
  for (const path of ["points_2d.bin", "var/gene3.values.f32"])
    assert.deepEqual(await dataset.read(path), await whole.read(path));
  assert.ok(asked.includes("parts/points 0.h5"), asked.join());
  dataset.close();
  whole.close();
});

test("what is not there is missed, and what fails says so", async () => {
  const alone = { ...local(LINKED, []), sibling: () => undefined };
  await assert.rejects(async () => (await Dataset.open(crossed(alone))).read("points_2d.bin"), /points 0\.h5" is wanted/);
  const broken = crossed({ ...local(LINKED, []), sibling: () => Promise.reject(new Error("the disk is gone")) });
  await assert.rejects(broken.sibling("parts/points 0.h5"), /the disk is gone/);
});

test("a source that leads nowhere is not asked", () => {
  const { sibling: _, ...plain } = local(LINKED, []);
  assert.equal(crossed(plain).sibling, undefined);
});
