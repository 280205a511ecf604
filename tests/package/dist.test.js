/**
 * What `cargo xtask dist` makes, used as strangers do: the crates unpacked in a clean place, a program that depends on the one and `cargo
 * install` of the other; the program's archive; the wheel; the texts of licences. The npm package has tests of its own.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../page/browser.js";

const run = promisify(execFile);
const DIST = join(ROOT, "dist");
const PLACE = join(ROOT, "build/dist-used");
const VERSION = JSON.parse(readFileSync(join(ROOT, "pkg/package.json"), "utf8")).version;
const SAMPLE = join(ROOT, "www/sample/sample.h5ad");
/** What cargo has built for the crates' own check is not built again; away from the workspace's, which it would spoil. */
const TARGET = join(ROOT, "target/dist");

/** As the workspace's own `dev` profile is, so that dependencies need not be built again. */
const env = { ...process.env, CARGO_PROFILE_DEV_OPT_LEVEL: "1", CARGO_PROFILE_DEV_DEBUG: "line-tables-only" };

/**
 * The library's file is called the same whichever versions of others it was built with, which are the newest ones here and those of
 * Cargo.lock there; so it is built again, not taken from whoever built it last.
 */
function forget() {
  const built = join(TARGET, "debug/.fingerprint");
  for (const name of existsSync(built) ? readdirSync(built) : []) {
    if (name.startsWith("cellucid-")) rmSync(join(built, name), { recursive: true });
  }
}

/** @param {string} program @param {string[]} args @param {string} [cwd] */
const out = async (program, args, cwd = ROOT) => (await run(program, args, { cwd, env, maxBuffer: 1 << 26 })).stdout;

before(
  async () => {
    for (const place of [DIST, PLACE]) rmSync(place, { recursive: true, force: true });
    forget();
    await out("cargo", ["xtask", "dist", "--debug"]);
    mkdirSync(PLACE, { recursive: true });
    for (const name of readdirSync(DIST).filter((name) => /\.crate$|linux.*\.tar\.gz$/.test(name))) {
      await out("tar", ["-xzf", join(DIST, name)], PLACE);
    }
  },
  { timeout: 900_000 },
);

test("the checksums are those of the files", () => {
  const listed = readFileSync(join(DIST, "SHA256SUMS"), "utf8").trimEnd().split("\n");
  for (const line of listed) {
    const [sum, name] = line.split("  ");
    assert.equal(
      createHash("sha256")
        .update(readFileSync(join(DIST, name ?? "")))
        .digest("hex"),
      sum,
      name,
    );
  }
  const kinds = listed.map((line) => line.replace(/^\w+ {2}/, "").replaceAll(VERSION, "V"));
  const program = kinds.find((name) => name.endsWith(".tar.gz"));
  assert.deepEqual(
    kinds.sort(),
    [
      "cellucid-kernels-V.crate",
      "cellucid-relay-V.crate",
      "cellucid-wasm-V.crate",
      "cellucid-wasm-V.tgz",
      "cellucid_relay-V-py3-none-any.whl",
      program,
    ].sort(),
  );
});

test("the crates hold sources, and nothing that lies about", async () => {
  const own =
    /^[^/]+\/(?:src\/.*\.(?:rs|ts)|README\.md|LICENSE|CHANGELOG\.md|Cargo\.(?:toml|toml\.orig|lock)|\.cargo_vcs_info\.json)$/;
  for (const name of readdirSync(DIST).filter((name) => name.endsWith(".crate"))) {
    const files = (await out("tar", ["-tzf", join(DIST, name)])).trim().split("\n");
    assert.deepEqual(
      files.filter((file) => !own.test(file)),
      [],
    );
    assert.ok(files.length > (name.includes("kernels") ? 10 : 20), name);
  }
});

test("a program that depends on the unpacked crate", { timeout: 600_000 }, async () => {
  const place = join(PLACE, "reader");
  mkdirSync(join(place, "src"), { recursive: true });
  writeFileSync(
    join(place, "Cargo.toml"),
    `[package]\nname = "reader"\nversion = "0.0.0"\nedition = "2024"\n
[dependencies]\ncellucid-wasm = { path = "../cellucid-wasm-${VERSION}" }\n\n[workspace]\n
[patch.crates-io]\ncellucid-kernels = { path = "../cellucid-kernels-${VERSION}" }\n`,
  );
  // The crate's own first example, which rustdoc runs in the repository.
  const [, example] = readFileSync(join(ROOT, "README.md"), "utf8").match(/^```rust\n(.*?)^```/ms) ?? [];
  assert.ok(example, "the README has an example in Rust");
  writeFileSync(
    join(place, "src/main.rs"),
    `fn main() -> cellucid_wasm::Result<()> {\n${example.replace("data.h5ad", SAMPLE)}\n    println!("{}", points.len());\n    Ok(())\n}\n`,
  );
  cpSync(join(ROOT, "Cargo.lock"), join(place, "Cargo.lock"));
  forget();
  assert.equal((await out("cargo", ["run", "--quiet", "--target-dir", TARGET], place)).trim(), "40000");
});

test("cargo install of the program's crate", { timeout: 600_000 }, async () => {
  const home = join(PLACE, "installed");
  // What a registry would answer, if all were published.
  const patches = ["cellucid-kernels", "cellucid-wasm"].flatMap((name) => [
    "--config",
    `patch.crates-io.${name}.path=${JSON.stringify(join(PLACE, `${name}-${VERSION}`))}`,
  ]);
  const path = join(PLACE, `cellucid-relay-${VERSION}`);
  const args = ["install", "--quiet", "--debug", "--path", path, "--root", home, "--target-dir", TARGET, ...patches];
  forget();
  await out("cargo", args, PLACE);
  const program = join(home, "bin/cellucid-wasm");
  assert.equal((await out(program, ["--version"])).trim(), `cellucid-wasm ${VERSION}`);
  assert.match(await out(program, ["inspect", SAMPLE]), /5,000 cells/);
});

test("the program's archive: page, module and data, and sites made from them", { timeout: 120_000 }, async () => {
  const [name] = readdirSync(PLACE).filter((name) => name.includes("linux"));
  assert.ok(name);
  const place = join(PLACE, name);
  const program = join(place, "cellucid-wasm");
  for (const file of ["README.md", "LICENSE", "THIRD_PARTY.txt", "pkg/THIRD_PARTY.txt", "doc/HOSTING.md"])
    assert.ok(statSync(join(place, file)).size > 100, file);
  const child = spawn(program, ["serve", SAMPLE, "--port", "0", "--no-browser"], {
    cwd: PLACE,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = new URL(await new Promise((found) => child.stdout.once("data", (text) => found(String(text).trim()))));
    const get = async (/** @type {string} */ path) => {
      const reply = await fetch(new URL(path, url));
      assert.equal(reply.status, 200, path);
      return (await reply.arrayBuffer()).byteLength;
    };
    assert.ok((await get("./")) > 1000);
    for (const part of ["pkg/cellucid_bg.wasm", "pkg/cellucid_later.wasm"])
      assert.equal(await get(part), statSync(join(ROOT, part)).size);
    assert.equal(await get("data/sample.h5ad"), statSync(SAMPLE).size);
  } finally {
    child.kill();
  }
  await out(program, ["site", SAMPLE, "site"], PLACE);
  for (const file of [
    "index.html",
    "pkg/cellucid_bg.wasm",
    "pkg/cellucid_later.wasm",
    "pkg/THIRD_PARTY.txt",
    "data/sample.h5ad",
    "catalog.json",
  ])
    assert.ok(existsSync(join(PLACE, "site", file)), file);
});

/** Places that a text leads to beside itself, by links and by names of documents. @param {string} text */
const beside = (text) => {
  const links = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)].map(([, to]) => to ?? "");
  return links.filter((to) => !/^[a-z]+:/.test(to));
};

test("no document that is handed out leads to one that is not", async () => {
  const [name] = readdirSync(PLACE).filter((name) => name.includes("linux"));
  const place = join(PLACE, name ?? "");
  const documents = readdirSync(place, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".md"));
  assert.ok(documents.includes("README.md") && documents.includes("doc/HOSTING.md"));
  for (const file of documents) {
    for (const to of beside(readFileSync(join(place, file), "utf8"))) {
      assert.ok(existsSync(join(place, dirname(file), to)), `${file} leads to ${to}`);
    }
  }
  const readme = readFileSync(join(place, "README.md"), "utf8");
  const named = [...readme.matchAll(/`(doc\/\w+\.md)`/g)].map(([, to]) => to ?? "");
  assert.ok(named.length > 5);
  for (const to of named) assert.ok(existsSync(join(place, to)), to);
  // Registries show these alone. (The library's own is shown with the repository's address, which crates.io puts before links.)
  const wheel = join(DIST, `cellucid_relay-${VERSION}-py3-none-any.whl`);
  const alone = [
    readFileSync(join(PLACE, `cellucid-relay-${VERSION}/README.md`), "utf8"),
    await out("tar", ["-xzOf", join(DIST, `cellucid-wasm-${VERSION}.tgz`), "package/README.md"]),
    await out("python3", [
      "-c",
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.read(next(n for n in z.namelist() if n.endswith('METADATA'))).decode())",
      wheel,
    ]),
  ];
  for (const text of alone) {
    assert.ok(text.length > 500);
    assert.deepEqual(beside(text), []);
  }
});

test("the wheel, with nothing but what it asks for", { timeout: 300_000 }, async () => {
  const site = join(PLACE, "site-packages");
  const wheel = join(DIST, `cellucid_relay-${VERSION}-py3-none-any.whl`);
  const python = process.env.PYTHON ?? join(ROOT, "build/jupyter/bin/python");
  await out(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", site, wheel]);
  // Not the environment that pip is in.
  const alone = { cwd: PLACE, env: { ...env, PYTHONPATH: site } };
  const code = `from cellucid_relay import __version__, show_anndata\nprint(__version__, show_anndata(${JSON.stringify(SAMPLE)}))`;
  const { stdout } = await run("python3", ["-c", code], alone);
  assert.match(stdout, new RegExp(`^${VERSION} .*AnnDataViewer\\('sample.h5ad', not ready\\)$`, "m"));
  await run("python3", ["-m", "cellucid_relay", "viewer.html"], alone);
  assert.ok(statSync(join(PLACE, "viewer.html")).size > 1_000_000);
});

test("every crate inside comes with its licence", async () => {
  const fixed = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none"];
  const [name] = readdirSync(PLACE).filter((name) => name.includes("linux"));
  const texts = /** @type {[string, string[]][]} */ ([
    [join(ROOT, "pkg/THIRD_PARTY.txt"), ["--package", "cellucid-wasm", "--target", "wasm32-unknown-unknown"]],
    [join(PLACE, name ?? "", "THIRD_PARTY.txt"), ["--package", "cellucid-relay"]],
  ]);
  for (const [file, tree] of texts) {
    const text = readFileSync(file, "utf8");
    const crates = new Set(
      [...(await out("cargo", [...fixed, ...tree])).matchAll(/^(\S+) v(\S+)(?: \(\*\))?$/gm)].map(
        ([, name, version]) => `${name} ${version}`,
      ),
    );
    assert.ok(crates.size > 20, file);
    for (const one of crates) assert.ok(text.includes(`\n${one} (`), `${file}: ${one}`);
    // No text is left out: each block has its owners, and then words.
    for (const block of text.split(/^-{78}$/m).slice(1)) assert.ok(block.trim().split("\n").length > 4, block.slice(0, 200));
  }
  const packed = await out("tar", ["-xzOf", join(DIST, `cellucid-wasm-${VERSION}.tgz`), "package/THIRD_PARTY.txt"]);
  assert.equal(packed, readFileSync(join(ROOT, "pkg/THIRD_PARTY.txt"), "utf8"));
});
