"""Writes chunks as anndata stores them, packed by each codec, for bench/decoders.js.

    python make_chunks.py OUT_DIR

OUT_DIR/list.json says of each file which codecs undo it, in the module's own words, what the numbers are and how many bytes
they have when unpacked. Deterministic.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numcodecs as nc
import numpy as np

SIZES = [16 << 10, 64 << 10, 256 << 10, 1 << 20]
PACKED = {
    "zlib": [nc.Zlib(5)],
    "shuffle4 zlib": [nc.Shuffle(4), nc.Zlib(5)],
    "gzip": [nc.GZip(5)],
    "zstd": [nc.Zstd(3)],
    "lz4": [nc.LZ4()],
    "blosc": [nc.Blosc("lz4", 5, nc.Blosc.SHUFFLE)],
}


def numbers(kind: str, count: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    if kind == "columns":
        # Ascending within rows of 1,000 columns, as a matrix stored by row has them.
        step = rng.geometric(0.05, count)
        return (np.cumsum(step) % 1000).astype("<i4")
    if kind == "values":
        counts = rng.geometric(0.4, count)
        return np.log1p(counts * np.repeat(rng.uniform(0.5, 2.0, count // 50 + 1), 50)[:count]).astype("<f4")
    return rng.normal(0, 8, count).astype("<f4")


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for kind in ["columns", "values", "positions"]:
        for size in SIZES:
            plain = numbers(kind, size // 4)
            for name, steps in PACKED.items():
                packed = plain
                for step in steps:
                    packed = step.encode(packed)
                file = f"{kind}-{size}-{name.replace(' ', '-')}"
                (out / file).write_bytes(bytes(packed))
                made.append({"file": file, "kind": kind, "codecs": name, "size": size, "sum": int(plain.view("u1").sum())})
    (out / "list.json").write_text(json.dumps(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
