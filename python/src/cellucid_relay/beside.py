"""Files that a shown file leads to: external links, data stored elsewhere, parts of virtual datasets. Only those are read that were allowed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .files import File, Folder, Refusal

#: What may be allowed: nothing, everything in the shown file's folder, or these files.
Allowed = bool | Iterable[str | os.PathLike[str]]


class Beside:
    """What may be read beside a file, by the path that it knows it by."""

    def __init__(self, path: Path, allowed: Allowed) -> None:
        self._folder: Folder | None = None
        self._files: dict[str, Path] = {}
        folder = path.resolve().parent
        if isinstance(allowed, bool):
            self._folder = Folder(folder) if allowed else None
            return
        if isinstance(allowed, (str, os.PathLike)):
            allowed = [allowed]
        for given in allowed:
            place = Path(given).expanduser().resolve(strict=True)
            if not place.is_file():
                raise ValueError(f"beside: {given} is no file; name files, or give True for all in {folder}")
            # A file names others as seen from where it lies; whatever lies elsewhere goes by its name.
            name = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.name
            self._files[name] = place

    def __bool__(self) -> bool:
        return self._folder is not None or bool(self._files)

    def find(self, name: str) -> File | None:
        """The file of that name, open; None where there is none. What leads out of the folder is refused."""
        place = self._files.get(name)
        if place is None and self._folder is not None:
            place = self._folder.place(name)
        if place is None:
            return None
        try:
            return File(place)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise Refusal("source", f"{name}: {error.strerror or error}") from error
