/** The archives we write, read by Python's zipfile. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32, Zip } from "../../www/engine/zip.js";

const READ = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    entries = archive.infolist()
    assert len(entries) > 1000 or archive.testzip() is None
    some = {e.filename: archive.read(e).hex() for e in entries[:3] + entries[-1:]}
    print(json.dumps({"count": len(entries), "some": some}))
`;

/** @param {Array<[string, Uint8Array<ArrayBuffer>]>} members */
async function written(members) {
  /** @type {Uint8Array[]} */
  const parts = [];
  const zip = new Zip((bytes) => parts.push(bytes));
  for (const [path, body] of members) await zip.add(path, body);
  await zip.end();
  const folder = mkdtempSync(join(tmpdir(), "cellucid-zip-"));
  try {
    writeFileSync(join(folder, "a.zip"), Buffer.concat(parts));
    return JSON.parse(execFileSync("python3", ["-c", READ, join(folder, "a.zip")], { encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("checksums are CRC-32", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array()), 0);
});

test("members come back, whatever their names", async () => {
  const { count, some } = await written([
    ["x/β 1.bin", Uint8Array.of(1, 2, 3)],
    ["x/empty", new Uint8Array()],
    ["x/identity.json", new TextEncoder().encode("{}")],
  ]);
  assert.equal(count, 3);
  assert.deepEqual(some, { "x/β 1.bin": "010203", "x/empty": "", "x/identity.json": "7b7d" });
});

test("more members than a plain archive counts", async () => {
  const body = Uint8Array.of(7);
  const { count, some } = await written(Array.from({ length: 65_600 }, (_, i) => [`${i}`, body]));
  assert.equal(count, 65_600);
  assert.equal(some["65599"], "07");
});

test("offsets beyond 4 GiB are written beside the entry", async () => {
  const before = 5 * 2 ** 30;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  const zip = new Zip((bytes) => parts.push(bytes), before);
  for (const name of ["a", "b"]) await zip.add(name, new Uint8Array(10));
  await zip.end();
  // Header, name and body twice; entry, name and offset twice; both end records.
  assert.equal(parts.length, 3 * 2 + 3 * 2 + 2);
  const [extra, end64] = [/** @type {Uint8Array<ArrayBuffer>} */ (parts[11]), /** @type {Uint8Array<ArrayBuffer>} */ (parts[12])];
  assert.equal(Number(new DataView(extra.buffer).getBigUint64(4, true)), before + 41);
  const view = new DataView(end64.buffer);
  assert.equal(view.getUint32(0, true), 0x06064b50);
  assert.equal(Number(view.getBigUint64(40, true)), 2 * (46 + 1 + 12));
  assert.equal(Number(view.getBigUint64(48, true)), before + 2 * 41);
});
