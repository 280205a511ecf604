"""Large things on their way in: attachments of events in parts, and session bundles, each of which was asked for."""

from __future__ import annotations

import atexit
import os
import tempfile
import threading
import time
from pathlib import Path

from .bundle import LIMIT, MAGIC
from .hooks import Payload

#: Attachments that may be under way at the same time.
OPEN = 8


class Attachments:
    """Bytes that came in parts because one message could not carry them, until the event they belong to takes them."""

    def __init__(self) -> None:
        self._open: dict[str, list[bytes]] = {}
        self._lock = threading.Lock()

    def put(self, name: str, part: int, data: bytes) -> None:
        """Takes one part; one that was sent again is let be."""
        with self._lock:
            parts = self._open.setdefault(name, [])
            if part < len(parts):
                return
            if part > len(parts):
                raise ValueError(f"part {part} of an attachment came where part {len(parts)} was due")
            # The oldest is one that nobody came for.
            while len(self._open) > OPEN:
                del self._open[next(iter(self._open))]
            if sum(len(piece) for pieces in self._open.values() for piece in pieces) + len(data) > LIMIT:
                del self._open[name]
                raise ValueError(f"attachments of more than {LIMIT} bytes")
            parts.append(data)

    def take(self, name: str) -> bytes:
        """The whole."""
        with self._lock:
            if name not in self._open:
                raise ValueError("an attachment that never came")
            return b"".join(self._open.pop(name))


class Bundles:
    """Session bundles that were asked for: each request is answered once."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def expect(self, request: str, seconds: float) -> None:
        """A bundle is about to come."""
        with self._lock:
            self._until[request] = time.monotonic() + seconds

    def forget(self, request: str) -> None:
        """It is no longer wanted."""
        with self._lock:
            self._until.pop(request, None)

    def finish(self, payload: Payload) -> Payload:
        """The viewer's answer as hooks are told it: with a file in place of the bytes. Raises for what nobody asked for."""
        request, data = payload.get("requestId"), payload.get("data")
        with self._lock:
            until = self._until.pop(request, 0.0) if isinstance(request, str) else 0.0
        if until < time.monotonic():
            raise ValueError("a session bundle that nobody asked for")
        if payload.get("status") != "ok":
            return {"requestId": request, "status": "error", "error": str(payload.get("error") or "no reason given")}
        if not isinstance(data, bytes) or not data.startswith(MAGIC) or len(data) > LIMIT:
            return {"requestId": request, "status": "error", "error": "this is no Cellucid session"}
        handle, path = tempfile.mkstemp(prefix="cellucid-session-", suffix=".cellucid-session")
        # Whoever wants it for longer than this process lives saves it.
        atexit.register(_remove, Path(path), os.getpid())
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return {"requestId": request, "status": "ok", "bytes": len(data), "path": path}


def _remove(path: Path, owner: int) -> None:
    # A forked child ends like its parent, and must not take the parent's file along.
    if os.getpid() == owner:
        path.unlink(missing_ok=True)
