"""What Python reads from a store: the other side of every comparison in the page's tests.

usage: truth.py STORE obs COLUMN | truth.py STORE var GENE | truth.py STORE shape | truth.py STORE chunk DATASET
       truth.py FOLDER zip FILE

Numbers as float32 in JSON (null for NaN), categories as labels by cell (null for missing).
"""

import json
import pathlib
import shutil
import sys
import warnings
import zipfile

import anndata
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")


def main(store: str, what: str, name: str = "") -> object:
    """Answer one question about a store."""
    if what == "chunk":
        import h5py

        with h5py.File(store) as file:
            first = file[name].id.get_chunk_info(0)
        return {"offset": first.byte_offset, "length": first.size}
    if what == "zip":
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        return shutil.make_archive(name.removesuffix(".zip"), "zip", store)
    if zipfile.is_zipfile(store):
        import zarr

        data = anndata.read_zarr(zarr.storage.ZipStore(store, mode="r"))
    else:
        data = anndata.read_zarr(store) if ".zarr" in store else anndata.read_h5ad(store)
    if what == "shape":
        genes, columns = list(data.var_names), list(data.obs.columns)
        return {"cells": data.n_obs, "genes": genes, "columns": columns, "obsm": list(data.obsm)}
    if what == "var":
        column = data.X[:, data.var_names.get_loc(name)]
        return numbers(np.asarray(column.todense() if hasattr(column, "todense") else column).ravel())
    column = data.obs[name]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return numbers(column.to_numpy(dtype="float64", na_value=np.nan))
    labels = [str(label) for label in column.cat.categories] if hasattr(column, "cat") else None
    return {"cells": [None if pd.isna(cell) else str(cell) for cell in column], "labels": labels}


def numbers(values: np.ndarray) -> list[float | None]:
    """As float32, which is what the page draws."""
    return [None if np.isnan(value) else float(value) for value in values.astype("float32")]


print(json.dumps(main(*sys.argv[1:])))
