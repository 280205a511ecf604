"""Makes columns.h5ad, in which the matrix lies by column, as anndata writes it by default: python columns.py OUT.h5ad."""

import sys

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

CELLS, GENES = 400, 60

random = np.random.default_rng(0)
obs = pd.DataFrame(
    {
        "cluster": pd.Categorical(random.choice(list("abc"), CELLS)),
        "n_counts": random.integers(0, 999, CELLS),
        "score": random.normal(size=CELLS),
        "doublet": random.random(CELLS) < 0.1,
        "note": np.array([f"s{i % 40}" for i in range(CELLS)], dtype=object),
    },
    index=[f"c{i}" for i in range(CELLS)],
)
adata = ad.AnnData(
    sp.random(CELLS, GENES, 0.2, format="csc", dtype=np.float32, random_state=1),
    obs,
    pd.DataFrame(index=[f"g{i}" for i in range(GENES)]),
    obsm={
        "X_umap": random.normal(size=(CELLS, 2)),
        "X_umap_3d": random.normal(size=(CELLS, 3)).astype("f4"),
        "X_pca": random.normal(size=(CELLS, 10)).astype("f4"),
    },
)
adata.write_h5ad(sys.argv[1], compression="gzip")
