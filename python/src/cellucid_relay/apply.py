"""A saved session's highlights and fields as columns of an AnnData."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .bundle import CellucidSessionBundle, codes, rows

Mismatch = Literal["error", "warn_skip", "skip"]
Conflict = Literal["error", "overwrite", "suffix"]

_META = "highlights/meta"
_CELLS = "highlights/cells/"
_FIELDS = "core/field-overlays"
_CODES = "user-defined/codes/"

logger = logging.getLogger("cellucid_relay")


@dataclass
class ApplySummary:
    """What was done."""

    added_obs_columns: list[str] = field(default_factory=list)
    added_var_columns: list[str] = field(default_factory=list)
    #: The session belongs to other data, so nothing was added.
    skipped_due_to_mismatch: bool = False
    #: In what they differ.
    mismatch_reasons: list[str] = field(default_factory=list)


def apply_cellucid_session_to_anndata(
    bundle: CellucidSessionBundle | str,
    adata: Any,
    *,
    inplace: bool = False,
    dataset_mismatch: Mismatch = "warn_skip",
    expected_dataset_id: str | None = None,
    add_highlights: bool = True,
    highlights_prefix: str = "cellucid_highlight__",
    add_user_defined_fields: bool = True,
    user_defined_prefix: str = "",
    include_deleted_user_defined_fields: bool = False,
    store_uns: bool = True,
    column_conflict: Conflict = "suffix",
    return_summary: bool = False,
) -> Any:
    """Adds a session's highlights (boolean columns) and fields made in the viewer (categorical columns) to an AnnData.

    Returns the AnnData, a copy unless ``inplace``; with ``return_summary`` also what was done. A session of other data is an error,
    or left out with or without a warning, as ``dataset_mismatch`` says.
    """
    if dataset_mismatch not in ("error", "warn_skip", "skip"):
        raise ValueError(f"dataset_mismatch: {dataset_mismatch!r} is none of error, warn_skip, skip")
    if column_conflict not in ("error", "overwrite", "suffix"):
        raise ValueError(f"column_conflict: {column_conflict!r} is none of error, overwrite, suffix")
    if not isinstance(bundle, CellucidSessionBundle):
        bundle = CellucidSessionBundle(bundle)
    if not inplace:
        adata = adata.copy()
    reasons = _mismatches(bundle, adata, expected_dataset_id)
    summary = ApplySummary(skipped_due_to_mismatch=bool(reasons), mismatch_reasons=reasons)
    groups: dict[str, Any] = {}
    if reasons:
        words = f"the session belongs to other data: {'; '.join(reasons)}"
        if dataset_mismatch == "error":
            raise ValueError(words)
        if dataset_mismatch == "warn_skip":
            logger.warning("%s; nothing of it was added", words)
    else:
        work = _Columns(adata, column_conflict, summary)
        if add_highlights:
            groups = _highlights(bundle, work, highlights_prefix)
        if add_user_defined_fields:
            _fields(bundle, work, user_defined_prefix, include_deleted_user_defined_fields)
    if store_uns:
        applied = {
            "dataset_mismatch_policy": dataset_mismatch,
            "expected_dataset_id": expected_dataset_id,
            "skip_dataset_dependent": summary.skipped_due_to_mismatch,
        }
        _note(bundle, adata, {"applied": applied, "highlights": {"groups": groups}})
    return (adata, summary) if return_summary else adata


def _mismatches(bundle: CellucidSessionBundle, adata: Any, expected: str | None) -> list[str]:
    found = bundle.dataset_fingerprint or {}
    wrong = []
    for key, what, count in (("cellCount", "cells", adata.n_obs), ("varCount", "genes", adata.n_vars)):
        if found.get(key) is not None and found[key] != count:
            wrong.append(f"{found[key]} {what} instead of {count}")
    if expected is not None and found.get("datasetId") is not None and found["datasetId"] != expected:
        wrong.append(f"dataset {found['datasetId']!r} instead of {expected!r}")
    return wrong


class _Columns:
    """Adds columns, minding those that are there."""

    def __init__(self, adata: Any, conflict: Conflict, summary: ApplySummary) -> None:
        self.adata = adata
        self.conflict = conflict
        self.summary = summary

    def add(self, axis: Literal["obs", "var"], name: str, values: Any) -> str:
        frame = getattr(self.adata, axis)
        if name in frame.columns and self.conflict == "error":
            raise ValueError(f"{axis} already has a column {name!r}")
        if self.conflict == "suffix":
            base, number = name, 2
            while name in frame.columns:
                name, number = f"{base}__{number}", number + 1
        frame[name] = values
        made = self.summary.added_obs_columns if axis == "obs" else self.summary.added_var_columns
        made.append(name)
        return name


def _highlights(bundle: CellucidSessionBundle, work: _Columns, prefix: str) -> dict[str, Any]:
    """A column for each group; which one is whose."""
    made = {}
    for page, group in _groups(bundle):
        origin = str(group["id"])
        mask = np.zeros(work.adata.n_obs, bool)
        if _CELLS + origin in bundle.list_chunk_ids():
            cells = rows(bundle.decode_chunk(_CELLS + origin), _CELLS + origin)
            if cells.size and int(cells[-1]) >= mask.size:
                raise ValueError(f"highlight {origin!r} names row {int(cells[-1])} of {mask.size} cells")
            mask[cells] = True
        column = work.add("obs", prefix + column_name(origin), mask)
        made[origin] = {"obs_column": column, "page_id": page.get("id"), "page_name": page.get("name"), "group": group}
    return made


def _groups(bundle: CellucidSessionBundle) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each group with its page."""
    meta = bundle.decode_chunk(_META) if _META in bundle.list_chunk_ids() else None
    return [(page, group) for page in _objects(meta, "pages") for group in _objects(page, "highlightedGroups") if group.get("id")]


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    found = value.get(key) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _fields(bundle: CellucidSessionBundle, work: _Columns, prefix: str, deleted: bool) -> None:
    overlays = bundle.decode_chunk(_FIELDS) if _FIELDS in bundle.list_chunk_ids() else None
    for entry in _objects(overlays, "userDefinedFields"):
        chunk = f"{_CODES}{entry.get('id')}"
        if entry.get("kind") != "category" or (entry.get("isDeleted") and not deleted) or chunk not in bundle.list_chunk_ids():
            continue
        axis: Literal["obs", "var"] = "var" if entry.get("source") == "var" else "obs"
        length = work.adata.n_vars if axis == "var" else work.adata.n_obs
        found = codes(bundle.decode_chunk(chunk), chunk)
        if found.size != length:
            logger.warning("the session's field %r is left out: %d codes for %d rows", entry.get("key"), found.size, length)
            continue
        work.add(axis, prefix + column_name(str(entry.get("key") or entry.get("id"))), _labelled(found, entry.get("categories")))


def _labelled(found: Any, labels: Any) -> Any:
    import pandas as pd

    if not isinstance(labels, list) or not labels:
        return found.astype(np.int64)
    names = [str(label) for label in labels]
    unique = list(dict.fromkeys(names))
    numbers = found.astype(np.int64)
    numbers[numbers >= len(names)] = len(names)
    # Two labels of one name are one category; the last place is for codes without a label.
    places = np.array([*(unique.index(name) for name in names), -1])
    return pd.Categorical.from_codes(places[numbers], categories=unique, ordered=False)


def _note(bundle: CellucidSessionBundle, adata: Any, about: dict[str, Any]) -> None:
    chunks = {name: bundle.decode_chunk(name) for name in (_META, _FIELDS) if name in bundle.list_chunk_ids()}
    note = {"manifest": bundle.manifest, "dataset_fingerprint": bundle.dataset_fingerprint, "chunks": chunks, **about}
    adata.uns["cellucid"] = {**(adata.uns.get("cellucid") or {}), "session": _storable(note)}


def _storable(value: Any) -> Any:
    """As it is, but lists of objects as JSON text: no file format of AnnData could hold them."""
    if isinstance(value, dict):
        # A slash would make a group of its own.
        return {str(key).replace("/", "|"): _storable(item) for key, item in value.items() if item is not None}
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return json.dumps(value)
    return value


def column_name(text: str) -> str:
    """A name that serves as a column and as an attribute."""
    name = re.sub(r"_+", "_", re.sub(r"[^0-9A-Za-z_]+", "_", text.strip())).strip("_") or "cellucid"
    return f"_{name}" if name[0].isdigit() else name
