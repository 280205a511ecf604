"""The file in which a viewer's state is saved: a magic line, a JSON manifest, then one chunk after the other."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .cells import read_uvarints

MAGIC = b"CELLUCID_SESSION\n"
#: Largest bundle, and largest unpacked chunk.
LIMIT = 512 << 20
#: Largest manifest.
MANIFEST = 16 << 20


@dataclass(frozen=True)
class SessionChunkRef:
    """Where a chunk lies in its file."""

    id: str
    meta: dict[str, Any]
    offset: int
    stored_bytes: int


class CellucidSessionBundle:
    """A saved session. Only its manifest is read until a chunk is asked for."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open(self.path, "rb") as file:
            self._manifest = _manifest(file, self.path.stat().st_size)
            self._places = dict(self._walk(file))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, {len(self._places)} chunks)"

    @property
    def manifest(self) -> dict[str, Any]:
        """What the file says about itself and its chunks."""
        return self._manifest

    @property
    def dataset_fingerprint(self) -> dict[str, Any] | None:
        """Which data the session belongs to: ``sourceType``, ``datasetId``, ``cellCount``, ``varCount``; None where it does not say."""
        found = self._manifest.get("datasetFingerprint")
        return found if isinstance(found, dict) else None

    def list_chunk_ids(self) -> list[str]:
        """The chunks, in the order of the file."""
        return list(self._places)

    def get_chunk_meta(self, chunk_id: str) -> dict[str, Any]:
        """A chunk's entry in the manifest."""
        return self._place(chunk_id)[0]

    def read_chunk_bytes(self, chunk_id: str) -> bytes:
        """A chunk as it is stored."""
        _, start, length = self._place(chunk_id)
        with open(self.path, "rb") as file:
            file.seek(start)
            return _exactly(file, length, chunk_id)

    def decode_chunk(self, chunk_id: str) -> Any:
        """What a chunk says: JSON, or the unpacked bytes."""
        entry = self.get_chunk_meta(chunk_id)
        data = _unpacked(self.read_chunk_bytes(chunk_id), entry, chunk_id)
        if entry.get("kind") == "json":
            return json.loads(data)
        return data

    def iter_chunks(self, *, decode: bool = False) -> Iterator[Any]:
        """Where each chunk lies; with ``decode`` together with what it says."""
        for chunk_id, (meta, offset, length) in self._places.items():
            place = SessionChunkRef(chunk_id, meta, offset, length)
            yield (place, self.decode_chunk(chunk_id)) if decode else place

    def save(self, dest: str | Path) -> Path:
        """Copies the file; folders on the way are made."""
        dest = Path(dest).expanduser()
        dest.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(self.path, dest))

    def apply_to_anndata(self, adata: Any, *, inplace: bool = False, **kwargs: Any) -> Any:
        """See :func:`apply_cellucid_session_to_anndata`."""
        from .apply import apply_cellucid_session_to_anndata

        return apply_cellucid_session_to_anndata(self, adata, inplace=inplace, **kwargs)

    def _place(self, chunk_id: str) -> tuple[dict[str, Any], int, int]:
        if chunk_id not in self._places:
            raise KeyError(f"{self.path.name} has no chunk {chunk_id!r}; it has {', '.join(self._places) or 'none'}")
        return self._places[chunk_id]

    def _walk(self, file: io.BufferedReader) -> Iterator[tuple[str, tuple[dict[str, Any], int, int]]]:
        entries = self._manifest.get("chunks")
        if not isinstance(entries, list):
            raise ValueError(f"{self.path.name}: the manifest has no list of chunks")
        size = self.path.stat().st_size
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
                raise ValueError(f"{self.path.name}: a chunk without an id")
            (length,) = struct.unpack("<I", _exactly(file, 4, entry["id"]))
            start = file.tell()
            if start + length > size:
                raise ValueError(f"{self.path.name}: chunk {entry['id']!r} is cut off: {size - start} of {length} bytes")
            file.seek(length, io.SEEK_CUR)
            yield entry["id"], (entry, start, length)


def _manifest(file: io.BufferedReader, size: int) -> dict[str, Any]:
    if size > LIMIT:
        raise ValueError(f"a session bundle of {size} bytes exceeds the limit of {LIMIT}")
    if file.read(len(MAGIC)) != MAGIC:
        raise ValueError("not a Cellucid session: it begins with other bytes")
    (length,) = struct.unpack("<I", _exactly(file, 4, "manifest"))
    if not 0 < length <= MANIFEST:
        raise ValueError(f"a manifest of {length} bytes; 1 to {MANIFEST} are allowed")
    try:
        manifest = json.loads(_exactly(file, length, "manifest"))
    except ValueError as error:
        raise ValueError(f"the manifest of the session is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ValueError("the manifest of the session is not a JSON object")
    return manifest


def _exactly(file: io.BufferedReader, length: int, what: str) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise ValueError(f"the session bundle ends within {what!r}")
    return data


def _unpacked(data: bytes, entry: dict[str, Any], chunk_id: str) -> bytes:
    declared = entry.get("uncompressedBytes")
    most = declared if isinstance(declared, int) and 0 <= declared <= LIMIT else LIMIT
    codec = entry.get("codec", "none")
    if codec == "gzip":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"chunk {chunk_id!r}: its gzip stream is damaged: {error}") from error
    elif codec != "none":
        raise ValueError(f"chunk {chunk_id!r}: codec {codec!r} is not known")
    if len(data) > most:
        raise ValueError(f"chunk {chunk_id!r}: more than the {most} bytes that were declared")
    return data


def rows(data: bytes, what: str) -> npt.NDArray[np.int64]:
    """Ascending row numbers: their count, the first, then the differences."""
    numbers = read_uvarints(data)
    if numbers.size == 0 or int(numbers[0]) != numbers.size - 1:
        raise ValueError(f"chunk {what!r}: it does not hold as many rows as it says")
    found = np.cumsum(numbers[1:], dtype=np.uint64)
    if found.size and (int(numbers[1:].max()) >= 1 << 32 or int(found[-1]) >= 1 << 32):
        raise ValueError(f"chunk {what!r}: a row beyond 32 bits")
    return found.astype(np.int64)


def codes(data: bytes, what: str) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Category codes: plain, two bytes each, or runs."""
    if len(data) < 2:
        raise ValueError(f"chunk {what!r}: it is too short for codes")
    form = data[0]
    end = next((at for at in range(1, min(len(data), 11)) if data[at] < 128), None)
    if end is None:
        raise ValueError(f"chunk {what!r}: its length is cut off")
    length, rest = int(read_uvarints(data[1 : end + 1])[0]), data[end + 1 :]
    if length > LIMIT:
        raise ValueError(f"chunk {what!r}: {length} codes are too many")
    if form == 0:
        return np.frombuffer(_first(rest, length, what), np.uint8)
    if form == 1:
        return np.frombuffer(_first(rest, 2 * length, what), "<u2").astype(np.uint16)
    if form == 2:
        return _runs(read_uvarints(rest), length, what)
    raise ValueError(f"chunk {what!r}: codes of form {form} are not known")


def _first(data: bytes, length: int, what: str) -> bytes:
    if len(data) < length:
        raise ValueError(f"chunk {what!r}: {len(data)} bytes where {length} are needed")
    return data[:length]


def _runs(numbers: npt.NDArray[np.uint64], length: int, what: str) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    if numbers.size == 0 or numbers.size < 1 + 2 * int(numbers[0]):
        raise ValueError(f"chunk {what!r}: fewer runs than it says")
    pairs = numbers[1 : 1 + 2 * int(numbers[0])]
    values, counts = pairs[0::2], pairs[1::2]
    if values.size and int(values.max()) >= 1 << 16:
        raise ValueError(f"chunk {what!r}: a code beyond 16 bits")
    # The last run may be longer than what is left; one that falls short is an error.
    ends = np.minimum(np.cumsum(np.minimum(counts, np.uint64(length)), dtype=np.uint64), np.uint64(length)).astype(np.int64)
    if (int(ends[-1]) if ends.size else 0) != length:
        raise ValueError(f"chunk {what!r}: its runs do not make up {length} codes")
    found = np.repeat(values, np.diff(ends, prepend=0))
    return found.astype(np.uint16) if found.size and int(found.max()) >= 256 else found.astype(np.uint8)
