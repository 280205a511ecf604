/**
 * The module's two parts: the first alone shows an .h5ad file of a host, the second comes when nobody waits, or with the first call that needs
 * it, and where it cannot be had, that call says so.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, test } from "node:test";
import { coloured, FIREFOX, launch, python, ROOT, text, until, values, visit } from "./browser.js";
import { choose } from "./shown.js";
import { site } from "./site.js";

const SECOND = "/app/pkg/cellucid_later.wasm";
const PLACE = "build/later";
/** The sample again, written with filters that few files have. */
const RARE = ["bzip2", "blosc2", "szip"];
const MAKE = `
import sys, h5py, hdf5plugin
how = {"bzip2": hdf5plugin.BZip2(), "blosc2": hdf5plugin.Blosc2("lz4"), "szip": {"compression": "szip", "compression_opts": ("nn", 8)}}[sys.argv[3]]
with h5py.File(sys.argv[1]) as old, h5py.File(sys.argv[2], "w") as new:
    new.attrs.update(old.attrs)
    def copy(name, item):
        if isinstance(item, h5py.Group):
            made = new.require_group(name)
        elif item.shape and item.dtype.kind in "iuf":
            made = new.create_dataset(name, data=item[()], chunks=item.chunks, **how)
        else:
            old.copy(item, new, name)
            return
        for key, value in item.attrs.items():
            made.attrs[key] = value
    old.visititems(copy)
`;

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  assert.ok(existsSync(resolve(ROOT, "build/oracle/fx/zarr")), "build/oracle is not there: ./check makes it");
  // A quick build has all in the first.
  assert.ok(
    statSync(resolve(ROOT, "pkg/cellucid_later.wasm")).size > 1000,
    "the module was not built by cargo xtask build --release",
  );
  mkdirSync(resolve(ROOT, PLACE), { recursive: true });
  for (const filter of RARE) {
    const made = resolve(ROOT, PLACE, `${filter}.h5ad`);
    const sample = resolve(ROOT, "www/sample/sample.h5ad");
    if (!existsSync(made)) execFileSync(resolve(ROOT, "build/venv/bin/python"), ["-c", MAKE, sample, made, filter]);
  }
  browser = await launch();
});
/** @type {Array<() => void>} */
const stops = [];
after(async () => {
  await browser?.close();
  for (const stop of stops) stop();
});

/** @typedef {import("playwright-core").Page} Page */

/** Compares the cells drawn with the file. @param {Page} page @param {string} store @param {"obs" | "var"} axis @param {string} key */
async function agree(page, store, axis, key) {
  const truth = python(resolve(ROOT, store), axis, key);
  assert.deepEqual(await values(page), Array.isArray(truth) ? truth : truth.cells);
}

/** @param {string} file from the repository @param {Parameters<typeof site>[0]} [pages] */
async function opened(file, pages = {}) {
  const host = await site({ ...pages, "/data/": { folder: "." } });
  stops.push(host.stop);
  const visited = await visit(browser, `${host.url}app/?url=${encodeURIComponent(`/data/${file}`)}`);
  const brought = () => host.asked.filter((line) => line.endsWith(SECOND)).length;
  return { ...visited, brought };
}

test("an .h5ad file of a host is shown without the second part", async () => {
  const { page, errors, brought } = await opened("www/sample/sample.h5ad", { [SECOND]: 404 });
  await coloured(page, "cell_type");
  await agree(page, "www/sample/sample.h5ad", "obs", "cell_type");
  for (const key of ["n_counts", "is_doublet", "donor_age"]) {
    await choose(page, key);
    await agree(page, "www/sample/sample.h5ad", "obs", key);
  }
  const { genes } = python(resolve(ROOT, "www/sample/sample.h5ad"), "shape");
  await choose(page, genes[3]);
  await agree(page, "www/sample/sample.h5ad", "var", genes[3]);
  // It is asked for when nobody waits, in vain, which troubles nobody.
  const end = Date.now() + 30_000;
  while (!brought()) {
    assert.ok(Date.now() < end, "the second part is asked for");
    await page.waitForTimeout(50);
  }
  assert.equal(await page.locator("#trouble article").count(), 0);
  assert.deepEqual(
    errors.filter((error) => !/404|catalog\.json/.test(error)),
    [],
  );
  await page.context().close();
});

for (const file of [
  ...RARE.map((filter) => `${PLACE}/${filter}.h5ad`),
  ...["v2_bz2", "v2_lzma", "v2_blosc_zstd_bit", "v3_zstd", "v3_sharded_end"].map(
    (kind) => `build/oracle/fx/zarr/zarr_${kind}.zarr`,
  ),
]) {
  test(`${file}: what reads it comes with the second part`, async () => {
    const { page, errors, brought } = await opened(file);
    const drawn = async () => {
      const { store } = await import(new URL("main.js", document.baseURI).href);
      const { colour, trouble, busy } = store.state;
      if (trouble) throw new Error(`${trouble.fault.code}: ${trouble.fault.message}`);
      return Boolean(colour) && busy.length === 0;
    };
    await until(page, drawn, null, "something is drawn");
    const key = await page.evaluate(
      async () => (await import(new URL("main.js", document.baseURI).href)).store.state.colour.field.key,
    );
    // Python would need plugins for the same values.
    await agree(page, file.startsWith(PLACE) ? "www/sample/sample.h5ad" : file, "obs", key);
    // Twice where it was on its way when a call needed it, which cannot wait for that; in Firefox the page's Service Worker keeps it besides.
    assert.ok(brought() >= 1 && brought() <= (FIREFOX ? 3 : 2), `${brought()} times`);
    assert.deepEqual(
      errors.filter((error) => !/404/.test(error)),
      [],
    );
    await page.context().close();
  });
}

for (const [file, status] of /** @type {const} */ ([
  ["build/oracle/fx/zarr/zarr_v2_bz2.zarr", 404],
  [`${PLACE}/bzip2.h5ad`, 404],
  [`${PLACE}/bzip2.h5ad`, 503],
])) {
  test(`${file}: where the second part is answered ${status}, the page says what is missing`, async () => {
    const { page } = await opened(file, { [SECOND]: status });
    const card = page.locator("#trouble article");
    await card.waitFor({ timeout: 30_000 });
    const all = await text(card);
    assert.equal(await card.getAttribute("data-code"), "source", all);
    assert.match(
      await text(card.locator(".message")),
      new RegExp(`second part of the reader did not load: the host answered ${status}`),
    );
    assert.match(all, /cellucid_later\.wasm/);
    assert.match(await text(card.locator(".advice")), /beside cellucid\.js/);
    await page.context().close();
  });
}
