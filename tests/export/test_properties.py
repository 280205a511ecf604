"""Random AnnData objects, written by anndata, exported by us, and read back as the web app reads them: the same values."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from conftest import run
from decode import Export, safe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NUMBERS = ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
# Without a slash, which writers take for a folder; what becomes of it is told by the fixtures.
LETTERS = "abzAZ019 ._-+βé😀"


def names(count: int) -> st.SearchStrategy[list[str]]:
    """Names with safe forms of their own: what becomes of others is told by the fixtures."""
    text = st.text(LETTERS, min_size=1, max_size=6).filter(lambda name: name.strip(".") != "")
    return st.lists(text, min_size=count, max_size=count, unique_by=lambda name: safe(name).lower())


@st.composite
def columns(draw: st.DrawFn, n: int) -> Any:
    """A column of obs, of any kind that anndata writes."""
    kind = draw(st.sampled_from(["number", "category", "text", "bool", "nullable", "maybe"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "number":
        dtype = draw(st.sampled_from(NUMBERS))
        values = rng.normal(0, 50, n).astype(dtype)
        if dtype.startswith("float") and n:
            values[rng.random(n) < 0.2] = rng.choice([np.nan, np.inf, -np.inf])
        return values
    if kind == "category":
        labels = draw(st.lists(st.text(LETTERS, min_size=1, max_size=5), min_size=1, max_size=5, unique=True))
        return pd.Categorical.from_codes(rng.integers(-1, len(labels), n), labels, ordered=draw(st.booleans()))
    if kind == "text":
        return np.array([f"t{value}" for value in rng.integers(0, 4, n)], dtype=object)
    if kind == "bool":
        return rng.random(n) < 0.5
    values = (
        pd.array(rng.integers(-9, 9, n), dtype="Int32" if kind == "nullable" else "boolean")
        if kind == "nullable"
        else pd.array(rng.random(n) < 0.5, dtype="boolean")
    )
    values[rng.random(n) < 0.3] = pd.NA
    return values


@st.composite
def datasets(draw: st.DrawFn) -> ad.AnnData:
    """An AnnData with an embedding, columns, genes, and often a graph and a vector field."""
    n, g = draw(st.integers(1, 30)), draw(st.integers(0, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x: Any = (rng.normal(0, 9, (n, g)) * (rng.random((n, g)) < 0.5)).astype(draw(st.sampled_from(NUMBERS)))
    x = draw(st.sampled_from([np.asarray, sp.csr_matrix, sp.csc_matrix]))(x)
    obs = pd.DataFrame(
        {name: draw(columns(n)) for name in draw(names(draw(st.integers(0, 4))))}, index=[f"c{i}" for i in range(n)]
    )
    data = ad.AnnData(X=x, obs=obs, var=pd.DataFrame(index=draw(names(g))))
    dims = draw(st.sets(st.integers(1, 3), min_size=1))
    for dim in dims:
        data.obsm[f"X_umap_{dim}d"] = rng.normal(0, 5, (n, dim)).astype(draw(st.sampled_from(["float32", "float64"])))
    if draw(st.booleans()):
        dim = draw(st.sampled_from(sorted(dims)))
        data.obsm[f"velocity_umap_{dim}d"] = rng.normal(0, 1, (n, dim)).astype("float32")
    if draw(st.booleans()):
        graph = sp.random(n, n, 0.2, "csr", rng=rng, dtype=draw(st.sampled_from(["float32", "float64"])))
        data.obsp["connectivities"] = graph
    return data


def same(ours: np.ndarray, theirs: np.ndarray, bits: int | None) -> None:
    """Equal numbers; of quantised ones, those that are no farther than a step, and infinities lost."""
    with np.errstate(over="ignore"):
        wanted = np.asarray(theirs, dtype="float32")
    if bits is None:
        np.testing.assert_array_equal(ours, wanted)
        return
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(np.isnan(ours), ~finite)
    if finite.any():
        low, high = wanted[finite].min(), wanted[finite].max()
        step = max((float(high) - float(low)) or 1.0, 1e-6) / (254 if bits == 8 else 65534)
        # Codes are cut off, not rounded; single precision adds its own.
        assert np.abs(ours[finite] - wanted[finite]).max() <= 1.01 * step + 1e-4 * max(abs(low), abs(high), 1)


def check(data: ad.AnnData, export: Export, strict: bool, var: int | None, obs: int | None) -> None:
    """Every value of an AnnData against the folder."""
    assert export.n == data.n_obs
    assert export.identity["stats"]["n_genes"] == data.n_vars
    for dim in export.identity["embeddings"]["available_dimensions"]:
        same(export.points(dim), data.obsm[f"X_umap_{dim}d"], None)
    assert set(export.identity["embeddings"]["files"]) == {f"{key[7]}d" for key in data.obsm if key.startswith("X_umap_")}
    kinds = {field["key"]: field["kind"] for field in export.identity["obs_fields"]}
    assert set(kinds) == set(data.obs.columns)
    for name, column in data.obs.items():
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        assert kinds[name] == ("continuous" if numeric else "category"), name
        if numeric:
            same(export.numbers(name), column.to_numpy(dtype="float64", na_value=np.nan), obs)
        else:
            assert export.labels(name) == [None if pd.isna(cell) else str(cell) for cell in column], name
            outliers = export.outliers(name)
            assert ((outliers >= 0) & (outliers <= 1) | np.isnan(outliers)).all()
    assert export.genes == list(data.var_names)
    dense = np.asarray(data.X.todense() if sp.issparse(data.X) else data.X)
    for j, gene in enumerate(export.genes):
        same(export.gene(gene), dense[:, j], var)
    for key in data.obsm:
        if key.startswith("velocity_umap_"):
            same(export.vectors("velocity_umap", int(key[14])), data.obsm[key], None)
    if "connectivities" not in data.obsp:
        assert export.graph is None
        return
    both = (data.obsp["connectivities"] + data.obsp["connectivities"].T).tocoo()
    wanted = {(i, j): w for i, j, w in zip(both.row.tolist(), both.col.tolist(), both.data.tolist(), strict=True) if i < j and w}
    assert export.edges() == sorted(wanted)
    if strict:
        np.testing.assert_array_equal(export.weights(), [wanted[pair] for pair in sorted(wanted)])


@settings(
    max_examples=int(os.environ.get("EXAMPLES", "40")), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(
    datasets(),
    st.sampled_from(["h5ad", "zarr"]),
    st.sampled_from([None, "gzip"]),
    st.sampled_from([None, 8, 16]),
    st.sampled_from([None, 8, 16]),
    st.booleans(),
)
def test_values_survive(data: ad.AnnData, form: str, stored: str | None, var: int | None, obs: int | None, packed: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = Path(scratch) / f"data.{form}"
        if form == "h5ad":
            data.write_h5ad(source, compression=stored)
            data = ad.read_h5ad(source)
        else:
            data.write_zarr(source)
            data = ad.read_zarr(source)
        for profile in ("reference", "strict"):
            out = Path(scratch) / profile
            options = ["--profile", profile, "--no-normalize"]
            bits = [*(["--quantize-var", var] if var else []), *(["--quantize-obs", obs] if obs else [])]
            run("export", source, out, "--quiet", *options, *bits, *(["--compression", 3] if packed else []))
            check(data, Export(out), profile == "strict", var, obs)
            run("verify", source, out, "--no-normalize")
