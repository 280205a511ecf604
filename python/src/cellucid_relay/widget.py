"""The viewer as a Jupyter widget: one small front end, custom messages, no data in its traits.

A notebook saves a widget's traits with itself; there is nothing in these that would be a pity to find there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import anywidget
import traitlets

from . import host
from .channel import Channel

_PAGE = resources.files(__package__) / "page"


@cache
def page() -> bytes:
    """The whole viewer as one HTML file, packed with gzip."""
    try:
        return (_PAGE / "viewer.html.gz").read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            "the viewer is not part of this installation; in a checkout, run: python python/build.py"
        ) from None


class ViewerWidget(anywidget.AnyWidget):
    """Shows the viewer and carries its messages."""

    _esm = (_PAGE / "widget.js").read_text() if (_PAGE / "widget.js").is_file() else ""
    # A Jupyter server brings its own copy of anywidget's front end: any that there is will do. Other hosts fetch the one that is named.
    _model_module_version = traitlets.Unicode().tag(sync=True)
    _view_module_version = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_model_module_version")
    def _model(self) -> Any:
        return self._version()

    @traitlets.default("_view_module_version")
    def _view(self) -> Any:
        return self._version()

    @staticmethod
    def _version() -> Any:
        if host.name() in ("colab", "vscode"):
            return anywidget.AnyWidget._model_module_version.default_value
        return "*"

    height = traitlets.Int(600).tag(sync=True)
    #: Which page belongs to this kernel's version: views of one notebook share a copy.
    build = traitlets.Unicode("").tag(sync=True)
    #: Distinguishes this viewer's picture from others'.
    viewer = traitlets.Unicode("").tag(sync=True)
    #: The address of a hosted page; empty for the one that this package brings.
    page = traitlets.Unicode("").tag(sync=True)


def connect(channel: Channel, height: int, hosted: str | None = None) -> ViewerWidget:
    """A widget for a viewer, its messages going to and from the channel."""
    build = "" if hosted else hashlib.sha256(page()).hexdigest()[:16]
    widget = ViewerWidget(height=height, build=build, viewer=channel.viewer_id, page=hosted or "")

    def send(content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        widget.send(content, list(buffers))

    channel.page = page
    channel.connect(send)
    widget.on_msg(lambda _, content, buffers: channel.receive(content, buffers))
    comm = widget.comm
    if comm is not None:
        # ipykernel 7.4 answers where a comm was last written from, which may be a shell that is busy: the front end knows better.
        if hasattr(comm, "_reply_subshell_for"):
            comm._reply_subshell_for = lambda _, default: default
        here = host.own_lane()
        if here is not None:
            here.add(comm.comm_id, channel.receive)
    return widget


def facts(widget: ViewerWidget) -> dict[str, Any]:
    """What the front end asks of a widget."""
    return {name: getattr(widget, name) for name in ("height", "build", "viewer", "page")}


def disconnect(widget: ViewerWidget) -> None:
    """The viewer has stopped: what is shown stays, frozen."""
    comm = widget.comm
    here = host.own_lane()
    if comm is not None and here is not None:
        here.remove(comm.comm_id)
