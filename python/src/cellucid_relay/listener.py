"""What a viewer tells, for whoever wants to hear it: hooks, the newest of each event, calls that wait."""

from __future__ import annotations

from collections.abc import Callable

from . import host
from .hooks import Events, Hook, Hooks, Payload, Predicate, ViewerState

Decorator = Callable[[Hook], Hook]


class Listener:
    """Hears the events of one viewer."""

    def __init__(self) -> None:
        self._hooks = Hooks()
        self._events = Events()

    @property
    def _unheard(self) -> bool:
        """Whether nothing can be heard before the cell has ended."""
        return host.waiting() == "none"

    @property
    def state(self) -> ViewerState:
        """The newest payload of each kind of event."""
        return self._events.state

    @property
    def on_ready(self) -> Decorator:
        """Decorates a function to be called when the data is drawn: ``n_cells``, ``dimensions``."""
        return lambda hook: self._hooks.register("ready", hook)

    @property
    def on_selection(self) -> Decorator:
        """Decorates a function to be called with each selection: ``cells``, ``source``."""
        return lambda hook: self._hooks.register("selection", hook)

    @property
    def on_hover(self) -> Decorator:
        """Decorates a function to be called when the pointer moves: ``cell``, ``position``."""
        return lambda hook: self._hooks.register("hover", hook)

    @property
    def on_click(self) -> Decorator:
        """Decorates a function to be called with each click on a cell: ``cell``, ``button``, ``shift``, ``ctrl``."""
        return lambda hook: self._hooks.register("click", hook)

    @property
    def on_message(self) -> Decorator:
        """Decorates a function to be called with every event: its payload and its name as ``event``."""
        return lambda hook: self._hooks.register("message", hook)

    def register_hook(self, event: str, callback: Hook) -> Hook:
        """Calls a function with every event of a name, which may be one of your own. Returns the function."""
        return self._hooks.register(event, callback)

    def unregister_hook(self, event: str, callback: Hook) -> bool:
        """Whether that function was registered; it no longer is."""
        return self._hooks.unregister(event, callback)

    def clear_hooks(self, event: str | None = None) -> None:
        """Forgets the functions of one event, or all."""
        self._hooks.clear(event)

    def wait_for_event(self, event: str, timeout: float | None = 30.0, *, predicate: Predicate | None = None) -> Payload:
        """The next event of a name that satisfies the predicate; None waits for ever. Raises :class:`TimeoutError`."""
        return self._after(self._events.last, event, timeout, predicate)

    def wait_for_ready(self, timeout: float | None = 30.0) -> Payload:
        """Waits until the data is drawn; returns at once if it has ever been."""
        ready = self.state.ready
        return ready if ready is not None else self._after(0, "ready", timeout, None)

    async def next_event(self, event: str, timeout: float | None = 30.0, *, predicate: Predicate | None = None) -> Payload:
        """Like :meth:`wait_for_event`, to be awaited."""
        return await self._events.following(event, timeout, predicate)

    async def until_ready(self, timeout: float | None = 30.0) -> Payload:
        """Like :meth:`wait_for_ready`, to be awaited."""
        ready = self.state.ready
        return ready if ready is not None else await self.next_event("ready", timeout)

    def _after(self, number: int, event: str, timeout: float | None, predicate: Predicate | None) -> Payload:
        found: list[Payload] = []

        def come() -> bool:
            payload = self._events.after(number, event, predicate)
            found[:] = [] if payload is None else [payload]
            return bool(found)

        if not come() and self._unheard:
            raise host.Blocked(f"event '{event}'")
        if not host.wait(self._events.changed, come, timeout, f"event '{event}'"):
            raise TimeoutError(f"Timed out waiting for event '{event}'")
        return found[0]
