"""Writes large synthetic AnnData files for measuring, as anndata writes them by default.

    python make_data.py OUT_DIR [--cells 100000] [--genes 2000] [--density 0.06] [--layouts csc,csr,dense]
        [--compression gzip,none,lzf] [--zarr 2,3] [--components 50]

Each file is OUT_DIR/{cells}x{genes}_{layout}_{compression}.h5ad or OUT_DIR/{cells}x{genes}_{layout}_v{format}.zarr:
clustered 2D and 3D embeddings, 50 principal components, three categorical and two numeric columns, float32 values,
32-bit indices. Deterministic; what is there already is left alone.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp


def matrix(cells: int, genes: int, density: float, rng: np.random.Generator) -> sp.csr_matrix:
    """Log-normalised counts: few genes in many cells, many in few."""
    weights = rng.gamma(0.7, 1.0, genes)
    chance = np.minimum(weights / weights.mean() * density, 0.95)
    blocks = []
    for start in range(0, cells, 10_000):
        rows = min(10_000, cells - start)
        mask = rng.random((rows, genes), dtype=np.float32) < chance
        block = sp.csr_matrix(mask, dtype=np.float32)
        depth = np.repeat(rng.uniform(0.5, 2.0, rows), np.diff(block.indptr))
        block.data = np.log1p(rng.geometric(0.4, block.nnz) * depth).astype(np.float32)
        blocks.append(block)
    return sp.vstack(blocks, format="csr")


def dataset(cells: int, genes: int, density: float, components: int = 50, seed: int = 7) -> ad.AnnData:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 20, cells)
    centre = rng.normal(0, 8, (20, 3))
    space = (centre[kind] + rng.normal(0, 1, (cells, 3))).astype(np.float32)
    obs = pd.DataFrame(index=[f"cell_{i:07d}" for i in range(cells)])
    obs["cell_type"] = pd.Categorical.from_codes(kind, [f"type {i}" for i in range(20)])
    obs["sample"] = pd.Categorical.from_codes(rng.integers(0, 8, cells), [f"S{i}" for i in range(8)])
    obs["cluster"] = pd.Categorical.from_codes(rng.integers(0, 300, cells), [str(i) for i in range(300)])
    obs["n_counts"] = rng.gamma(5, 900, cells)
    obs["pct_mito"] = rng.beta(2, 30, cells).astype(np.float32)
    var = pd.DataFrame(index=[f"Gene{i:05d}" for i in range(genes)])
    data = ad.AnnData(X=matrix(cells, genes, density, rng), obs=obs, var=var)
    data.obsm["X_umap"] = np.ascontiguousarray(space[:, :2])
    data.obsm["X_umap_3d"] = space
    if components:
        data.obsm["X_pca"] = rng.normal(0, 1, (cells, components)).astype(np.float32)
    return data


def write(data: ad.AnnData, path: Path, compression: str | None = None) -> None:
    """Aside first, so that what is there is whole."""
    aside = path.with_name(f"new.{path.name}")
    shutil.rmtree(aside, ignore_errors=True)
    if path.suffix == ".zarr":
        data.write_zarr(aside)
    else:
        data.write_h5ad(aside, compression=compression)
    aside.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--density", type=float, default=0.06)
    parser.add_argument("--layouts", default="csc,csr")
    parser.add_argument("--compression", default="gzip,none")
    parser.add_argument("--zarr", default="", help="formats of Zarr, 2 or 3 or both")
    parser.add_argument("--components", type=int, default=50, help="principal components; 0 for none")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    stores = [f"{name}.h5ad" for name in args.compression.split(",") if name]
    stores += [f"v{number}.zarr" for number in args.zarr.split(",") if number]
    layouts = {
        layout: [args.out / f"{args.cells}x{args.genes}_{layout}_{store}" for store in stores]
        for layout in args.layouts.split(",")
    }
    if all(path.exists() for paths in layouts.values() for path in paths):
        return
    data = dataset(args.cells, args.genes, args.density, args.components)
    rows = data.X
    for layout, paths in layouts.items():
        data.X = {"csr": lambda: rows, "csc": rows.tocsc, "dense": rows.toarray}[layout]()
        for path, store in zip(paths, stores, strict=True):
            if path.exists():
                continue
            stem = store.split(".")[0]
            if path.suffix == ".zarr":
                ad.settings.zarr_write_format = int(stem[1:])
            write(data, path, None if stem == "none" else stem)
            print(path, flush=True)


if __name__ == "__main__":
    main()
