"""Vector fields from a transition matrix: where each cell is about to go, as an arrow in the embedding."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def compute_transition_drift(transition_matrix: Any, embedding: Any, *, normalize_rows: bool = True) -> npt.NDArray[np.float32]:
    """The mean place that each cell's transitions lead to, less its own place.

    With ``normalize_rows`` the transitions of a cell are shares of their sum; a cell without any stays where it is.
    """
    places = np.asarray(embedding, np.float64)
    if places.ndim != 2 or transition_matrix.shape != (places.shape[0], places.shape[0]):
        raise ValueError(
            f"a transition matrix of shape {transition_matrix.shape} does not fit an embedding of shape {places.shape}"
        )
    there = np.asarray(transition_matrix @ places)
    if normalize_rows:
        sums = np.asarray(transition_matrix.sum(axis=1), np.float64).reshape(-1, 1)
        there = there / np.where(sums == 0, 1.0, sums)
    return (there - places).astype(np.float32)


def add_transition_drift_to_obsm(
    adata: Any,
    transition_matrix: Any,
    *,
    basis: str = "umap",
    field_prefix: str = "T_fwd",
    dim: int | None = None,
    explicit_dim_suffix: bool = True,
    normalize_rows: bool = True,
    overwrite: bool = False,
) -> str:
    """Adds the drift to ``obsm`` under a name that the viewer takes for a vector field, which is returned."""
    key, dim = _embedding(adata, basis, dim)
    name = f"{field_prefix}_{basis}" + (f"_{dim}d" if explicit_dim_suffix else "")
    if name in adata.obsm and not overwrite:
        raise KeyError(f"obsm already has {name!r}; pass overwrite=True to replace it")
    adata.obsm[name] = compute_transition_drift(transition_matrix, adata.obsm[key], normalize_rows=normalize_rows)
    return name


def _embedding(adata: Any, basis: str, dim: int | None) -> tuple[str, int]:
    """The embedding and its dimension: the highest that is named, unless one is asked for."""
    plain = f"X_{basis}"
    for each in (3, 2, 1) if dim is None else (dim,):
        if f"{plain}_{each}d" in adata.obsm:
            return f"{plain}_{each}d", each
    if plain not in adata.obsm:
        wanted = plain if dim is None else f"{plain}_{dim}d or {plain}"
        raise KeyError(f"obsm has no embedding {wanted}; it has {', '.join(adata.obsm) or 'none'}")
    columns = adata.obsm[plain].shape[1]
    if columns not in (1, 2, 3) or dim not in (None, columns):
        raise ValueError(f"{plain} has {columns} columns where {dim or '1, 2 or 3'} are wanted")
    return plain, columns
