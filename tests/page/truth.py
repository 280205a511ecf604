"""What Python reads from a store: the other side of every comparison in the page's tests.

usage: truth.py STORE obs COLUMN | truth.py STORE var GENE | truth.py STORE shape | truth.py STORE chunk DATASET
       truth.py FOLDER zip FILE
       truth.py STORE inside JSON: cells whose place on the screen lies in an outline
       truth.py STORE near JSON: cells nearest to one along the neighbour graph
       truth.py STORE uns KEY | truth.py STORE names | truth.py STORE spread JSON | truth.py STORE ranks JSON
       truth.py STORE layer JSON | truth.py STORE obsm JSON: the first columns of an entry
       truth.py STORE crossed JSON: cells of each pair of categories
       truth.py STORE against JSON: how two fields go together, and the cells within ranges of both, or an outline between their ends

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
    if what in QUESTIONS:
        return QUESTIONS[what](data, json.loads(name) if name.startswith("{") else name)
    if what == "var":
        return numbers(column(data, name))
    field = data.obs[name]
    if pd.api.types.is_numeric_dtype(field) and not pd.api.types.is_bool_dtype(field):
        return numbers(field.to_numpy(dtype="float64", na_value=np.nan))
    labels = [str(label) for label in field.cat.categories] if hasattr(field, "cat") else None
    return {"cells": [None if pd.isna(cell) else str(cell) for cell in field], "labels": labels}


def inside(data: anndata.AnnData, asked: dict) -> list[int]:
    """Projects each cell as the page's matrix says, and tests it against every edge of the outline (even-odd)."""
    places = data.obsm[asked["key"]].astype("float32")
    low, high = places.min(axis=0), places.max(axis=0)
    places = ((places - (low + high) / 2) * np.float32(2.0 / float((high - low).max()))).astype("float64")
    full = np.ones((len(places), 4))
    full[:, 2] = 0
    full[:, : places.shape[1]] = places
    clip = full @ np.array(asked["matrix"], dtype="float64").reshape(4, 4)
    x = (clip[:, 0] / clip[:, 3] + 1) * asked["width"] / 2
    y = (1 - clip[:, 1] / clip[:, 3]) * asked["height"] / 2
    on_screen = (clip[:, 3] > 0) & (x >= 0) & (y >= 0) & (x < asked["width"]) & (y < asked["height"])
    return [int(cell) for cell in np.flatnonzero(within(asked["outline"], x, y) & on_screen)]


def within(corners: list, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie in an outline: on an odd side of its edges."""
    odd = np.zeros(len(x), dtype=bool)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        crosses = (y1 > y) != (y2 > y)
        if y1 != y2:
            odd ^= crosses & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return odd


def near(data: anndata.AnnData, asked: dict) -> list[int]:
    """Breadth first, each ring by row number, until there are enough."""
    graph = data.obsp["connectivities"].tocsr()
    graph = graph + graph.T
    seen, found, ring = {asked["cell"]}, [], [asked["cell"]]
    rings = asked.get("rings", len(data))
    while ring and len(found) < asked["most"] and rings >= 0:
        rings -= 1
        found += ring[: asked["most"] - len(found)]
        others = {int(other) for cell in ring for other in graph.indices[graph.indptr[cell] : graph.indptr[cell + 1]]}
        ring = sorted(others - seen)
        seen |= others
    return sorted(found)


def column(data: anndata.AnnData, gene: str) -> np.ndarray:
    """A gene's values."""
    values = data.X[:, data.var_names.get_loc(gene)]
    return np.asarray(values.todense() if hasattr(values, "todense") else values).ravel()


def spread(data: anndata.AnnData, asked: dict) -> list[list]:
    """Of a gene in each category: cells, mean, median, share that is not zero."""
    frame = pd.DataFrame({"value": column(data, asked["gene"]), "by": data.obs[asked["by"]].to_numpy()})
    groups = [(label, frame["value"][frame["by"] == label]) for label in data.obs[asked["by"]].cat.categories]
    return [[str(label), len(v), float(v.mean()), float(v.median()), float((v != 0).mean())] for label, v in groups]


def ranks(data: anndata.AnnData, asked: dict) -> list[list]:
    """Each gene of one category against all other cells: the test's statistic, best first."""
    from scipy.stats import mannwhitneyu, rankdata, tiecorrect

    own = (data.obs[asked["by"]] == asked["label"]).to_numpy()
    n, m = int(own.sum()), int((~own).sum())
    rows = []
    for gene in data.var_names:
        values = column(data, gene)
        u = float(mannwhitneyu(values[own], values[~own], use_continuity=False, method="asymptotic").statistic)
        # The chance itself is too small for a number of this size.
        spread = np.sqrt(n * m * (n + m + 1) / 12 * tiecorrect(rankdata(values)))
        z = (u - n * m / 2) / spread if spread > 0 else 0.0
        rows.append([str(gene), float(z), u / (n * m), float(values[own].mean())])
    return sorted(rows, key=lambda row: -row[1])


def score(data: anndata.AnnData, asked: dict) -> list[float]:
    """Mean of the genes' z-scores."""
    genes = np.array([column(data, gene) for gene in asked["genes"]], dtype="float64")
    return [float(x) for x in ((genes - genes.mean(axis=1, keepdims=True)) / genes.std(axis=1, keepdims=True)).mean(axis=0)]


def outliers(data: anndata.AnnData, asked: dict) -> list[int]:
    """Cells beyond a share of their group, by distance from the group's mean in PCA space."""
    places, groups = data.obsm["X_pca"].astype("float32"), data.obs[asked["by"]].to_numpy()
    found = []
    for label in set(groups):
        rows = np.flatnonzero(groups == label)
        if len(rows) < 10:
            continue
        away = np.linalg.norm(places[rows] - places[rows].mean(axis=0), axis=1)
        share = np.array([(away <= own).sum() for own in away]) / np.float32(len(rows))
        found += [int(row) for row in rows[share.astype("float32") > np.float64(asked["most"])]]
    return sorted(found)


def against(data: anndata.AnnData, asked: dict) -> dict:
    """Correlations of two columns or genes, how many cells are zero where, and which lie in ranges or in an outline of shares of the axes."""
    from scipy.stats import pearsonr, spearmanr

    x, y = (
        (data.obs[key].to_numpy(dtype="float64", na_value=np.nan) if key in data.obs else column(data, key))
        .astype("float32")
        .astype("float64")
        for key in asked["fields"]
    )
    seen = ~np.isnan(x) & ~np.isnan(y)
    if "label" in asked:
        seen &= (data.obs[asked["by"]] == asked["label"]).to_numpy()
    if asked.get("without"):
        seen &= (x != 0) & (y != 0)
    logs = [np.log1p(v) if log else v for v, log in zip((x, y), asked.get("log", [False, False]), strict=True)]
    told = {
        "cells": int(seen.sum()),
        "pearson": float(pearsonr(logs[0][seen], logs[1][seen])[0]),
        "spearman": float(spearmanr(x[seen], y[seen])[0]),
        "zeros": [int((seen & ((x == 0) == a) & ((y == 0) == b)).sum()) for a in (False, True) for b in (False, True)],
        "ends": [[float(np.nanmin(v)), float(np.nanmax(v))] for v in (x, y)],
    }
    if "ranges" in asked:
        (left, right), (low, high) = asked["ranges"]
        told["inside"] = [int(c) for c in np.flatnonzero(seen & (x >= left) & (x <= right) & (y >= low) & (y <= high))]
    if "outline" in asked:
        shares = [(v - np.nanmin(v)) / (np.nanmax(v) - np.nanmin(v)) for v in logs]
        told["inside"] = [int(c) for c in np.flatnonzero(seen & within(asked["outline"], *shares))]
    return told


QUESTIONS = {
    "against": against,
    "score": score,
    "outliers": outliers,
    "fields": lambda data, _: [
        key.removesuffix("_2d") for key in data.obsm if key.endswith("_umap_2d") or key == "velocity_umap"
    ],
    "inside": inside,
    "near": near,
    "spread": spread,
    "crossed": lambda data, asked: pd.crosstab(data.obs[asked["rows"]], data.obs[asked["columns"]]).to_dict("split"),
    "obsm": lambda data, asked: data.obsm[asked["key"]][:, : asked["columns"]].tolist(),
    "ranks": ranks,
    "layer": lambda data, asked: [float(x) for x in data.layers[asked["layer"]][:, data.var_names.get_loc(asked["gene"])]],
    "uns": lambda data, key: [str(value) for value in data.uns[key]],
    "names": lambda data, _: list(data.obs_names),
}


def numbers(values: np.ndarray) -> list[float | None]:
    """As float32, which is what the page draws."""
    return [None if np.isnan(value) else float(value) for value in values.astype("float32")]


print(json.dumps(main(*sys.argv[1:])))
