/** Files all of whose objects lie beyond 4 GiB, read by need in the browser: by HTTP and from a local file. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { ROOT, visit } from "./browser.js";
import { stage } from "./shown.js";

const FOLDER = resolve(ROOT, "build/hdf5/far");
const PATHS = ["points_2d.bin", "var_manifest.json", "obs_manifest.json", "obs/cluster.codes.u8", "obs/score.values.f32"];

const here = stage(FOLDER);
for (const libver of ["earliest", "latest"]) {
  test(`objects beyond 4 GiB (${libver})`, { timeout: 120_000 }, async () => {
    const far = `far_${libver}.h5ad`;
    assert.ok(statSync(resolve(FOLDER, far)).size > 5 * 2 ** 30, "./check hdf5 makes it");
    const { page } = await visit(here.browser, here.server.url);
    await page.evaluate(() => {
      const input = Object.assign(document.createElement("input"), { type: "file", id: "far" });
      document.body.append(input);
    });
    await page.setInputFiles("#far", resolve(FOLDER, far));
    const read = await page.evaluate(
      async ({ near, far, paths }) => {
        const { default: init, Dataset } = await import(new URL("/pkg/cellucid.js", location.href).href);
        await init();
        const input = /** @type {HTMLInputElement} */ (document.querySelector("#far"));
        const found = [];
        for (const source of [new URL(near, location.href), new URL(far, location.href), input.files?.[0]]) {
          const dataset = await Dataset.open(source);
          const files = [];
          for (const path of paths) {
            files.push(await dataset.read(path).then((/** @type {Uint8Array} */ bytes) => Array.from(bytes), String));
          }
          found.push({ files, bytes: dataset.stats().bytes_read });
          dataset.close();
        }
        return found;
      },
      { near: `/data/near_${libver}.h5ad`, far: `/data/${far}`, paths: PATHS },
    );
    const [near, byHttp, fromFile] = /** @type {[any, any, any]} */ (read);
    assert.equal(near.files[0].length, 300 * 2 * 4);
    assert.equal(near.files[3].length, 300);
    assert.deepEqual(byHttp.files, near.files);
    assert.deepEqual(fromFile.files, near.files);
    for (const { bytes } of read) assert.ok(bytes < 2e6, `${bytes} bytes were read`);
    await page.close();
  });
}
