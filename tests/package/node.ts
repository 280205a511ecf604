/** The same in Node, where there is no page. */
import { CellucidError, openDataset, Router, type Stats } from "cellucid-wasm";

const dataset = await openDataset("data.h5ad", { root: "mod/rna" });
const { requests, bytes_read }: Stats = await dataset.stats();
const paths: string[] = await dataset.paths();
const router = new Router();
await router.add(dataset);
console.log(requests + bytes_read, paths, router.knows("/points_2d.bin"), CellucidError.name);
