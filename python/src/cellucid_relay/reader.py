"""Answers the viewer's requests for bytes: one message in, one message with binary buffers out.

The viewer asks for no more than one message can carry and keeps only so many requests on their way; what goes beyond is refused,
so that a viewer gone wild costs neither memory nor the notebook's connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .beside import Beside
from .files import File, Folder, Refusal, Source, Span

#: Most bytes in one answer. The narrowest known front end closes its connection beyond 5 MB; base64 adds a third.
REPLY = 2 << 20
#: Most bytes in one message to the kernel; the notebook server cuts the connection beyond 10 MiB.
REQUEST = 2 << 20
#: Bytes that a viewer may ask for before it has been answered.
WINDOW = 8 << 20
#: Most spans or keys in one request.
ITEMS = 4096
#: What the viewer may ask for.
KINDS = ("read", "get", "size", "list", "sibling")
#: Most files that a shown file may lead to.
SIBLINGS = 1024

Answer = tuple[dict[str, Any], list[bytes]]


class Reader:
    """What a viewer may read, by id."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        #: What may be read beside a source, and what was found there: names by path, None for what is not there.
        self._beside: dict[str, tuple[Beside, str]] = {}
        self._found: dict[tuple[Beside, str], str | None] = {}
        #: Bytes handed out, and requests answered.
        self.bytes = 0
        self.requests = 0

    def add(self, source: Source, beside: Beside | None = None) -> dict[str, Any]:
        """Allows a source to be read, and what it leads to; the description names its id."""
        name = f"s{len(self._sources)}"
        self._sources[name] = source
        if not beside:
            return {"source": name, **source.description}
        self._beside[name] = beside, ""
        return {"source": name, **source.description, "beside": True}

    def close(self) -> None:
        """Lets go of all sources; requests are refused from now on."""
        sources, self._sources = self._sources, {}
        for source in sources.values():
            source.close()

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """The answer to a request; one that cannot be met is answered too."""
        try:
            head, buffers = self._answer(request)
        except Refusal as refusal:
            return {"t": "fail", "code": refusal.code, "message": str(refusal), "retry": refusal.retry}, []
        self.requests += 1
        self.bytes += sum(map(len, buffers))
        return {"t": "data", **head}, buffers

    def _answer(self, request: Mapping[str, Any]) -> Answer:
        name, kind = request.get("source"), request.get("t")
        source = self._sources.get(name) if isinstance(name, str) else None
        if source is None:
            raise Refusal("source", "the kernel holds no such data; show it again")
        if kind == "read" and isinstance(source, File):
            spans = [_span(item) for item in _list(request, "spans")]
            total = sum(end - start for start, end in spans)
            if total > REPLY:
                raise Refusal("limit", f"{total} bytes at once; at most {REPLY}")
            return {}, source.read(spans)
        if kind == "sibling" and isinstance(source, File):
            return {"file": self._sibling(str(name), _key(request.get("path")))}, []
        if kind == "get" and isinstance(source, Folder):
            return self._get(source, _list(request, "parts"))
        if kind == "size" and isinstance(source, Folder):
            return {"sizes": [source.size(_key(item)) for item in _list(request, "keys")]}, []
        if kind == "list" and isinstance(source, Folder):
            prefix = request.get("prefix", "")
            return {"names": source.list(prefix if isinstance(prefix, str) else "")}, []
        raise Refusal("request", f"{kind!r} is not a request for a {source.description['kind']}")

    def _sibling(self, name: str, path: str) -> dict[str, Any] | None:
        if name not in self._beside:
            return None
        # As seen from where the file lies that leads to it.
        beside, folder = self._beside[name]
        place = f"{folder}{path}"
        # Found once for all who lead to it: the same file stays open.
        if (beside, place) not in self._found:
            if len(self._found) >= SIBLINGS:
                raise Refusal("limit", f"more than {SIBLINGS} files are asked for beside the one that is shown")
            file = beside.find(place)
            self._found[beside, place] = None if file is None else self.add(file, beside)["source"]
        found = self._found[beside, place]
        if found is None:
            return None
        self._beside[found] = beside, place[: place.rfind("/") + 1]
        return {"source": found, **self._sources[found].description, "beside": True}

    def _get(self, source: Folder, parts: Sequence[Any]) -> Answer:
        found: list[int] = []
        buffers: list[bytes] = []
        left = REPLY
        for part in parts:
            key, span = part if isinstance(part, list) and len(part) == 2 else (part, None)
            if span is not None and not isinstance(span, int):
                span = _span(span)
            # The first is refused when it is too large by itself; of the others the viewer asks again.
            try:
                data = source.get(_key(key), span, left)
            except Refusal as refusal:
                if refusal.code == "limit" and found:
                    break
                if refusal.code == "limit":
                    return {"sizes": [source.size(_key(key))], "found": []}, []
                raise
            if data is None:
                found.append(-1)
                continue
            found.append(len(buffers))
            buffers.append(data)
            left -= len(data)
        return {"found": found}, buffers


def _list(request: Mapping[str, Any], name: str) -> list[Any]:
    items = request.get(name)
    if not isinstance(items, list) or not items or len(items) > ITEMS:
        raise Refusal("request", f"{name!r} has to be a list of 1 to {ITEMS} items")
    return items


def _span(item: Any) -> Span:
    if isinstance(item, list) and len(item) == 2 and all(type(number) is int for number in item):
        start, end = item
        if 0 <= start <= end:
            return start, end
    raise Refusal("request", f"{item!r} is not a span")


def _key(item: Any) -> str:
    if isinstance(item, str):
        return item
    raise Refusal("request", f"{item!r} is not a key")
