"""What there is to know when a viewer does not do what it should."""

from __future__ import annotations

import secrets
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

from . import host
from .lane import Lane

if TYPE_CHECKING:
    from .viewer import Viewer


def report(viewer: Viewer, timeout: float | None, lines: int) -> dict[str, Any]:
    """A dict that can be printed or sent to whoever can help: no data and no secrets are in it."""
    state, channel, reader = viewer.state, viewer._channel, viewer._reader
    return {
        "viewer_id": viewer.viewer_id,
        "viewer_url": viewer.viewer_url,
        "server_url": viewer.server_url,
        "displayed": viewer._widget is not None,
        "notebook_context": {"host": host.name(), "waiting": host.waiting(), "lane": _lane(host.own_lane())},
        "server_running": False,
        "versions": {name: _version(name) for name in ("cellucid-relay", "anywidget", "ipywidgets", "ipykernel", "marimo")},
        "python": sys.version.split()[0],
        "source": viewer._source,
        "state": {
            "ready": state.ready,
            "last_event_type": state.last_event_type,
            "last_updated_at": state.last_updated_at,
        },
        "views": {
            name: {"ready": view.ready, "commands": view.sent, "unanswered": len(view.open), "events": view.inbox.seen}
            for name, view in list(channel.views.items())
        },
        "read": {"requests": reader.requests, "bytes": reader.bytes},
        "recent_events": {"count": sum(viewer._events.counts.values()), "by_type": dict(viewer._events.counts)},
        "frontend_roundtrip": _ask(viewer, "ping", "pong", "pong", timeout),
        "frontend_debug_snapshot": _ask(viewer, "debug_snapshot", "debug_snapshot", "snapshot", timeout),
        "frontend_console": viewer._events.recent("console", lines),
    }


def _ask(viewer: Viewer, command: str, event: str, key: str, timeout: float | None) -> dict[str, Any]:
    if not any(view.ready for view in viewer._channel.views.values()):
        return {"ok": False, "error": "no view is ready: display the viewer, and look for a message where it should be"}
    request = secrets.token_hex(8)
    number = viewer._events.last
    try:
        viewer._channel.command({"type": command, "requestId": request})
        payload = viewer._after(number, event, timeout, lambda payload: payload.get("requestId") == request)
    except (TimeoutError, RuntimeError) as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True, key: payload}


def _lane(here: Lane | None) -> dict[str, Any] | None:
    return None if here is None else {"threaded": here.threaded, "messages": here.messages}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
