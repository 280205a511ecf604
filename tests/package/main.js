/** What a user's program does with the package; the same in each project. The page's address says where data are. */
import { CellucidError, openDataset } from "cellucid-wasm";

const places = new URLSearchParams(location.search);
const at = (/** @type {string} */ name) => String(places.get(name));

async function main() {
  let told = 0;
  /** @param {{ bytes: number }} progress */
  const progress = ({ bytes }) => {
    told += bytes;
  };
  const dataset = await openDataset(new URL(at("h5ad"), location.href), { progress });
  const points = await dataset.read("points_2d.bin");
  const [both] = await dataset.readMany(["points_3d.bin", "points_2d.bin"]);
  const cells = await dataset.look("obs/cell_type");
  const part = await dataset.array("obsm/X_umap", {
    select: [
      [10, 20],
      [1, 2],
    ],
  });
  const missing = await dataset.read("obs/none.values.f32").catch((error) => error);

  // Sources of the page's own, read by it while the worker waits.
  const whole = new Uint8Array(await (await fetch(at("h5ad"))).arrayBuffer());
  const own = await openDataset({ name: "own.h5ad", size: whole.length, read: (start, end) => whole.slice(start, end) });
  const keyed = await openDataset({
    name: "own.zarr",
    async get(key, part, signal) {
      const reply = await fetch(`${at("zarr")}/${key}`, { signal });
      if (!reply.ok) return undefined;
      const bytes = new Uint8Array(await reply.arrayBuffer());
      return part ? ("last" in part ? bytes.slice(-part.last) : bytes.slice(part.start, part.end)) : bytes;
    },
  });

  // A signature that runs out while the file is read.
  let signatures = 0;
  const renewing = await openDataset(at("signed"), {
    renew(old) {
      const fresh = new URL(old);
      fresh.searchParams.set("sig", String(++signatures));
      return fresh;
    },
  });
  const renewed = await renewing.read("points_2d.bin");

  const abort = new AbortController();
  const reading = dataset.read("var/CD3E.values.f32", { signal: abort.signal });
  abort.abort();
  const cancelled = await reading.catch(({ code }) => code);
  const { bytes_read } = await dataset.stats();
  const paths = await dataset.paths();
  dataset.close();
  const closed = await dataset.read("points_2d.bin").catch((error) => error instanceof CellucidError);
  return {
    cells: dataset.describe().n_obs,
    points: points.length,
    many: both.length,
    stored: [cells.kind === "group" && cells.children?.join(), part.shape.join(), part.values.length],
    paths: paths.includes("var/CD3E.values.f32"),
    told: told > 0,
    read: bytes_read > 40_000,
    missing: [missing.name, missing.code, missing instanceof CellucidError],
    own: [own.describe().n_obs, (await own.read("points_2d.bin")).length],
    store: [keyed.describe().n_obs, (await keyed.read("obs/cell_type.codes.u8")).length],
    renewed: [renewed.length, signatures > 0],
    cancelled,
    closed,
  };
}

main()
  .catch((error) => ({ error: String(error.stack), code: error.code }))
  .then((result) => Object.assign(globalThis, { result }));
