/** The hosts that misbehave, read without a browser: by the module in Node, and by the command line. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { BINARY, ROOT } from "./browser.js";
import { CASES, FILES, hosts, judge } from "./hosts.js";

/** @type {any} */
let Dataset;
/** @type {Awaited<ReturnType<typeof hosts>>} */
let host;
/** @type {string[]} */
let truth;

/** @param {Uint8Array} bytes */
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

before(async () => {
  const module = await import(resolve(ROOT, "pkg/cellucid.js"));
  await module.default({ module_or_path: readFileSync(resolve(ROOT, "pkg/cellucid_bg.wasm")) });
  Dataset = module.Dataset;
  const dataset = await Dataset.open(readFileSync(resolve(ROOT, "www/sample/sample.h5ad")), { name: "sample.h5ad" });
  truth = [];
  for (const file of FILES) truth.push(hash(await dataset.read(file)));
  host = await hosts();
});
after(() => host?.stop());

/** Nothing that was given for one host may come to another. */
function discreet() {
  const strangers = host.asked.filter(({ host: where, secrets }) => where === host.elsewhere && secrets.length);
  assert.deepEqual(strangers, [], "nothing secret went to the other origin");
}

/** @param {string} url @param {Record<string, string>} [headers] */
async function inNode(url, headers) {
  let signatures = 0;
  const renew = (/** @type {string} */ old) => {
    const fresh = new URL(old);
    fresh.searchParams.set("sig", String(++signatures));
    return fresh.href;
  };
  try {
    const dataset = await Dataset.open(url, { ...(headers && { headers }), renew });
    const hashes = [];
    for (const file of FILES) hashes.push(hash(await dataset.read(file)));
    return { hashes };
  } catch (/** @type {any} */ error) {
    return { error: { code: error.code, message: error.message, advice: error.advice } };
  }
}

/** @param {string} url @param {Record<string, string>} [headers] */
async function byProgram(url, headers = {}) {
  const given = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  /** @param {string} file @returns {Promise<{ code: number, out: Buffer, said: string }>} */
  const get = (file) =>
    new Promise((done) =>
      execFile(BINARY, ["get", url, file, ...given], { encoding: "buffer" }, (error, out, said) =>
        done({ code: error ? Number(error.code) : 0, out, said: said.toString() }),
      ),
    );
  const hashes = [];
  for (const file of FILES) {
    const { code, out, said } = await get(file);
    if (code) return { code, said };
    hashes.push(hash(out));
  }
  return { hashes };
}

for (const [name, { outcome, native, node, headers, valid }] of Object.entries(CASES)) {
  test(`in Node: ${name}`, { timeout: 60_000 }, async () => {
    judge(node ?? outcome, await inNode(host.address(name, "node"), headers), truth);
    discreet();
  });
  // The command line reads what it is asked for and ends: nothing runs out meanwhile.
  if (valid) continue;
  test(`by the command line: ${name}`, { timeout: 60_000 }, async () => {
    const wanted = native ?? outcome;
    const found = await byProgram(host.address(name, `native${name}`), headers);
    if (wanted === "right") assert.deepEqual(found, { hashes: truth });
    else {
      assert.equal(found.code, 1, JSON.stringify(found));
      assert.match(String(found.said), wanted.message);
      if (wanted.advice) assert.match(String(found.said), wanted.advice);
    }
    discreet();
  });
}
