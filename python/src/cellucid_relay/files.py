"""What the viewer may read: the file or folder that was shown, nothing else, and never to write.

A source is opened when it is shown. Requests name it by an id; keys are looked up below its root and nowhere else.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

#: A span of bytes: first, and one past the last.
Span = tuple[int, int]


class Refusal(Exception):
    """A request that is not answered with data. ``code`` says who can mend it, in the words of the viewer's own errors."""

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry


class Source(Protocol):
    """Something that was shown."""

    @property
    def description(self) -> dict[str, Any]:
        """What the viewer is told about it."""

    def close(self) -> None:
        """Lets go of it."""


class File:
    """One file, read at offsets. It is held open, so that a file put in its place later does not mix with it."""

    def __init__(self, path: str | os.PathLike[str], *, remove: bool = False) -> None:
        self.path = Path(path)
        self._remove = remove
        self._turn = threading.Lock()
        # O_NONBLOCK: opening a pipe must not wait for its writer, it is refused below.
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self._handle = os.open(self.path, flags)
        state = os.fstat(self._handle)
        if not stat.S_ISREG(state.st_mode):
            os.close(self._handle)
            raise ValueError(f"{self.path}: not a regular file")
        self.size = state.st_size
        self.tag = _tag(state)

    @property
    def description(self) -> dict[str, Any]:
        """What the viewer is told about it."""
        return {"kind": "file", "name": self.path.name, "size": self.size, "tag": self.tag}

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Exactly the bytes of the spans."""
        for start, end in spans:
            if not 0 <= start <= end <= self.size:
                raise Refusal("request", f"{self.path.name}: bytes {start} to {end} of {self.size}")
        try:
            found = [self._span(start, end) for start, end in spans]
            now = _tag(os.fstat(self._handle))
        except OSError as error:
            raise Refusal("source", f"{self.path.name}: {error.strerror or error}") from error
        # Looked at after reading: what was read before the change is as good as what was there before it.
        if now != self.tag:
            raise Refusal("source", f"{self.path.name}: the file has changed since it was shown; show it again")
        return found

    def _span(self, start: int, end: int) -> bytes:
        parts = []
        while start < end:
            part = self._at(start, end - start)
            if not part:
                raise Refusal("source", f"{self.path.name}: the file ends at {start}, before {end}; show it again")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _at(self, start: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._handle, length, start)
        with self._turn:
            os.lseek(self._handle, start, os.SEEK_SET)
            return os.read(self._handle, length)

    def close(self) -> None:
        """Lets go of it, and removes it where it was made for the viewer."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._remove:
            self.path.unlink(missing_ok=True)


class Folder:
    """Many files by key, as a Zarr store or an export folder has them."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.root = self.path.resolve(strict=True)
        if not self.root.is_dir():
            raise ValueError(f"{self.path}: not a folder")

    @property
    def description(self) -> dict[str, Any]:
        """What the viewer is told about it."""
        return {"kind": "folder", "name": self.path.name or self.root.name}

    def get(self, key: str, span: Span | int | None, most: int) -> bytes | None:
        """The file of that key, a span of it, or so many last bytes; None when there is no such file."""
        place = self.place(key)
        try:
            with open(place, "rb") as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode):
                    return None
                start, end = _limits(span, state.st_size)
                if end - start > most:
                    raise Refusal("limit", f"{key}: {end - start} bytes at once; at most {most}; size {state.st_size}")
                file.seek(start)
                return file.read(end - start)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise Refusal("source", f"{key}: {error.strerror or error}") from error

    def size(self, key: str) -> int | None:
        """The size of the file of that key; None when there is no such file."""
        try:
            state = self.place(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Refusal("source", f"{key}: {error.strerror or error}") from error
        return state.st_size if stat.S_ISREG(state.st_mode) else None

    def list(self, prefix: str) -> list[str]:
        """Names directly below a prefix, folders with a trailing slash."""
        place = self.place(prefix.rstrip("/")) if prefix.strip("/") else self.root
        try:
            with os.scandir(place) as entries:
                return sorted(entry.name + "/" * entry.is_dir() for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise Refusal("source", f"{prefix}: {error.strerror or error}") from error

    def place(self, key: str) -> Path:
        """Where a key leads, which is below the folder."""
        parts = key.split("/")
        # Backslash and colon mean something on Windows; a store that travels has neither.
        if any(part in ("", ".", "..") or any(sign in part for sign in "\\:\0") for part in parts):
            raise Refusal("request", f"{key!r} is not a key")
        place = self.root.joinpath(*parts).resolve()
        if not place.is_relative_to(self.root):
            raise Refusal("request", f"{key!r} leads out of {self.path.name}")
        return place

    def close(self) -> None:
        """Nothing is held open."""


class Address:
    """Data on a web server, which the browser reads itself."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def description(self) -> dict[str, Any]:
        """What the viewer is told about it."""
        return {"kind": "address", "name": self.url.rstrip("/").rpartition("/")[2], "url": self.url}

    def close(self) -> None:
        """Nothing is held open."""


def source(given: str | os.PathLike[str]) -> File | Folder | Address:
    """The source that a path or a web address names."""
    if isinstance(given, str) and given.lower().startswith(("http://", "https://")):
        return Address(given)
    path = Path(given).expanduser()
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder; the kernel runs in {Path.cwd()}")
    return File(path)


def _tag(state: os.stat_result) -> str:
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"


def _limits(span: Span | int | None, size: int) -> Span:
    if span is None:
        return 0, size
    if isinstance(span, int):
        return max(0, size - span), size
    start, end = span
    return min(start, size), min(end, size)
