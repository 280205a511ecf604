"""Notebooks written for the reference (cellucid 0.0.9) work after changing the import: every name and signature, and what they do."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import anndata
import cellucid
import cellucid.jupyter
import cellucid_relay
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
from cellucid_relay import elsewhere, jupyter, options
from conftest import SAMPLE, bundle

CLASSES = ["CellucidViewer", "AnnDataViewer", "CellucidSessionBundle"]
#: Members of the reference's that make no sense without its server, or in Python's own words.
INNER = {"__del__", "_repr_html_"}


def members(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def parameters(function: Any) -> dict[str, tuple[Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return {one.name: (one.kind, one.default) for one in found if one.kind is not inspect.Parameter.VAR_KEYWORD}


def assert_takes_all(ours: Any, theirs: Any, name: str) -> None:
    """Whatever is passed to theirs may be passed to ours, by position or by name."""
    mine, wanted = parameters(ours), parameters(theirs)
    assert list(mine)[: len(wanted)] == list(wanted), name
    for parameter, facts in wanted.items():
        assert mine[parameter] == facts, f"{name}({parameter})"
    # What is added is by name only, and has a default.
    added = [facts for parameter, facts in mine.items() if parameter not in wanted]
    takes_anything = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in inspect.signature(ours).parameters.values())
    assert all(kind is inspect.Parameter.KEYWORD_ONLY and default is not inspect.Parameter.empty for kind, default in added), name
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in inspect.signature(theirs).parameters.values()):
        assert takes_anything, name


def test_every_exported_name() -> None:
    exported = [name for name in cellucid.__all__ if name != "__version__"]
    assert len(exported) >= 15
    for name in exported:
        ours, theirs = getattr(cellucid_relay, name), getattr(cellucid, name)
        if name in elsewhere.INSTEAD:
            assert ours is theirs
        elif inspect.isfunction(theirs):
            assert_takes_all(ours, theirs, name)
        else:
            assert inspect.isclass(ours)


@pytest.mark.parametrize("name", CLASSES)
def test_every_member(name: str) -> None:
    ours, theirs = getattr(cellucid_relay, name), getattr(cellucid, name)
    assert members(theirs) <= members(ours)
    assert_takes_all(ours, theirs, name)
    for member in members(theirs):
        mine, wanted = inspect.getattr_static(ours, member), inspect.getattr_static(theirs, member)
        assert isinstance(mine, property) == isinstance(wanted, property), member
        if inspect.isfunction(wanted):
            assert_takes_all(mine, wanted, f"{name}.{member}")


def test_what_a_viewer_has_once_it_is_made() -> None:
    theirs: Any = cellucid.jupyter.BaseViewer(port=8765)
    ours = cellucid_relay.AnnDataViewer(SAMPLE, auto_open=False)
    try:
        public = {name for name in vars(theirs) if not name.startswith("_")}
        assert {name for name in public if not hasattr(ours, name)} == set()
        assert vars(ours.state).keys() == vars(theirs.state).keys()
        assert vars(ours.state) == vars(theirs.state)
    finally:
        ours.stop()
        theirs.stop()


def test_the_names_of_its_jupyter_module() -> None:
    for name in ("AnnDataViewer", "BaseViewer", "CellucidViewer", "cleanup_all", "show", "show_anndata", "ViewerState"):
        assert hasattr(cellucid.jupyter, name) and hasattr(jupyter, name), name


def test_every_option_of_the_adapter() -> None:
    theirs = set(parameters(cellucid.AnnDataAdapter)) - {"adata"} | {"backed"}
    defaults = {name: default for name, (_, default) in parameters(cellucid.AnnDataAdapter).items() if name != "adata"}
    assert options.reading_options(**defaults, backed="r").keys() <= {"normalize", "centroidQuantile", "centroidMinPoints"}
    for name in theirs:
        options.reading_options(**{name: "x"})
    with pytest.raises(TypeError, match="unknown option 'colour'"):
        options.reading_options(colour=1)


def test_everything_public_is_documented_and_typed() -> None:
    for name in cellucid_relay.__all__:
        value = getattr(cellucid_relay, name)
        if name == "__version__":
            continue
        assert value.__doc__, name
        if not inspect.isclass(value):
            continue
        for member in members(value):
            found = inspect.getattr_static(value, member)
            function = found.fget if isinstance(found, property) else found
            if inspect.isfunction(function) and function.__module__.startswith("cellucid_relay"):
                assert function.__doc__, f"{name}.{member}"
                assert "return" in function.__annotations__, f"{name}.{member}"


def test_without_the_reference_its_server_is_explained() -> None:
    code = "import sys; sys.modules['cellucid'] = None\nfrom cellucid_relay import prepare"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: prepare is not part of cellucid-relay" in done.stderr and "cellucid-wasm export" in done.stderr
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cellucid_relay.nothing  # noqa: B018


def test_importing_is_light() -> None:
    code = "import sys, cellucid_relay\nprint([name for name in ('numpy', 'anywidget', 'anndata', 'IPython') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


# --- sessions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def adata() -> anndata.AnnData:
    X = sparse.random(6, 4, 0.5, "csr", np.float32, random_state=1)
    obs = pd.DataFrame({"cellucid_highlight__highlight_1": 1}, [f"c{n}" for n in range(6)])
    return anndata.AnnData(X, obs, pd.DataFrame(index=[f"g{n}" for n in range(4)]))


def chunks() -> list[tuple[dict[str, Any], bytes]]:
    groups = [
        {"id": "highlight_1", "type": "annotation", "label": "A", "enabled": True, "cellCount": 3},
        {"id": "highlight 2", "type": "annotation", "label": "B", "enabled": True, "cellCount": 0},
    ]
    fields = [
        {"id": "f1", "key": "My field", "kind": "category", "source": "obs", "categories": ["x", "y"]},
        {"id": "f2", "key": "1gene", "kind": "category", "source": "var", "categories": ["p", "q", "r"]},
        {"id": "f3", "key": "gone", "kind": "category", "source": "obs", "categories": ["x"], "isDeleted": True},
        {"id": "f4", "key": "short", "kind": "category", "source": "obs", "categories": ["x"]},
    ]
    return [
        (
            {"id": "highlights/meta", "kind": "json"},
            {
                "pages": [{"id": "page_1", "name": "P", "color": "#ff0000", "highlightedGroups": groups}],
                "activePageId": "page_1",
                "activePageName": "P",
            },
        ),  # type: ignore[list-item]
        ({"id": "highlights/cells/highlight_1", "kind": "binary"}, bytes([3, 0, 2, 3])),
        ({"id": "core/field-overlays", "kind": "json"}, {"renames": {}, "deletedFields": [], "userDefinedFields": fields}),  # type: ignore[list-item]
        ({"id": "user-defined/codes/f1", "kind": "binary"}, bytes([0, 6, 0, 1, 1, 0, 255, 1])),
        ({"id": "user-defined/codes/f2", "kind": "binary"}, bytes([2, 4, 2, 2, 3, 0, 1])),
        ({"id": "user-defined/codes/f3", "kind": "binary"}, bytes([0, 6, 0, 0, 0, 0, 0, 0])),
        ({"id": "user-defined/codes/f4", "kind": "binary"}, bytes([0, 2, 0, 0])),
        ({"id": "camera", "kind": "json"}, {"zoom": 1}),  # type: ignore[list-item]
    ]


@pytest.fixture(params=["none", "gzip"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    made = tmp_path / "a.cellucid-session"
    made.write_bytes(bundle(chunks(), {"datasetId": "d", "cellCount": 6, "varCount": 4}, request.param))
    return made


def test_a_bundle_reads_the_same(path: Path) -> None:
    ours, theirs = cellucid_relay.CellucidSessionBundle(path), cellucid.CellucidSessionBundle(path)
    assert ours.manifest == theirs.manifest
    assert ours.dataset_fingerprint == theirs.dataset_fingerprint
    assert ours.list_chunk_ids() == theirs.list_chunk_ids()
    for name in ours.list_chunk_ids():
        assert ours.get_chunk_meta(name) == theirs.get_chunk_meta(name)
        assert ours.read_chunk_bytes(name) == theirs.read_chunk_bytes(name)
        assert ours.decode_chunk(name) == theirs.decode_chunk(name)
    assert [(one.id, one.meta, one.offset, one.stored_bytes) for one in ours.iter_chunks()] == [
        (one.id, one.meta, one.offset, one.stored_bytes) for one in theirs.iter_chunks()
    ]
    assert [value for _, value in ours.iter_chunks(decode=True)] == [value for _, value in theirs.iter_chunks(decode=True)]
    with pytest.raises(KeyError):
        ours.decode_chunk("none")
    copy = ours.save(path.parent / "deeper/copy.cellucid-session")
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"column_conflict": "overwrite"},
        {"column_conflict": "error"},
        {"highlights_prefix": "mine_", "user_defined_prefix": "u_"},
        {"include_deleted_user_defined_fields": True},
        {"add_highlights": False},
        {"add_user_defined_fields": False},
        {"store_uns": False},
        {"expected_dataset_id": "d"},
        {"expected_dataset_id": "other"},
        {"expected_dataset_id": "other", "dataset_mismatch": "error"},
        {"expected_dataset_id": "other", "dataset_mismatch": "skip"},
        {"inplace": True},
    ],
    ids=str,
)
def test_a_bundle_is_applied_the_same(path: Path, adata: anndata.AnnData, given: dict[str, Any]) -> None:
    def apply(module: Any) -> Any:
        given_to = adata.copy()
        try:
            made, summary = module.apply_cellucid_session_to_anndata(str(path), given_to, return_summary=True, **given)
        except Exception as error:
            return type(error)
        assert (made is given_to) == bool(given.get("inplace"))
        return made, summary

    ours, theirs = apply(cellucid_relay), apply(cellucid)
    if isinstance(theirs, type):
        assert ours is theirs
        return
    pd.testing.assert_frame_equal(ours[0].obs, theirs[0].obs)
    pd.testing.assert_frame_equal(ours[0].var, theirs[0].var)
    mine, wanted = vars(ours[1]), vars(theirs[1])
    assert {**mine, "mismatch_reasons": len(mine["mismatch_reasons"])} == {
        **wanted,
        "mismatch_reasons": len(wanted["mismatch_reasons"]),
    }
    assert ("session" in ours[0].uns.get("cellucid", {})) == ("session" in theirs[0].uns.get("cellucid", {}))
    # What the reference adds cannot always be written; ours can.
    ours[0].write_h5ad(path.parent / "written.h5ad")


@pytest.mark.parametrize("cut", [0, 5, 17, 20, 40, -1])
def test_a_damaged_bundle_is_an_error(path: Path, cut: int) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    with pytest.raises(ValueError, match=r"session|cut off|chunk|manifest"):
        for _ in cellucid_relay.CellucidSessionBundle(path).iter_chunks(decode=True):
            pass


def test_any_damage_is_a_value_error(path: Path, rng: np.random.Generator, adata: anndata.AnnData) -> None:
    data = path.read_bytes()
    outcomes = set()
    for _ in range(400):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            broken[at] = rng.integers(256)
        path.write_bytes(broken)
        try:
            cellucid_relay.apply_cellucid_session_to_anndata(str(path), adata)
            outcomes.add("fine")
        except (ValueError, KeyError) as error:
            outcomes.add(type(error).__name__)
    assert "ValueError" in outcomes


# --- drift ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("rows", [True, False])
def test_drift_is_the_same(dense: bool, rows: bool, rng: np.random.Generator) -> None:
    matrix = sparse.random(50, 50, 0.1, "csr", random_state=2)
    given = matrix.toarray() if dense else matrix
    places = rng.normal(size=(50, 2)).astype(np.float32)
    ours = cellucid_relay.compute_transition_drift(given, places, normalize_rows=rows)
    theirs = cellucid.compute_transition_drift(given, places, normalize_rows=rows)
    assert ours.dtype == theirs.dtype and np.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    "given", [{}, {"dim": 2}, {"explicit_dim_suffix": False}, {"field_prefix": "T_bwd"}, {"basis": "none"}, {"dim": 7}], ids=str
)
def test_drift_is_stored_the_same(given: dict[str, Any], rng: np.random.Generator) -> None:
    def apply(module: Any) -> Any:
        made = anndata.AnnData(np.zeros((20, 1), np.float32))
        made.obsm["X_umap"] = np.random.default_rng(1).normal(size=(20, 2))
        made.obsm["X_umap_3d"] = np.random.default_rng(2).normal(size=(20, 3))
        matrix = sparse.random(20, 20, 0.3, "csr", random_state=3)
        try:
            key = module.add_transition_drift_to_obsm(made, matrix, **given)
        except Exception as error:
            return type(error)
        with pytest.raises(Exception, match=key):
            module.add_transition_drift_to_obsm(made, matrix, **given)
        module.add_transition_drift_to_obsm(made, matrix, overwrite=True, **given)
        return key, np.round(made.obsm[key], 5).tolist()

    ours, theirs = apply(cellucid_relay), apply(cellucid)
    if isinstance(theirs, type):
        assert isinstance(ours, type)
    else:
        assert ours == theirs


def test_its_modules_are_not_needed() -> None:
    """Nothing of the reference is imported by ours unless it is asked for."""
    code = "import sys, cellucid_relay as r\nr.show, r.CellucidSessionBundle, r.compute_transition_drift\nprint('cellucid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
    assert importlib.import_module("cellucid_relay.bundle").__name__ == "cellucid_relay.bundle"
    assert pickle.loads(pickle.dumps(cellucid_relay.CommandError("a", "b").args)) == ("a: b",)
