"""The viewer in a notebook: what it shows, what it can be told, what it tells."""

from __future__ import annotations

import asyncio
import atexit
import logging
import secrets
import time
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import files, host, messages
from .beside import Allowed, Beside
from .bundle import CellucidSessionBundle
from .channel import AGAIN, Channel, Ticket
from .hooks import Payload
from .listener import Listener
from .messages import Message
from .options import hosted
from .reader import Reader
from .serverless import Serverless
from .still import Still
from .uploads import Bundles

if TYPE_CHECKING:
    from .colab import Callbacks
    from .widget import ViewerWidget

#: Seconds that a command waits for the viewer's word; loading a column may take that long.
ANSWER = 30.0

logger = logging.getLogger("cellucid_relay")
_open: weakref.WeakSet[Viewer] = weakref.WeakSet()
#: Viewers that somebody looks at: they stay although no variable holds them.
_shown: set[Viewer] = set()


class Viewer(Listener, Serverless):
    """A viewer of one dataset. It may be displayed several times: all its views are told the same and tell their events here."""

    def __init__(
        self,
        source: files.Source,
        *,
        options: Mapping[str, Any] | None = None,
        height: int = 600,
        page: str | None = None,
        beside: Allowed = False,
    ) -> None:
        super().__init__()
        self.height = height
        self._page = None if page is None else hosted(page)
        #: Routes messages: 16 hexadecimal digits.
        self.viewer_id = secrets.token_hex(8)
        self._reader = Reader()
        self._bundles = Bundles()
        self._channel = Channel(self.viewer_id, self._reader, self._events, self._hooks, self._bundles)
        if beside is not False and not isinstance(source, files.File):
            raise ValueError("beside: only files lead to others; a store or an address finds by itself what belongs to it")
        self._source = self._reader.add(source, Beside(source.path, beside) if isinstance(source, files.File) else None)
        self._channel.welcome = {"source": self._source, "options": dict(options or {})}
        self._widget: ViewerWidget | None = None
        self._callbacks: Callbacks | None = None
        self._displayed_by: Any = None
        self._stopped = False
        self._still = Still(self.viewer_id, str(self._source["name"]))
        self._channel.pictured = self._still.update
        # Not by name: the widget registry keeps the channel, which must not keep the viewer.
        me = weakref.ref(self)
        self._channel.left = lambda: _shown.discard(found) if (found := me()) else None
        # Closes files also when the viewer is merely forgotten.
        self._close = weakref.finalize(self, self._reader.close)
        _open.add(self)

    def __repr__(self) -> str:
        state = "stopped" if self._stopped else "ready" if self.state.ready else "not ready"
        return f"{type(self).__name__}({self._source.get('url') or self._source['name']!r}, {state})"

    # --- showing ---------------------------------------------------------------------------------------------------

    def display(self) -> None:
        """Shows the viewer below the cell. Each call adds a view."""
        self._require_running()
        place = host.name()
        if place in ("plain", "ipython"):
            print(
                f"{self!r}: viewers are shown in notebooks; in a terminal, use the program: cellucid-wasm serve {self._source['name']}"
            )
            return
        self._displayed_by = _cell()
        _shown.add(self)
        if place == "marimo":
            import marimo

            marimo.output.append(self._view())
            return
        from IPython.display import display

        data, metadata = self._mime()
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    def _view(self) -> ViewerWidget:
        if self._widget is None:
            from .colab import Callbacks
            from .widget import connect, facts

            self._widget = connect(self._channel, self.height, self._page)
            if host.name() == "colab":
                self._callbacks = Callbacks(self._channel, facts(self._widget))
                self._callbacks.register()
        return self._widget

    def _mime(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live view, and what its host has to know about it. Beside it lies what is left of it without a kernel."""
        found: Any = self._view()._repr_mimebundle_()
        data, metadata = found if isinstance(found, tuple) else (found, {})
        self._still.show()
        if self._callbacks is not None:
            from IPython.display import publish_display_data

            publish_display_data({"text/html": self._callbacks.html(), "text/plain": ""})  # type: ignore[no-untyped-call]
        return {**(data or {}), "text/plain": repr(self)}, metadata

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        # The last line of a cell that has displayed it already: one view is enough.
        if self._stopped or not host.displays() or self._displayed_by == _cell() is not None:
            return {"text/plain": repr(self)}, {}
        self._displayed_by = _cell()
        _shown.add(self)
        return self._mime()

    def _repr_html_(self) -> str:
        # For whoever asks for this form only; notebooks take the one above.
        return self._still.html()

    def _display_(self) -> Any:
        """What marimo shows of it."""
        _shown.add(self)
        return self._view()

    def stop(self) -> None:
        """Ends the viewer: its views keep their picture, its data is let go, its hooks are forgotten."""
        if self._stopped:
            return
        self._stopped = True
        _open.discard(self)
        _shown.discard(self)
        self._hooks.stop()
        if self._channel.connected:
            try:
                self._channel.command({"type": "freeze"})
                self._channel.bye()
            except Exception:
                logger.debug("the viewer's views were not told", exc_info=True)
        if self._widget is not None:
            from .widget import disconnect

            disconnect(self._widget)
        self._close()

    def _require_running(self) -> None:
        if self._stopped:
            raise RuntimeError("this viewer has been stopped; call show() or show_anndata() again")

    # --- telling it ------------------------------------------------------------------------------------------------

    def send_message(self, message: Mapping[str, Any]) -> None:
        """Sends a command: a dict with a ``type``. The ones that are known have methods of their own."""
        self._tell(messages.own(message))

    def highlight_cells(self, cell_indices: Any, color: str = "#ff0000") -> None:
        """Adds a group of highlighted cells, by row number (a list, an array or a boolean mask)."""
        self._tell(messages.highlight(cell_indices, color, length=self._cells))

    def clear_highlights(self) -> None:
        """Removes all groups of highlighted cells."""
        self._tell({"type": "clearHighlights"})

    def set_color_by(self, field: str) -> None:
        """Colours by a column of obs."""
        self._tell(messages.set_color_by(field))

    def set_visibility(self, cell_indices: Any | None = None, visible: bool = True) -> None:
        """Shows or hides cells by row number; None stands for all."""
        self._tell(messages.set_visibility(cell_indices, visible, length=self._cells))

    def reset_view(self) -> None:
        """Shows everything."""
        self._tell({"type": "resetCamera"})

    @property
    def _cells(self) -> int | None:
        count = (self.state.ready or {}).get("n_cells")
        return count if isinstance(count, int) else None

    def _tell(self, command: Message) -> None:
        """Sends a command. Once the viewer is ready its word is waited for, and raised if it is an error."""
        self._require_running()
        ticket = self._channel.command(command)
        if ticket.done or self._unheard:
            return
        ticket.watched = True
        if not self._answered(ticket):
            ticket.watched = False
            logger.warning("%s: the viewer has not answered within %d seconds; it may still do it", ticket.command, ANSWER)
        elif ticket.error is not None:
            raise ticket.error

    @property
    def _unheard(self) -> bool:
        called = self._callbacks is not None and self._callbacks.serving and host.in_main_thread()
        return called or super()._unheard

    def _answered(self, ticket: Ticket) -> bool:
        end = time.monotonic() + ANSWER
        while time.monotonic() < end:
            if host.wait(self._events.changed, lambda: ticket.done, AGAIN, ticket.command):
                return True
            self._channel.remind()
        return False

    # --- its state as a file ---------------------------------------------------------------------------------------

    def get_session_bundle(self, timeout: float | None = 60.0) -> CellucidSessionBundle:
        """What the person has made of the data so far, as a file: highlights, fields, camera."""
        self._require_running()
        end = None if timeout is None else time.monotonic() + timeout

        def left() -> float | None:
            return None if end is None else max(0.0, end - time.monotonic())

        if self.state.ready is None and not self._channel.views:
            self.display()
        self.wait_for_ready(left())
        request = secrets.token_hex(16)
        self._bundles.expect(request, 3600.0 if timeout is None else max(1.0, left() or 0.0))
        number = self._events.last
        try:
            self._channel.command({"type": "requestSessionBundle", "requestId": request})
            payload = self._after(number, "session_bundle", left(), lambda payload: payload.get("requestId") == request)
        finally:
            self._bundles.forget(request)
        return _opened(payload)

    async def session_bundle(self, timeout: float | None = 60.0) -> CellucidSessionBundle:
        """Like :meth:`get_session_bundle`, to be awaited."""
        self._require_running()
        await self.until_ready(timeout)
        request = secrets.token_hex(16)
        self._bundles.expect(request, 3600.0 if timeout is None else max(1.0, timeout))
        answer = asyncio.ensure_future(
            self.next_event("session_bundle", timeout, predicate=lambda payload: payload.get("requestId") == request)
        )
        # It has to listen before it is answered.
        await asyncio.sleep(0)
        try:
            self._channel.command({"type": "requestSessionBundle", "requestId": request})
            return _opened(await answer)
        finally:
            self._bundles.forget(request)

    def apply_session_to_anndata(
        self, adata: Any, *, inplace: bool = False, timeout: float | None = 60.0, cleanup_bundle: bool = True, **kwargs: Any
    ) -> Any:
        """Adds what the person has made of the data to an AnnData; see :func:`apply_cellucid_session_to_anndata`."""
        bundle = self.get_session_bundle(timeout)
        try:
            return bundle.apply_to_anndata(adata, inplace=inplace, **kwargs)
        finally:
            if cleanup_bundle:
                bundle.path.unlink(missing_ok=True)

    # --- about the connection --------------------------------------------------------------------------------------

    def debug_connection(self, timeout: float | None = 5.0, *, max_console_events: int = 50) -> dict[str, Any]:
        """What there is to know when the viewer does not do what it should."""
        from .connection import report

        return report(self, timeout, max_console_events)


def _opened(payload: Payload) -> CellucidSessionBundle:
    if payload.get("status") != "ok":
        raise RuntimeError(f"the viewer could not save its session: {payload.get('error')}")
    return CellucidSessionBundle(payload["path"])


def cleanup_all() -> None:
    """Stops all viewers."""
    for viewer in list(_open):
        viewer.stop()


def _cell() -> Any:
    """Tells the cell that runs from others; None where there are no cells."""
    import sys

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "execution_count", None)


atexit.register(cleanup_all)
