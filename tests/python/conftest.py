"""Where things are, and the data that several tests look at."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Sequence
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


def bundle(chunks: Sequence[tuple[dict[str, Any], Any]], fingerprint: dict[str, Any], codec: str = "none") -> bytes:
    """A session bundle of these chunks: bytes, or what becomes JSON."""
    entries, parts = [], []
    for entry, content in chunks:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        stored = gzip.compress(data) if codec == "gzip" else data
        sizes = {"storedBytes": len(stored), "uncompressedBytes": len(data)}
        entries.append({"contributorId": "test", "priority": "eager", "codec": codec, "datasetDependent": True, **sizes, **entry})
        parts.append(struct.pack("<I", len(stored)) + stored)
    manifest = json.dumps(
        {"createdAt": "2026-01-01T00:00:00Z", "dataSource": None, "datasetFingerprint": fingerprint, "chunks": entries}
    ).encode()
    return b"CELLUCID_SESSION\n" + struct.pack("<I", len(manifest)) + manifest + b"".join(parts)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)
