/** What is published from pkg/ agrees with the crate and with the files that the build writes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
/** @param {string} path */
const text = (path) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(text("pkg/package.json"));

test("the package has the crate's name, licence and description", () => {
  const crate = text("Cargo.toml");
  for (const key of ["name", "license", "description"]) {
    assert.equal(crate.match(new RegExp(`^${key} = "(.*)"$`, "m"))?.[1], manifest[key], key);
  }
});

test("one version everywhere", () => {
  const [, version] = text("Cargo.toml").match(/^\[workspace\.package\]\nversion = "(.*)"$/m) ?? [];
  assert.match(String(version), /^\d+\.\d+\.\d+$/);
  for (const path of ["Cargo.toml", "kernels/Cargo.toml", "relay/Cargo.toml", "xtask/Cargo.toml"]) {
    assert.match(text(path), /^version\.workspace = true$/m, path);
  }
  assert.equal(manifest.version, version, "pkg/package.json");
  const needed = text("relay/Cargo.toml").match(/^cellucid-wasm = .*version = "(.*)"/m)?.[1];
  assert.equal(needed, version, "relay/Cargo.toml: the library it needs");
  const kernels = text("Cargo.toml").match(/^cellucid-kernels = .*version = "(.*)"/m)?.[1];
  assert.equal(kernels, version, "Cargo.toml: the kernels it needs");
  const python = text("python/src/cellucid_relay/__init__.py").match(/^__version__ = "(.*)"$/m)?.[1];
  assert.equal(python, version, "python/src/cellucid_relay/__init__.py");
  assert.match(text("python/pyproject.toml"), /^dynamic = \["version"\]$/m, "python/pyproject.toml takes it from there");
});

test("the README's size is kept by the bounds", () => {
  const sizes = JSON.parse(text("pkg/SIZES.json"));
  const [, said] = text("README.md").match(/less than (\d+) kB\s+compressed/) ?? [];
  const most = ["module and glue", "page scripts", "page styles"].reduce((sum, part) => sum + sizes[part].gzip_at_most, 0);
  assert.ok(most < Number(said) * 1000, `${most} bytes`);
});

test("whatever is exported says what it is", () => {
  for (const path of ["pkg/index.d.ts", "pkg/wasm.d.ts", "src/wasm/types.d.ts"]) {
    const lines = text(path).split("\n");
    const wanted = lines.flatMap((line, at) =>
      /^export (?:declare |default )?(?!type \{)\w+|^ {2}(?:static )?\w+\??\([^)]*\).*;$|^ {2}\w+\??\(.*\{$/.test(line)
        ? [at]
        : [],
    );
    assert.ok(wanted.length > 0, path);
    for (const at of wanted) assert.match(lines[at - 1] ?? "", /\*\/$/, `${path}:${at + 1}: ${lines[at]}`);
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
    manifest.files.filter((/** @type {string} */ name) => !["README.md", "THIRD_PARTY.txt"].includes(name)).sort(),
  );
});
