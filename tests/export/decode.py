"""Reads an export folder as the web app does, from its manifests alone.

Written after the description of the app's loader, not after this repository's code: manifests are expanded, names made safe,
patterns filled in, files inflated where their name ends in `.gz`, codes widened, quantised values turned back.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

TYPES = {"f32": "<f4", "u8": "<u1", "u16": "<u2"}


def safe(name: str) -> str:
    """The part of a path that stands for a name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "field"


class Export:
    """An export folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.identity = self._json("dataset_identity.json")
        self.obs = self._json("obs_manifest.json")
        self.var = self._json("var_manifest.json")
        graph = root / "connectivity_manifest.json"
        self.graph: dict[str, Any] | None = json.loads(graph.read_text()) if graph.exists() else None
        for manifest in (self.obs, self.var):
            assert manifest["_format"] == "compact_v1"
        self.n = self.obs["n_points"]

    def _json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / name).read_text())
        return found

    def _array(self, path: str, dtype: str) -> np.ndarray:
        body = (self.root / path).read_bytes()
        if path.endswith(".gz"):
            body = gzip.decompress(body)
        return np.frombuffer(body, dtype)

    def points(self, dim: int) -> np.ndarray:
        """Coordinates, a row for each cell."""
        return self._array(self.identity["embeddings"]["files"][f"{dim}d"], "<f4").reshape(-1, dim)

    def vectors(self, field: str, dim: int) -> np.ndarray:
        """Arrows of a vector field."""
        files = self.identity["vector_fields"]["fields"][field]["files"]
        return self._array(files[f"{dim}d"], "<f4").reshape(-1, dim)

    def _values(self, schema: dict[str, Any], row: list[Any]) -> np.ndarray:
        stored = self._array(schema["pathPattern"].replace("{key}", safe(row[0])), TYPES[schema["ext"]])
        if not schema["quantized"]:
            return stored
        low, high = row[1], row[2]
        top = 254 if schema["quantizationBits"] == 8 else 65534
        values = low + stored.astype(float) * (high - low) / top
        return np.where(stored == top + 1, np.nan, values)

    def numbers(self, key: str) -> np.ndarray:
        """A continuous column."""
        row = next(row for row in self.obs["_continuousFields"] if row[0] == key)
        return self._values(self.obs["_obsSchemas"]["continuous"], row)

    def labels(self, key: str) -> list[str | None]:
        """A categorical column, as labels."""
        row = next(row for row in self.obs["_categoricalFields"] if row[0] == key)
        _, labels, dtype, missing = row[:4]
        ext = "u8" if dtype == "uint8" else "u16"
        pattern = self.obs["_obsSchemas"]["categorical"]["codesPathPattern"]
        codes = self._array(pattern.replace("{key}", safe(key)).replace("{ext}", ext), TYPES[ext])
        assert len(codes) == self.n
        return [None if code == missing else labels[code] for code in codes.tolist()]

    def outliers(self, key: str) -> np.ndarray:
        """Outlier quantiles of a categorical column."""
        row = next(row for row in self.obs["_categoricalFields"] if row[0] == key)
        schema = self.obs["_obsSchemas"]["categorical"]
        stored = self._array(schema["outlierPathPattern"].replace("{key}", safe(key)), TYPES[schema["outlierExt"]])
        if not schema["outlierQuantized"]:
            return stored
        top = 254 if schema["outlierExt"] == "u8" else 65534
        values = row[5] + stored.astype(float) * (row[6] - row[5]) / top
        return np.where(stored == top + 1, np.nan, values)

    @property
    def genes(self) -> list[str]:
        """Gene ids, as listed."""
        return [row[0] for row in self.var["fields"]]

    def gene(self, name: str) -> np.ndarray:
        """Values of a gene."""
        row = next(row for row in self.var["fields"] if row[0] == name)
        return self._values(self.var["_varSchema"], row)

    def edges(self) -> list[tuple[int, int]]:
        """Pairs of neighbours."""
        assert self.graph is not None
        dtype = f"<u{self.graph['index_bytes']}"
        ends = [self._array(self.graph[key], dtype) for key in ("sourcesPath", "destinationsPath")]
        assert len(ends[0]) == len(ends[1]) == self.graph["n_edges"]
        return list(zip(*(end.tolist() for end in ends), strict=True))

    def weights(self) -> np.ndarray:
        """Weights of the edges."""
        assert self.graph is not None
        return self._array(self.graph["weightsPath"], "<f8")
