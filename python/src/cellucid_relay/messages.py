"""What a viewer can be told and what it tells, as JSON objects: ``doc/PROTOCOL.md`` has the list.

Commands are checked here as far as that is possible without the viewer; events are taken apart and put together again. Nothing
here waits or sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from . import cells as packed_cells

#: A command or an event.
Message = dict[str, Any]

#: Keys that belong to the envelope, which the channel writes: a caller's values are overwritten, hooks never see them.
ENVELOPE = ("viewerId", "viewerToken", "seq")
#: Commands whose effect lasts: a view that opens later is told them too.
LASTING = ("setColorBy", "highlight", "clearHighlights", "setVisibility")

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_COMMAND_TYPES = (*LASTING, "resetCamera", "requestSessionBundle", "ping", "debug_snapshot", "freeze")
#: Most bytes of a command of the user's own.
_LIMIT = 64 << 20


class CommandError(RuntimeError):
    """The viewer could not carry out a command. ``command`` is its type, ``reason`` the viewer's words."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"{command}: {reason}")
        self.command = command
        self.reason = reason


def highlight(cells: Any, color: str = "#ff0000", *, length: int | None = None) -> Message:
    """Adds a group of highlighted cells."""
    if not isinstance(color, str) or not _COLOUR.fullmatch(color):
        raise ValueError(f"color: {color!r} is not written #rrggbb")
    return {"type": "highlight", "cells": _cells(cells, length), "color": color.lower()}


def set_color_by(field: str) -> Message:
    """Colours by a column of obs."""
    if not isinstance(field, str) or not field.strip():
        raise ValueError(f"field: {field!r} is not the name of a column")
    return {"type": "setColorBy", "field": field}


def set_visibility(cells: Any | None = None, visible: bool = True, *, length: int | None = None) -> Message:
    """Shows or hides cells; None stands for all."""
    return {"type": "setVisibility", "cells": None if cells is None else _cells(cells, length), "visible": bool(visible)}


def own(message: Mapping[str, Any]) -> Message:
    """A command as the user wrote it, without the keys of the envelope."""
    if not isinstance(message, Mapping):
        raise TypeError(f"a message is a dict with a 'type', not {type(message).__name__}")
    kept = {key: value for key, value in message.items() if key not in ENVELOPE}
    kind = kept.get("type")
    if not isinstance(kind, str) or not kind:
        raise ValueError(f"a message needs a 'type', a text; this one has {kind!r}")
    if kind == "highlight":
        return {**kept, **highlight(kept.get("cells", ()), kept.get("color", "#ff0000"))}
    if kind == "setVisibility":
        return {**kept, **set_visibility(kept.get("cells"), kept.get("visible", True))}
    try:
        # What is sent is what it was at the time of the call, and nothing but JSON.
        text = json.dumps(kept, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise type(error)(f"the message of type {kind!r} cannot be written as JSON: {error}") from error
    if len(text) > _LIMIT:
        raise ValueError(f"the message of type {kind!r} takes {len(text)} bytes; at most {_LIMIT} can be sent")
    made: Message = json.loads(text)
    return made


def is_own(kind: str) -> bool:
    """Whether a command's type is the user's own invention."""
    return kind not in _COMMAND_TYPES


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as JSON has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _cells(cells: Any, length: int | None) -> Any:
    ascending = packed_cells.rows(cells, length=length)
    return ascending.tolist() if ascending.size <= packed_cells.FEW else packed_cells.pack(ascending)


class Inbox:
    """Events of one page load, in order, each once; selections that came in parts are put together."""

    def __init__(self) -> None:
        #: The number of the newest event.
        self.seen = 0
        self._parts: list[int] = []
        self._next = 0
        self._of = 0

    def take(self, message: Mapping[str, Any]) -> tuple[str, Message] | None:
        """An event's name and what hooks are given; None for one that has been seen or is not whole yet.

        Raises :class:`ValueError` for one that makes no sense.
        """
        seq = message.get("seq")
        if isinstance(seq, int) and not isinstance(seq, bool):
            if seq <= self.seen:
                return None
            self.seen = seq
        name = message.get("type")
        name = name if isinstance(name, str) else ""
        payload = {key: value for key, value in message.items() if key != "type" and key not in ENVELOPE}
        if name in ("selection", "selection_part"):
            if not self._selection(name, payload):
                return None
        return name, payload

    def _selection(self, name: str, payload: Message) -> bool:
        """Puts the rows into the payload; False while parts are missing."""
        rows = _rows(payload.get("cells"))
        part, parts = payload.pop("part", None), payload.pop("parts", None)
        if not isinstance(part, int) or not isinstance(parts, int):
            self._forget()
            payload["cells"] = rows
            return name == "selection"
        due, of = self._next, self._of
        if (part, parts) != (due, of or parts) or part >= parts or (part + 1 == parts) != (name == "selection"):
            self._forget()
            raise ValueError(f"part {part} of {parts} of a selection where part {due} of {of or 'a new one'} is due")
        if len(self._parts) + len(rows) > packed_cells.MOST:
            self._forget()
            raise ValueError(f"a selection of more than {packed_cells.MOST} cells")
        self._parts += rows
        self._next, self._of = part + 1, parts
        if name == "selection":
            payload["cells"] = self._parts
            self._forget()
        return name == "selection"

    def _forget(self) -> None:
        self._parts, self._next, self._of = [], 0, 0


def _rows(given: Any) -> list[int]:
    if isinstance(given, list):
        for at, row in enumerate(given):
            if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < 1 << 32:
                raise ValueError(f"cells[{at}] is {row!r}, not a row number")
        return given
    if isinstance(given, Mapping):
        rows: list[int] = packed_cells.unpack(given).tolist()
        return rows
    raise ValueError(f"a selection needs 'cells', a list of rows, not {type(given).__name__}")
