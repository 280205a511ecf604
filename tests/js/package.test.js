/** What is published from pkg/ agrees with the crate and with the files that the build writes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
/** @param {string} path */
const text = (path) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(text("pkg/package.json"));

test("the package has the crate's name, version, licence and description", () => {
  const crate = text("Cargo.toml");
  for (const key of ["name", "version", "license", "description"]) {
    assert.equal(crate.match(new RegExp(`^${key} = "(.*)"$`, "m"))?.[1], manifest[key], key);
  }
});

test("the package needs nothing at run time", () => {
  for (const key of ["dependencies", "peerDependencies", "optionalDependencies", "scripts"])
    assert.equal(manifest[key], undefined);
});

test("development tools are pinned exactly", () => {
  for (const [name, version] of Object.entries(JSON.parse(text("package.json")).devDependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});

test("every file the package names is there, and each one that is exported is shipped", () => {
  for (const name of manifest.files) assert.ok(text(`pkg/${name}`).length > 0, name);
  const exported = [...JSON.stringify(manifest.exports).matchAll(/"\.\/([^"]+\.(?:js|d\.ts|wasm))"/g)].map((match) => match[1]);
  assert.deepEqual(
    [...new Set(exported)].sort(),
    manifest.files.filter((/** @type {string} */ name) => name !== "README.md").sort(),
  );
});
