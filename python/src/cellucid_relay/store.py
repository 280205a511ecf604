"""An AnnData in memory as a temporary file, laid out the way it will be read: gene after gene, lightly packed.

Only what the viewer can show is written: X, obs, var, obsm, the neighbour graph. Where the system allows it, the file has no name
any more by the time it is read, so that it is gone with the kernel, however that ends.
"""

from __future__ import annotations

import errno
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .files import File

if TYPE_CHECKING:
    import anndata

#: Numbers in a chunk: small enough that one gene costs little more than its own bytes.
CHUNK = 1 << 16
#: Numbers written at a time.
BLOCK = 1 << 22
#: LZF with shuffling: a fifth of the time of the lightest gzip, for about the same size.
PACKING = {"compression": "lzf", "shuffle": True}

logger = logging.getLogger("cellucid_relay")


def write(adata: anndata.AnnData, *, progress: bool = True) -> File:
    """The file, open for reading; closing it removes it."""
    folder = Path(tempfile.mkdtemp(prefix="cellucid-"))
    path = folder / "anndata.h5ad"
    try:
        with _Bar(progress) as bar:
            _write(adata, path, bar)
        file = File(path, remove=True)
    except OSError as error:
        _remove(path)
        if error.errno == errno.ENOSPC:
            raise OSError(error.errno, f"no room for the data in {folder.parent}: set TMPDIR to a larger disk") from error
        raise
    except BaseException:
        _remove(path)
        raise
    try:
        # It stays readable through the open handle.
        _remove(path)
    except OSError:  # Windows keeps open files
        logger.debug("%s is removed when the viewer stops", path)
    return file


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()


def _write(adata: anndata.AnnData, path: Path, bar: _Bar) -> None:
    import h5py

    if adata.is_view and adata.isbacked:
        adata = adata.to_memory()
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        for name, frame in (("obs", adata.obs), ("var", adata.var)):
            _element(file, name, _tidy(frame))
        obsm = file.create_group("obsm")
        obsm.attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
        for key, value in adata.obsm.items():
            _entry(obsm, key, value, bar)
        graph = adata.obsp.get("connectivities")
        if graph is not None:
            obsp = file.create_group("obsp")
            obsp.attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
            _entry(obsp, "connectivities", graph, bar)
        colours = {key: np.asarray(value).astype(str) for key, value in adata.uns.items() if str(key).endswith("_colors")}
        if colours:
            _element(file, "uns", colours)
        if adata.isbacked and adata.file.is_open and isinstance(adata.file._file, h5py.File):
            # As it lies in its own file, without unpacking it.
            if "X" in adata.file._file:
                adata.file._file.copy("X", file)
        elif adata.X is not None:
            _entry(file, "X", adata.X, bar, by_column=True)


def _tidy(frame: Any) -> Any:
    """A data frame that can be written: a column of mixed objects, or of text with gaps, becomes one of labels."""
    import pandas as pd

    frame = frame.copy(deep=False)
    for column in frame.columns:
        values = frame[column]
        if values.dtype == object and len(values) and pd.api.types.infer_dtype(values, skipna=False) != "string":
            frame[column] = pd.Categorical(values.map(str, na_action="ignore"))
    # Names have to be text, and the index must not bear the name of another column.
    frame.columns = frame.columns.map(str)
    frame.index = frame.index.map(str)
    if frame.index.name in frame.columns:
        frame.index.name = None
    return frame


def _entry(group: Any, key: str, value: Any, bar: _Bar, *, by_column: bool = False) -> None:
    """A matrix; one that cannot be written is left out with a warning, like any other thing the viewer cannot show."""
    import scipy.sparse as sparse

    if hasattr(value, "compute"):  # dask
        value = value.compute()
    if hasattr(value, "to_memory"):  # sparse and backed
        value = value.to_memory()
    if sparse.issparse(value) or isinstance(value, sparse.sparray):
        _sparse(group, key, value.tocsc() if by_column else value.tocsr(), bar)
        return
    if hasattr(value, "columns"):  # a data frame
        _element(group, key, _tidy(value))
        return
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.ndim < 1:
        logger.warning("%s/%s is not shown: an array of %s", group.name.rstrip("/"), key, array.dtype)
        return
    _dense(group, key, array, bar, by_column=by_column)


def _sparse(group: Any, key: str, matrix: Any, bar: _Bar) -> None:
    made = group.create_group(key)
    form = f"{matrix.format}_matrix"
    made.attrs.update({"encoding-type": form, "encoding-version": "0.1.0", "shape": np.asarray(matrix.shape, np.int64)})
    if not matrix.has_sorted_indices:
        matrix = matrix.sorted_indices()
    for name in ("indptr", "indices", "data"):
        _dense(made, name, getattr(matrix, name), bar)


def _dense(group: Any, key: str, array: Any, bar: _Bar, *, by_column: bool = False) -> None:
    settings: dict[str, Any] = dict(PACKING)
    if array.size == 0:
        settings = {}
    elif by_column and array.ndim == 2:
        rows = min(array.shape[0], CHUNK)
        settings["chunks"] = (rows, max(1, min(array.shape[1], CHUNK // rows)))
    else:
        rest = int(np.prod(array.shape[1:], dtype=np.int64)) or 1
        settings["chunks"] = (max(1, min(array.shape[0], CHUNK // rest)), *array.shape[1:])
    made = group.create_dataset(key, shape=array.shape, dtype=array.dtype, **settings)
    made.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    for part in _blocks(array.shape, settings.get("chunks"), by_column=by_column):
        made[part] = array[part]
        bar.add(array[part].nbytes)


def _blocks(shape: tuple[int, ...], chunks: tuple[int, ...] | None, *, by_column: bool) -> Iterator[tuple[slice, ...]]:
    """Whole chunks at a time, along the axis in which they lie one after the other."""
    if not chunks:
        return
    axis = 1 if by_column and len(shape) == 2 else 0
    other = max(1, int(np.prod(shape, dtype=np.int64)) // shape[axis])
    step = max(chunks[axis], BLOCK // other // chunks[axis] * chunks[axis])
    for start in range(0, shape[axis], step):
        yield (slice(None),) * axis + (slice(start, start + step),)


def _element(group: Any, key: str, value: Any) -> None:
    try:
        from anndata.io import write_elem
    except ImportError:  # before 0.11
        from anndata.experimental import write_elem

    write_elem(group, key, value)


class _Bar:
    """Bytes written, shown when it takes longer than a moment and tqdm is installed."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        if self._wanted:
            try:
                # In a notebook a bar of its own kind, which leaves nothing behind.
                from tqdm.auto import tqdm
            except ImportError:
                return self
            self._bar = tqdm(desc="Preparing the data for the viewer", unit="B", unit_scale=True, delay=0.5, leave=False)
        return self

    def add(self, size: int) -> None:
        if self._bar is not None:
            self._bar.update(size)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
