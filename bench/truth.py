"""What every system has to answer, and where the chunks lie: FILE.truth.json and FILE.chunks.json beside each data file.

    python truth.py FILE...

The values as stored are read by h5py or zarr-python, a block at a time; the files of an export come from the reference's own
adapter. Hashes are SHA-256 of little-endian bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zarr
from cellucid.anndata_adapter import AnnDataAdapter

#: What is drawn first, and the columns that are asked for afterwards: one, then twenty one by one, then twenty at once.
PLOT = {"points_2d": "obsm/X_umap", "points_3d": "obsm/X_umap_3d", "codes": "obs/cell_type/codes"}
#: What the manifest needs besides: the other columns of obs.
REST = ["obs/cluster/codes", "obs/n_counts", "obs/pct_mito", "obs/sample/codes"]
GENES = 41


def digest(values: Any) -> str:
    data = values if isinstance(values, bytes) else np.ascontiguousarray(values).tobytes()
    return hashlib.sha256(data).hexdigest()


def genes(count: int) -> list[int]:
    """Spread over all columns, neighbours never asked one after another."""
    step = max(1, count // GENES)
    return [(7 + (at * 17 % GENES) * step) % count for at in range(GENES)]


def columns(store: Any, wanted: list[int], cells: int) -> dict[int, np.ndarray]:
    """Columns of X, in blocks that fit into memory."""
    x = store["X"]
    out = {gene: np.zeros(cells, np.float32) for gene in wanted}
    if isinstance(x, h5py.Dataset | zarr.Array):
        for start in range(0, cells, 20_000):
            block: Any = x[start : start + 20_000]
            for gene in wanted:
                out[gene][start : start + len(block)] = block[:, gene]
        return out
    starts = x["indptr"][:]
    if x.attrs["encoding-type"] == "csc_matrix":
        for gene in wanted:
            span = slice(int(starts[gene]), int(starts[gene + 1]))
            out[gene][x["indices"][span]] = x["data"][span]
        return out
    for first in range(0, cells, 50_000):
        last = min(cells, first + 50_000)
        span = slice(int(starts[first]), int(starts[last]))
        indices, values = x["indices"][span], x["data"][span]
        rows = np.repeat(np.arange(first, last), np.diff(starts[first : last + 1]))
        for gene in wanted:
            hits = indices == gene
            out[gene][rows[hits]] = values[hits]
    return out


def opened(path: Path) -> Any:
    return zarr.open_group(str(path), mode="r") if path.suffix == ".zarr" else h5py.File(path)


def truth(path: Path) -> dict[str, Any]:
    store = opened(path)
    cells = store[PLOT["points_2d"]].shape[0]
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in store["var/_index"][:]]
    wanted = genes(len(names))
    stored = {name: digest(store[where][:]) for name, where in PLOT.items()}
    found = columns(store, wanted, cells)
    with AnnDataAdapter.from_file(str(path)) as adapter:
        codes, _, _ = adapter.get_obs_categorical_codes("cell_type")
        export = {
            "points_2d": digest(adapter.get_points_binary(2)),
            "points_3d": digest(adapter.get_points_binary(3)),
            "codes": digest(codes),
            "manifests": [manifest(adapter.get_obs_manifest()), manifest(adapter.get_var_manifest())],
        }
    return {
        "cells": cells,
        "values": int(store["X/data"].shape[0]) if "X/data" in store else cells * len(names),
        "genes": [{"index": gene, "name": names[gene], "hash": digest(found[gene])} for gene in wanted],
        "stored": stored,
        "rest": [digest(store[where][:]) for where in REST],
        "export": export,
        "needed": needed(store, wanted) if path.suffix == ".h5ad" else None,
    }


def manifest(document: dict[str, Any]) -> str:
    """Of the text that the reference's server sends."""
    return digest(json.dumps(document).encode())


def chunks(data: h5py.Dataset | zarr.Array[Any]) -> dict[str, Any]:
    """Address and size of each chunk in C order; one for what lies in one piece."""
    about: dict[str, Any] = {"shape": data.shape, "item": data.dtype.itemsize}
    if isinstance(data, zarr.Array):
        return {**about, "packed": packed(data), "chunk": data.chunks, "at": [], "files": files(data)}
    about["packed"] = "zlib" if data.compression == "gzip" else ""
    if data.chunks is None:
        return {**about, "chunk": data.shape, "at": [[data.id.get_offset(), data.id.get_storage_size()]]}
    grid = [-(-size // step) for size, step in zip(data.shape, data.chunks, strict=True)]
    at: list[list[int]] = [[0, 0]] * int(np.prod(grid))

    def note(chunk: h5py.h5d.StoreInfo) -> None:
        place = tuple(offset // step for offset, step in zip(chunk.chunk_offset, data.chunks, strict=True))
        at[int(np.ravel_multi_index(place, grid))] = [chunk.byte_offset, chunk.size]

    data.id.chunk_iter(note)
    return {**about, "chunk": data.chunks, "at": at}


def packed(data: zarr.Array[Any]) -> str:
    """What alone was done to each chunk."""
    names = [type(codec).__name__.lower() for codec in (*data.filters, *data.compressors)]
    if len(names) > 1:
        raise ValueError(f"{data.path}: {names}")
    return names[0].removesuffix("codec") if names else ""


def files(data: zarr.Array[Any]) -> list[str | None]:
    """The file of each chunk in C order, by its path in the store; none of one that has nothing but the fill value."""
    root = Path(str(data.store_path.store).removeprefix("file://"))
    grid = [-(-size // step) for size, step in zip(data.shape, data.chunks, strict=True)]
    paths = (f"{data.path}/{data.metadata.encode_chunk_key(place)}" for place in np.ndindex(*grid))
    return [path if (root / path).is_file() else None for path in paths]


def plans(store: Any) -> dict[str, Any]:
    x = store["X"]
    parts: dict[str, Any] = {name: chunks(store[where]) for name, where in PLOT.items()}
    parts["rest"] = [chunks(store[where]) for where in REST]
    if isinstance(x, h5py.Dataset | zarr.Array):
        return {**parts, "layout": "dense", "X": chunks(x)}
    layout = str(x.attrs["encoding-type"])[:3]
    return {**parts, "layout": layout, **{name: chunks(x[name]) for name in ("indptr", "indices", "data")}}


def needed(store: h5py.File, wanted: list[int]) -> dict[str, Any]:
    """Bytes, as stored, of the chunks that the plot lies in, and of those that one column does (the mean of all asked for)."""

    def size(data: h5py.Dataset, first: int = 0, last: int | None = None) -> int:
        about = chunks(data)
        if data.chunks is None:
            rows = (data.shape[0] if last is None else last) - first
            return rows * int(np.prod(data.shape[1:])) * data.dtype.itemsize
        step = data.chunks[0]
        span = about["at"] if last is None else about["at"][first // step : -(-last // step)]
        return sum(bytes_ for _, bytes_ in span)

    x = store["X"]
    plot = sum(size(store[where]) for where in PLOT.values())
    if isinstance(x, h5py.Dataset) and x.chunks is None:
        each = [x.shape[0] * x.dtype.itemsize]
    elif isinstance(x, h5py.Dataset):
        about = chunks(x)
        across = -(-x.shape[1] // x.chunks[1])
        each = [sum(bytes_ for _, bytes_ in about["at"][gene // x.chunks[1] :: across]) for gene in wanted]
    elif x.attrs["encoding-type"] == "csc_matrix":
        starts = x["indptr"][:]
        each = [sum(size(x[part], int(starts[gene]), int(starts[gene + 1])) for part in ("indices", "data")) for gene in wanted]
    else:
        each = [size(x["indices"]) + size(x["data"])]
    return {"plot": plot, "gene": round(sum(each) / len(each))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    for path in parser.parse_args().files:
        target = path.with_name(f"{path.name}.truth.json")
        if target.exists() and target.stat().st_mtime > max(path.stat().st_mtime, Path(__file__).stat().st_mtime):
            continue
        path.with_name(f"{path.name}.chunks.json").write_text(json.dumps(plans(opened(path))))
        target.write_text(json.dumps(truth(path), indent=1))
        print(target, flush=True)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
