"""Writes large synthetic AnnData files for measuring, as anndata writes them by default.

    python make_data.py OUT_DIR [--cells 100000] [--genes 2000] [--density 0.06] [--layouts csc,csr] [--compression gzip,none]

Each file is OUT_DIR/{cells}x{genes}_{layout}_{compression}.h5ad: clustered 2D and 3D embeddings, 50 principal
components, three categorical and two numeric columns, float32 values, 32-bit indices. Deterministic.
"""

from __future__ import annotations

import argparse
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


def dataset(cells: int, genes: int, density: float, seed: int = 7) -> ad.AnnData:
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
    data.obsm["X_pca"] = rng.normal(0, 1, (cells, 50)).astype(np.float32)
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--density", type=float, default=0.06)
    parser.add_argument("--layouts", default="csc,csr")
    parser.add_argument("--compression", default="gzip,none")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    data = dataset(args.cells, args.genes, args.density)
    for layout in args.layouts.split(","):
        data.X = data.X.tocsc() if layout == "csc" else data.X.tocsr()
        for compression in args.compression.split(","):
            path = args.out / f"{args.cells}x{args.genes}_{layout}_{compression}.h5ad"
            if not path.exists():
                data.write_h5ad(path, compression=None if compression == "none" else compression)
            print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
