"""An AnnData in memory as a temporary store: the same data, laid out for reading, gone at the end."""

from __future__ import annotations

import errno
import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
from cellucid_relay import AnnDataViewer, store
from conftest import SAMPLE


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def matrix(kind: str, rng: np.random.Generator) -> Any:
    made = sparse.random(300, 40, 0.2, "csr", np.float32, random_state=4)
    return {
        "csr": made,
        "csc": made.tocsc(),
        "array": sparse.csr_array(made),
        "dense": made.toarray(),
        "fortran": np.asfortranarray(made.toarray()),
        "int": (made.toarray() * 9).astype(np.int64),
        "empty": sparse.csr_matrix((300, 40), dtype=np.float32),
        "none": None,
    }[kind]


def data(X: Any, rng: np.random.Generator) -> anndata.AnnData:
    obs = pd.DataFrame(
        {
            "number": rng.normal(size=300),
            "whole": rng.integers(0, 9, 300),
            "flag": rng.random(300) > 0.5,
            "text": [f"t{n}" for n in range(300)],
            "group": pd.Categorical([["a", "b", None][n % 3] for n in range(300)], ["b", "a"]),
            "nullable": pd.array([None if n % 5 == 0 else n for n in range(300)], "Int64"),
            "mixed": [n if n % 2 else f"s{n}" for n in range(300)],
            "gaps": [f"g{n % 4}" if n % 7 else None for n in range(300)],
            "nothing": [None] * 300,
        },
        [f"cell {n}" for n in range(300)],
    )
    made = anndata.AnnData(X, obs, pd.DataFrame({"name": [f"n{n}" for n in range(40)]}, [f"gene {n}" for n in range(40)]))
    made.obsm["X_umap"] = rng.normal(size=(300, 2)).astype(np.float32)
    made.obsm["frame"] = pd.DataFrame({"x": range(300), "y": range(300)}, made.obs_names)
    made.obsm["sparse"] = sparse.random(300, 3, 0.5, "csr", random_state=5)
    made.obsp["connectivities"] = sparse.random(300, 300, 0.02, "csr", np.float32, random_state=6)
    made.obsp["distances"] = made.obsp["connectivities"]
    made.uns["group_colors"] = ["#ff0000", "#00ff00"]
    made.uns["odd"] = {"anything": object()}
    made.layers["counts"] = np.ones((300, 40), np.float32)
    return made


def written(adata: anndata.AnnData, **given: Any) -> tuple[anndata.AnnData, dict[str, Any]]:
    """What was written, and how it lies."""
    file = store.write(adata, **given)
    content = file.read([(0, file.size)])[0]
    file.close()
    with tempfile.NamedTemporaryFile(suffix=".h5ad") as copy:
        copy.write(content)
        copy.flush()
        facts: dict[str, Any] = {}
        with h5py.File(copy.name) as opened:
            opened.visititems(lambda name, item: facts.update({name: item.chunks}) if isinstance(item, h5py.Dataset) else None)
            facts["filters"] = {item.compression for item in opened["obsm"].values() if isinstance(item, h5py.Dataset)}
            facts["form"] = opened["X"].attrs.get("encoding-type") if "X" in opened else None
        return anndata.read_h5ad(copy.name), facts


@pytest.mark.parametrize("kind", ["csr", "csc", "array", "dense", "fortran", "int", "empty", "none"])
def test_the_same_data(kind: str, rng: np.random.Generator, temporary: Path) -> None:
    adata = data(matrix(kind, rng), rng)
    found, facts = written(adata, progress=False)
    if kind == "none":
        assert found.X is None
    else:
        ours, theirs = (
            value.toarray() if sparse.issparse(value) or hasattr(value, "toarray") else value for value in (found.X, adata.X)
        )
        assert np.array_equal(ours, theirs) and ours.dtype == theirs.dtype
    if kind in ("csr", "csc", "array", "empty"):
        assert facts["form"] == "csc_matrix"
    if kind in ("dense", "fortran", "int"):
        assert facts["X"][0] == 300, "a gene lies in few chunks"
    for column in adata.obs.columns.drop(["mixed", "gaps", "nothing"]):
        pd.testing.assert_series_equal(found.obs[column], adata.obs[column], check_dtype=False, check_categorical=False)
    assert list(found.obs["group"].cat.categories) == ["b", "a"]
    assert found.obs["mixed"].astype(str).tolist() == adata.obs["mixed"].astype(str).tolist()
    assert found.obs["nothing"].isna().all()
    words = [[None if value != value else value for value in one.obs["gaps"]] for one in (found, adata)]
    assert words[0] == words[1]
    assert found.obs_names.equals(adata.obs_names) and found.var_names.equals(adata.var_names)
    pd.testing.assert_frame_equal(found.var, adata.var, check_dtype=False)
    assert np.array_equal(found.obsm["X_umap"], adata.obsm["X_umap"])
    assert np.array_equal(found.obsm["sparse"].toarray(), adata.obsm["sparse"].toarray())
    assert (found.obsp["connectivities"] != adata.obsp["connectivities"]).nnz == 0
    assert list(found.obsp) == ["connectivities"] and not found.layers, "only what can be shown is written"
    assert list(found.uns["group_colors"]) == adata.uns["group_colors"]
    assert list(temporary.iterdir()) == []


def test_a_gene_is_little_to_read(rng: np.random.Generator) -> None:
    """Chunks are small against the matrix, whichever way it was stored."""
    X = sparse.random(20_000, 200, 0.1, "csr", np.float32, random_state=7)
    _, facts = written(anndata.AnnData(X), progress=False)
    assert facts["X/data"] == facts["X/indices"] == (store.CHUNK,)
    _, facts = written(anndata.AnnData(X.toarray()), progress=False)
    assert facts["X"] == (20_000, 3)


def test_views_and_backed_objects(rng: np.random.Generator, temporary: Path) -> None:
    whole = anndata.read_h5ad(SAMPLE)
    part = whole[whole.obs["n_counts"] > 1000]
    found, _ = written(part, progress=False)
    assert found.n_obs == part.n_obs < whole.n_obs
    assert (found.X != part.X).nnz == 0
    backed = anndata.read_h5ad(SAMPLE, backed="r")
    found, _ = written(backed, progress=False)
    assert (found.X != whole.X).nnz == 0
    found, _ = written(backed[:100], progress=False)
    assert (whole.X[:100] != found.X).nnz == 0
    backed.file.close()
    found, _ = written(whole[:, :10], progress=False)
    assert found.n_vars == 10


def test_nothing_is_left_behind(temporary: Path, rng: np.random.Generator) -> None:
    adata = data(matrix("csr", rng), rng)
    viewer = AnnDataViewer(adata, auto_open=False)
    # No name any more, so that it goes with the kernel however that ends; readable nevertheless.
    assert list(temporary.iterdir()) == []
    read = {"t": "read", "source": "s0", "spans": [[0, 4]]}
    assert viewer._reader.answer(read)[1] == [b"\x89HDF"]
    handles = len(os.listdir("/proc/self/fd"))
    viewer.stop()
    assert len(os.listdir("/proc/self/fd")) == handles - 1
    other = AnnDataViewer(adata, auto_open=False)
    del other
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == handles - 1


def test_the_object_is_left_as_it_was(rng: np.random.Generator) -> None:
    adata = data(matrix("csr", rng), rng)
    adata.obs.index.name = "number"
    before = adata.copy()
    store.write(adata, progress=False).close()
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    assert adata.X.format == "csr" and adata.obs.index.name == "number"


def test_a_full_disk_is_said(temporary: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "_write", full)
    with pytest.raises(OSError, match="set TMPDIR"):
        store.write(data(None, rng))
    assert list(temporary.iterdir()) == []


def test_an_interrupt_leaves_nothing(temporary: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_sparse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.write(data(matrix("csr", rng), rng))
    assert list(temporary.iterdir()) == []


def test_progress_is_shown(capsys: pytest.CaptureFixture[str], rng: np.random.Generator) -> None:
    with store._Bar(True) as bar:
        bar._bar.delay = 0
        bar.add(1000)
        bar._bar.refresh()
        assert bar._bar.n == 1000
    assert "Preparing the data for the viewer" in capsys.readouterr().err


def test_what_cannot_be_shown_is_left_out(rng: np.random.Generator, caplog: pytest.LogCaptureFixture) -> None:
    adata = data(matrix("csr", rng), rng)
    adata.obsm["words"] = np.array([["a"]] * 300)
    found, _ = written(adata, progress=False)
    assert "words" not in found.obsm and "obsm/words is not shown" in caplog.text


def test_what_is_no_anndata() -> None:
    with pytest.raises(TypeError, match="an AnnData or a path is wanted, not dict"):
        AnnDataViewer({})
