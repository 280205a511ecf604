"""Google Colab without its widget manager, which is fetched from elsewhere and may be refused: the same front end, its messages
carried by functions that an output may call in the kernel.

Such calls wait in the kernel's queue like cells, and answers travel as text: a way that works, not one to prefer. The output starts
it when no view has appeared by the usual way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from .channel import Channel

_START = """(async (place, told) => {
  const { start } = await import(URL.createObjectURL(new Blob([told.colab], { type: "text/javascript" })));
  start(place, told);
})"""


class Callbacks:
    """The views of one viewer that speak by calling a function of the kernel."""

    def __init__(self, channel: Channel, facts: Mapping[str, Any]) -> None:
        self._channel = channel
        self._facts = dict(facts)
        #: What has to be told to each view, with the next answer.
        self._due: dict[str, list[dict[str, Any]]] = {}
        self.name = f"cellucid-{channel.viewer_id}"

    def register(self) -> None:
        """Lets outputs call."""
        from google.colab import output

        output.register_callback(self.name, self.call)
        self._channel.connect(self._send)

    @property
    def serving(self) -> bool:
        """Whether a view speaks this way."""
        return bool(self._due)

    def html(self) -> str:
        """The output that starts the front end if no view has appeared."""
        page = resources.files(__package__) / "page"
        told = {name: (page / f"{name}.js").read_text() for name in ("widget", "colab")} | {
            "name": self.name,
            "facts": self._facts,
        }
        packed = json.dumps(told).replace("<", "\\u003c")
        return f"<div></div><script>{_START}(document.currentScript.previousElementSibling, {packed});</script>"

    def call(self, messages: Sequence[Mapping[str, Any]] | None) -> Any:
        """Called by an output: with messages, or with None to ask whether it is needed."""
        from IPython.display import JSON

        if messages is None:
            return JSON({"needed": not self._channel.views})  # type: ignore[no-untyped-call]
        found: list[dict[str, Any]] = []
        for message in messages:
            content = message.get("content")
            if not isinstance(content, Mapping) or not isinstance(content.get("view"), str):
                continue
            view = content["view"]
            due = self._due.setdefault(view, [])
            self._channel.receive(content, [base64.b64decode(buffer) for buffer in message.get("buffers", ())])
            found += due
            due.clear()
            if content.get("t") == "gone":
                self._due.pop(view, None)
        return JSON({"messages": found})  # type: ignore[no-untyped-call]

    def _send(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        packed = {"content": content, "buffers": [base64.b64encode(buffer).decode() for buffer in buffers]}
        view = content.get("view")
        for name, due in self._due.items():
            if view in (None, name):
                due.append(packed)
