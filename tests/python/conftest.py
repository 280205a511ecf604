"""Where things are, and the data that several tests look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "www/sample/sample.h5ad"
ZARR = ROOT / "www/sample/sample.zarr"


def golden(name: str) -> dict[str, Any]:
    """The messages that bind Rust, JavaScript and Python."""
    found: dict[str, Any] = json.loads((ROOT / "tests/fixtures/messages" / f"{name}.json").read_text())
    return found


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)
