/** The README's commands do what they say, word for word. Its JavaScript is run by embed.test.js. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BINARY, ROOT, serve } from "./browser.js";

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const SAMPLE = join(ROOT, "www/sample");
const CELLS = 5000;

/** Code blocks of a language, in order. @param {string} language */
const blocks = (language) =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, code]) => code ?? "");

/** A folder as the README's reader has it. */
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "readme-"));
  cpSync(join(SAMPLE, "sample.h5ad"), join(folder, "data.h5ad"));
  cpSync(join(SAMPLE, "sample.zarr"), join(folder, "data.zarr"), { recursive: true });
  symlinkSync(BINARY, join(folder, "cellucid-wasm"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("the commands of the README run", async () => {
  const lines = blocks("sh")
    .flatMap((block) => block.split("\n"))
    .filter((line) => line.startsWith("cellucid-wasm "));
  assert.ok(lines.length >= 5, "the README shows the commands");
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const host = await serve(folder);
  try {
    for (const line of lines) {
      const command = line.replace("https://host/", `${host.url}data/`);
      if (/^cellucid-wasm serve /.test(command)) {
        const found = await answers(`${command.replace(/#.*/, "")} --port 0 --no-browser`, env);
        assert.equal(found, 200, line);
        continue;
      }
      const out = execFileSync("bash", ["-c", command], {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
        maxBuffer: 1 << 26,
      });
      if (command.includes(" export ")) assert.ok(statSync(join(folder, "folder/obs_manifest.json")).size > 100, line);
      else if (command.includes(" --out genes"))
        assert.equal(statSync(join(folder, "genes/var/CD3E.values.f32")).size, CELLS * 4, line);
      else if (command.includes(" site ")) assert.ok(statSync(join(folder, "out/catalog.json")).size > 10, line);
      else if (command.includes(" verify ")) assert.equal(out.length, 0, line);
      else if (command.includes(" get ")) assert.equal(statSync(join(folder, "points.bin")).size, CELLS * 2 * 4, line);
      else if (command.includes(" cat ")) assert.equal(out.length % CELLS, 0, line);
      else assert.match(out.toString(), /5,000 cells/, line);
    }
  } finally {
    host.stop();
  }
});

/** The status that a server's first address answers with. @param {string} command @param {NodeJS.ProcessEnv} env */
async function answers(command, env) {
  const child = spawn("bash", ["-c", `exec ${command}`], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await new Promise((found, fail) => {
      child.stdout.on("data", (text) => found(String(text).trim()));
      child.on("exit", (code) => fail(new Error(`it ended with ${code}`)));
    });
    return (await fetch(`${url}data/data.h5ad`, { method: "HEAD" })).status;
  } finally {
    child.kill();
  }
}
