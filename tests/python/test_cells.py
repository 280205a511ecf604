"""Packed rows: the golden forms, and whatever else there is."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from cellucid_relay import cells
from conftest import golden

GOLDEN = golden("cells")


def spans(rows: list[list[int]]) -> cells.Rows:
    return np.concatenate([np.empty(0, np.int64), *(np.arange(*span) for span in rows)])


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_golden(case: dict[str, Any]) -> None:
    rows = spans(case["rows"])
    packed = cells.pack(rows)
    if "packed" in case:
        assert packed == case["packed"]
    else:
        assert packed["coding"] == case["coding"]
        assert len(base64.b64decode(packed["data"])) == case["size"]
    assert np.array_equal(cells.unpack(packed), rows)


@pytest.mark.parametrize("case", GOLDEN["broken"], ids=lambda case: case["name"])
def test_broken(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"packed rows|base-128"):
        cells.unpack(case["packed"])


def test_any_rows_survive(rng: np.random.Generator) -> None:
    for share in (0.0001, 0.01, 0.3, 0.7, 0.999):
        rows = np.flatnonzero(rng.random(100_000) < share) + int(rng.integers(1 << 31))
        packed = cells.pack(rows)
        assert np.array_equal(cells.unpack(packed), rows)
        assert len(base64.b64decode(packed["data"])) <= 100_000 / 8 + 1
        assert np.array_equal(cells.unpack({**packed, "data": base64.b64decode(packed["data"])}), rows)


@pytest.mark.parametrize("size", [0, 1, 7, 500])
def test_numbers_in_base_128(size: int, rng: np.random.Generator) -> None:
    numbers = rng.integers(1 << 62, size=size) >> rng.integers(62, size=size)
    assert np.array_equal(cells.read_uvarints(cells.uvarints(numbers)), numbers)


def test_what_users_give() -> None:
    pandas = pytest.importorskip("pandas")
    for given in (
        [3, 1, 1],
        (1, 3),
        {1, 3},
        np.array([1.0, 3.0]),
        np.array([False, True, False, True]),
        pandas.Index([3, 1]),
        range(1, 4, 2),
    ):
        assert cells.rows(given).tolist() == [1, 3], given
    assert cells.rows([]).size == 0


@pytest.mark.parametrize(
    ("given", "length", "error", "words"),
    [
        ([5], 5, IndexError, "row 5 is out of range for 5 cells"),
        ([-1], None, IndexError, "row -1 is negative"),
        ([1 << 32], None, IndexError, "beyond"),
        (np.ones(4, bool), 5, IndexError, "mask of 4"),
        ([0.5], None, TypeError, "0.5"),
        (["a"], None, TypeError, "row numbers"),
        ([[1]], None, ValueError, "2 dimensions"),
    ],
)
def test_what_cannot_be_rows(given: Any, length: int | None, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cells.rows(given, length=length)
