/** What TypeScript makes of the package in a page's program: every export, with the types that are promised. */
import {
  type ByteSource,
  CellucidError,
  type Code,
  createDataSource,
  type Dataset,
  type Description,
  download,
  installFetchShim,
  type KeyedSource,
  openDataset,
  Router,
  share,
} from "cellucid-wasm";
import init, { Dataset as Module } from "cellucid-wasm/module";

const bytes: ByteSource = { size: 3, read: (start, end) => new Uint8Array(end - start) };
const keys: KeyedSource = { get: async () => undefined, list: () => ["obs/"] };

export async function use(file: File, folder: FileSystemDirectoryHandle): Promise<number> {
  const dataset: Dataset = await openDataset(file, { profile: "strict", signal: AbortSignal.timeout(1000) });
  for (const from of [folder, bytes, keys, "s3://bucket/x.h5ad", new URL("https://host/x"), [file], new Uint8Array(1)]) {
    (await openDataset(from, { headers: { Authorization: "x" }, renew: async (address) => `${address}?fresh` })).close();
  }
  const { n_obs, obs }: Description = dataset.describe();
  const points: Uint8Array<ArrayBuffer> = await dataset.read("points_2d.bin", { progress: ({ bytes }) => bytes });
  const many: Uint8Array[] = await dataset.readMany(["points_2d.bin", "points_3d.bin"]);
  const uns = await dataset.look("uns");
  if (uns.kind === "group") console.log(uns.children?.length, uns.attrs["encoding-type"]);
  const box = await dataset.array("obsm/X_umap", { select: [[0, 10], null] });
  if (box.values instanceof Float32Array) console.log(box.shape.length, box.values.length);
  const numbers = new Float32Array(points.buffer);
  try {
    await dataset.read("nothing");
  } catch (error) {
    if (error instanceof CellucidError) {
      const code: Code = error.code;
      console.log(code, error.advice, error.file, error.offset?.toFixed());
    }
  }
  const shelf = await share({ worker: "app/service-worker.js", router: new Router() });
  await shelf.add(dataset);
  shelf.router.endpoint.admit("id", "token", { event: ({ type }) => console.log(type) }, true);
  const source = await createDataSource(dataset);
  const remove: () => void = await installFetchShim(dataset, "https://data.invalid/");
  remove();
  await openDataset(await download("https://host/x.h5ad", { limit: 1e6 }), { engine: () => new Worker("engine.js") });
  await init();
  (await Module.open(file)).close();
  // @ts-expect-error: no such option
  await openDataset(file, { profil: "strict" });
  // @ts-expect-error: no such profile
  await openDataset(file, { profile: "loose" });
  // @ts-expect-error: nothing that can be opened
  await openDataset(7);
  return n_obs + obs.length + numbers.length + many.length + source.getBaseUrl("x").length;
}
