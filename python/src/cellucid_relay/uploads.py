"""Session bundles on their way in: each request may be answered once, in parts, in order."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .bundle import LIMIT, MAGIC
from .hooks import Payload


@dataclass
class _Upload:
    until: float
    file: BinaryIO | None = None
    path: Path | None = None
    next: int = 0


class Uploads:
    """Requests that are open. ``finished`` is told what became of each: the payload of the event ``session_bundle``."""

    def __init__(self, finished: Callable[[Payload], None]) -> None:
        self._open: dict[str, _Upload] = {}
        self._lock = threading.Lock()
        self._finished = finished

    def expect(self, request: str, seconds: float) -> None:
        """A bundle is about to come."""
        with self._lock:
            self._open[request] = _Upload(time.monotonic() + seconds)

    def forget(self, request: str) -> None:
        """It is no longer wanted; what there is of it is removed."""
        with self._lock:
            upload = self._open.pop(request, None)
        if upload is not None:
            _drop(upload)

    def put(self, request: str, part: int, parts: int, data: bytes) -> None:
        """Takes one part. One that was sent again is let be; one that was not asked for is refused."""
        with self._lock:
            upload = self._open.get(request)
            if upload is None or upload.until < time.monotonic():
                raise ValueError("nobody asked for this session bundle")
            if part < upload.next:
                return
            wrong = self._add(upload, part, data)
            if wrong is None and upload.next < parts:
                return
            del self._open[request]
        if wrong is not None or upload.file is None or upload.path is None:
            _drop(upload)
            return self._finished({"requestId": request, "status": "error", "error": wrong or "nothing came"})
        upload.file.close()
        size = upload.path.stat().st_size
        self._finished({"requestId": request, "status": "ok", "bytes": size, "path": str(upload.path)})

    def _add(self, upload: _Upload, part: int, data: bytes) -> str | None:
        if part != upload.next:
            return f"part {part} came where part {upload.next} was due"
        if upload.file is None:
            if not data.startswith(MAGIC):
                return "this is no Cellucid session"
            handle, name = tempfile.mkstemp(prefix="cellucid-session-", suffix=".cellucid-session")
            upload.file, upload.path = os.fdopen(handle, "wb"), Path(name)
        if upload.file.tell() + len(data) > LIMIT:
            return f"the session bundle exceeds {LIMIT} bytes"
        upload.file.write(data)
        upload.next += 1
        return None


def _drop(upload: _Upload) -> None:
    if upload.file is not None:
        upload.file.close()
    if upload.path is not None:
        upload.path.unlink(missing_ok=True)
