"""Many rows in few bytes: one bit per row, or runs of rows, whichever is smaller.

A million rows of a million take a few bytes, every other one of a million 125,000. The same form, by the same rules, as the
viewer's own (``src/protocol/cells.rs``); golden messages bind the two.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

#: Row numbers, ascending, each once.
Rows = npt.NDArray[np.int64]

#: Up to this many rows go as a plain list, which everybody can read.
FEW = 1024
#: Most rows one message may name.
MOST = 64 << 20


def rows(indices: Any, *, length: int | None = None) -> Rows:
    """Row numbers as the user gave them (a list, an array, a boolean mask, a pandas series): ascending, each once.

    ``length`` is the number of cells, where it is known.
    """
    given = np.asarray(indices if hasattr(indices, "__array__") else list(indices))
    if given.ndim != 1:
        raise ValueError(f"cells: a list of row numbers is wanted, not an array of {given.ndim} dimensions")
    if given.size == 0:
        return np.empty(0, np.int64)
    if given.dtype == bool:
        if length is not None and given.size != length:
            raise IndexError(f"cells: a mask of {given.size} entries for {length} cells")
        return np.flatnonzero(given).astype(np.int64)
    if not np.issubdtype(given.dtype, np.number) or np.issubdtype(given.dtype, np.complexfloating):
        raise TypeError(f"cells: row numbers are wanted, not {given.dtype.name} such as {given[0]!r}")
    whole = given.astype(np.int64)
    if not np.array_equal(whole, given):
        raise TypeError(f"cells: row numbers are wanted, not {given[whole != given][0]!r}")
    found: Rows = np.unique(whole)
    if found[0] < 0:
        raise IndexError(f"cells: row {found[0]} is negative")
    if length is not None and found[-1] >= length:
        raise IndexError(f"cells: row {found[-1]} is out of range for {length} cells")
    if found[-1] >= 1 << 32:
        raise IndexError(f"cells: row {found[-1]} is beyond what a viewer can number")
    return found


def pack(ascending: Rows) -> dict[str, Any]:
    """The JSON form of ascending rows."""
    if ascending.size == 0:
        return {"coding": "ranges", "from": 0, "count": 0, "data": ""}
    first = int(ascending[0])
    ranges = _ranges(ascending)
    bits = (int(ascending[-1]) - first) // 8 + 1
    if len(ranges) <= bits:
        coding, data = "ranges", ranges
    else:
        mask = np.zeros(bits * 8, np.uint8)
        mask[ascending - first] = 1
        coding, data = "bits", np.packbits(mask, bitorder="little").tobytes()
    return {"coding": coding, "from": first, "count": int(ascending.size), "data": base64.b64encode(data).decode()}


def unpack(packed: Mapping[str, Any], most: int = MOST) -> Rows:
    """The rows of the JSON form; ``data`` may also be bytes. Raises :class:`ValueError` when it does not hold what it says."""
    coding, first, count, data = (packed.get(name) for name in ("coding", "from", "count", "data"))
    if not _number(first) or not _number(count):
        raise ValueError("packed rows: 'from' and 'count' have to be row numbers")
    assert isinstance(first, int) and isinstance(count, int)
    if count > most:
        raise ValueError(f"packed rows: {count} are more than the {most} allowed")
    if isinstance(data, str):
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise ValueError("packed rows: the data is not base64") from error
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError("packed rows: there is no data")
    if coding == "bits":
        found = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")) + first
    elif coding == "ranges":
        found = _from_ranges(data, first, count)
    else:
        raise ValueError(f"packed rows: coding {coding!r} is not known")
    if found.size != count or (found.size and int(found[-1]) >= 1 << 32):
        raise _wrong(first, count)
    return found.astype(np.int64)


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def _wrong(first: int, count: int) -> ValueError:
    return ValueError(f"packed rows: the data does not hold {count} rows from {first} on")


def _ranges(ascending: Rows) -> bytes:
    """Rows left out and rows taken, in turn, as base-128 numbers."""
    breaks = np.flatnonzero(np.diff(ascending) != 1)
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [ascending.size - 1]))
    runs = ends - starts + 1
    after = np.concatenate(([ascending[0]], ascending[ends[:-1]] + 1))
    pairs = np.empty(runs.size * 2, np.int64)
    pairs[0::2] = ascending[starts] - after
    pairs[1::2] = runs
    return uvarints(pairs)


def uvarints(numbers: Rows) -> bytes:
    """Base-128 numbers, little end first."""
    left = numbers.astype(np.uint64)
    size = np.ones(left.size, np.int64)
    for bits in range(7, 64, 7):
        size += left >> np.uint64(bits) > 0
    ends = np.cumsum(size)
    starts = ends - size
    out = np.zeros(int(ends[-1]) if ends.size else 0, np.uint8)
    for at in range(int(size.max(initial=0))):
        has = size > at
        byte = (left[has] >> np.uint64(7 * at)) & np.uint64(127)
        more = np.where(size[has] > at + 1, 128, 0).astype(np.uint64)
        out[starts[has] + at] = (byte | more).astype(np.uint8)
    return out.tobytes()


def read_uvarints(data: bytes | bytearray | memoryview) -> npt.NDArray[np.uint64]:
    """The base-128 numbers that fill ``data``. Raises :class:`ValueError` when one is cut off or takes more than ten bytes."""
    raw = np.frombuffer(data, np.uint8)
    if raw.size == 0:
        return np.empty(0, np.uint64)
    ends = np.flatnonzero(raw < 128)
    if ends.size == 0 or ends[-1] != raw.size - 1:
        raise ValueError("base-128 numbers: the last one is cut off")
    starts = np.concatenate(([0], ends[:-1] + 1))
    size = ends - starts + 1
    if int(size.max()) > 10 or bool(np.any((size == 10) & (raw[ends] > 1))):
        raise ValueError("base-128 numbers: one does not fit in 64 bits")
    found = np.zeros(ends.size, np.uint64)
    for at in range(int(size.max())):
        has = size > at
        found[has] |= (raw[starts[has] + at].astype(np.uint64) & np.uint64(127)) << np.uint64(7 * at)
    return found


def _from_ranges(data: bytes | bytearray | memoryview, first: int, count: int) -> Rows:
    numbers = read_uvarints(data)
    if numbers.size % 2:
        raise _wrong(first, count)
    skips, runs = numbers[0::2], numbers[1::2]
    # Sums of numbers below 2^32 cannot overflow: there are fewer than 2^26 of them.
    if bool(np.any(runs == 0)) or bool(np.any(runs > count)) or bool(np.any(skips >= 1 << 32)):
        raise _wrong(first, count)
    runs, skips = runs.astype(np.int64), skips.astype(np.int64)
    if int(runs.sum()) != count:
        raise _wrong(first, count)
    starts = first + np.cumsum(skips) + np.concatenate(([0], np.cumsum(runs)[:-1]))
    offset = np.arange(count) - np.repeat(np.cumsum(runs) - runs, runs)
    return np.repeat(starts, runs) + offset
