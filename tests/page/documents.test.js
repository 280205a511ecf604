/**
 * Every command in the documents: run as it stands there, by this or by the test that the list below names. What doc/TROUBLESHOOTING.md says
 * the program answers is what it answers, and every message it quotes is one of ours.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { BINARY, ROOT, serve } from "./browser.js";

const DOCUMENTS = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pkg/README.md", "python/README.md", "relay/README.md"],
  ...readdirSync(join(ROOT, "doc"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `doc/${name}`),
];
const SAMPLE = join(ROOT, "www/sample");

/** What is not run here, and why, or by whom. @type {[RegExp, string][]} */
const ELSEWHERE = [
  [/^aws s3|^python3 -m http\.server/, "tests/hosting/hosting.test.js"],
  [/^\.\/check|^cargo xtask dist|^npm install \.\/dist|^pip install dist|^tar -xzf dist/, "tests/package, and ./check itself"],
  [/^\.\/run/, "starts what tests/page starts, after building it; ./check builds the same"],
  [/^pip install "?cellucid-relay/, "not published yet; tests/python install the wheel"],
  [/cargo-fuzz|cargo fuzz|fuzz_seeds/, "needs a C++ compiler; tests/fuzz_replay.rs runs the targets without"],
  [/--tls-cert/, "relay/tests/serve.rs, with a certificate of its own"],
  [/^cellucid serve /, "the reference's, for comparison"],
  [/^wasm-pack build/, "wasm-pack is not among the tools that tests install; what it builds is built by cargo xtask"],
];

const read = (/** @type {string} */ name) => readFileSync(join(ROOT, name), "utf8");

/** Blocks of code by language, with the name that may follow it. @param {string} name @param {string} language */
const blocks = (name, language) =>
  [...read(name).matchAll(new RegExp(`^\`\`\`${language}(?: (\\w+))?\n(.*?)^\`\`\``, "gms"))].map(([, , code]) => code ?? "");

/** A folder with all that the documents take for granted. */
let place = "";
/** @type {NodeJS.ProcessEnv} */
let env;
/** @type {Awaited<ReturnType<typeof serve>>} */
let host;

before(async () => {
  place = mkdtempSync(join(tmpdir(), "documents-"));
  const whole = readFileSync(join(SAMPLE, "sample.h5ad"));
  const files = {
    "data.h5ad": whole,
    "half.h5ad": whole.subarray(0, 900_000),
    "page.h5ad": "<!doctype html><title>Sign in</title>\n",
    "empty.h5ad": "",
    "table.h5ad": "cell,gene\n",
    "pictures/a.jpg": "x",
    "folder/data.h5ad": whole,
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), content);
  }
  cpSync(join(SAMPLE, "sample.zarr"), join(place, "data.zarr"), { recursive: true });
  cpSync(join(SAMPLE, "sample.zarr"), join(place, "atlas.zarr"), { recursive: true });
  symlinkSync(BINARY, join(place, "cellucid-wasm"));
  symlinkSync(join(ROOT, "www"), join(place, "www"));
  env = { ...process.env, PATH: `${place}:${process.env.PATH}` };
  host = await serve(place);
});
after(() => {
  host?.stop();
  rmSync(place, { recursive: true, force: true });
});

/** @param {string} line */
function run(line) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], { cwd: place, env, encoding: "utf8", timeout: 60_000 });
  return { status, said: `${stdout}${stderr}`.trimEnd() };
}

/** The first thing a server says, which ends then. @param {string} line @returns {Promise<string>} */
function started(line) {
  const child = spawn("bash", ["-c", `exec ${line}`], { cwd: place, env, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((done, fail) => {
    child.stdout.once("data", (words) => {
      child.kill();
      done(String(words));
    });
    child.on("exit", () => fail(new Error(`${line} ended without a word`)));
  });
}

for (const name of DOCUMENTS.filter((name) => blocks(name, "sh").length)) {
  test(`${name}: its commands`, { timeout: 180_000 }, async () => {
    for (const line of blocks(name, "sh").flatMap((block) => block.trimEnd().split("\n"))) {
      const command = line.replace(/\s+#.*/, "").replaceAll("https://host/", `${host.url}data/`);
      if (ELSEWHERE.some(([pattern]) => pattern.test(command))) continue;
      assert.match(command, /^cellucid-wasm /, `${line}: run by no test`);
      // Each starts from nothing, as a reader who picks one does.
      for (const made of ["site", "out", "genes"]) rmSync(join(place, made), { recursive: true, force: true });
      if (/ serve /.test(command)) assert.match(await started(`${command} --port 0 --no-browser`), /^https?:/, line);
      else {
        if (/ export \S+ folder$/.test(command)) rmSync(join(place, "folder"), { recursive: true, force: true });
        const { status, said } = run(/ site /.test(command) ? `${command} --page www` : command);
        assert.equal(status, 0, `${line}: ${said.slice(0, 500)}`);
      }
    }
  });
}

for (const name of DOCUMENTS.filter((name) => blocks(name, "console").length)) {
  test(`${name}: what the program answers`, { timeout: 180_000 }, () => {
    for (const block of blocks(name, "console")) {
      for (const part of block.split(/^\$ /m).filter(Boolean)) {
        const [line = "", ...answer] = part.trimEnd().split("\n");
        assert.equal(run(line).said, answer.join("\n"), line);
      }
    }
  });
}

test("every message that is quoted is ours", () => {
  const places = ["src", "relay/src", "www", "python/src", "xtask"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map((name) => join(folder, String(name)))
      .filter((name) => /\.(rs|js|py|sh)$/.test(name)),
  );
  const sources = places.map((name) => read(name).replace(/\s+/g, " "));
  let count = 0;
  for (const table of read("doc/TROUBLESHOOTING.md").matchAll(/^\| message \|.*\n\| ---.*\n((?:\|.*\n)+)/gm)) {
    for (const row of table[1]?.trimEnd().split("\n") ?? []) {
      const quoted = row.match(/^\| `(.*?)` \|/)?.[1];
      if (!quoted) continue;
      const parts = quoted.split("…").map((part) => part.trim());
      assert.ok(parts.join("").length > 12, `"${quoted}" says too little`);
      assert.ok(
        sources.some((text) => parts.every((part) => text.includes(part))),
        `no source says "${quoted}"`,
      );
      count++;
    }
  }
  assert.ok(count > 15, `${count} messages`);
});

test("every link leads somewhere", () => {
  for (const name of DOCUMENTS) {
    for (const [, target = ""] of read(name).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [path = "", part] = target.split("#");
      if (/^https?:/.test(path)) continue;
      const file = path ? join(dirname(join(ROOT, name)), path) : join(ROOT, name);
      assert.ok(existsSync(file), `${name}: ${target}`);
      if (!part) continue;
      const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, words = ""]) =>
        words
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
      assert.ok(headings.includes(part), `${name}: ${target}`);
    }
  }
});

test("every document is linked from the README, every test and script they name is there", () => {
  const readme = read("README.md");
  for (const name of DOCUMENTS.filter((name) => name.startsWith("doc/"))) {
    const above = ["README.md", "doc/STATUS.md", "doc/BENCHMARKS.md"].filter((other) => other !== name);
    assert.ok(readme.includes(`(${name})`) || above.some((other) => read(other).includes(name.replace("doc/", ""))), name);
  }
  for (const name of DOCUMENTS) {
    for (const [file] of read(name).matchAll(/\b(?:tests|bench|xtask|relay\/tests|src)\/[\w/.-]+\.(?:js|rs|py|sh)\b/g)) {
      assert.ok(existsSync(join(ROOT, file)), `${name}: ${file}`);
    }
  }
});
