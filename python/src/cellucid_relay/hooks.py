"""What happens in Python when the viewer tells something: state, waiting calls, hooks.

State is set and waiting calls are woken at once, on whatever thread the event arrived. Hooks run one after the other on a thread
of their own, so that a slow hook delays neither data nor other viewers, and may itself wait for events.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any

#: What a hook is called with.
Payload = dict[str, Any]
Hook = Callable[[Payload], Any]
Predicate = Callable[[Payload], bool]

#: So many of the newest events are kept.
KEPT = 512

logger = logging.getLogger("cellucid_relay")


@dataclass
class ViewerState:
    """The newest payload of each kind of event, None before the first."""

    ready: Payload | None = None
    selection: Payload | None = None
    hover: Payload | None = None
    click: Payload | None = None
    last_event_type: str | None = None
    last_event: Payload | None = None
    #: On the clock of :func:`time.monotonic`.
    last_updated_at: float | None = None


class Hooks:
    """Functions by event name. Any name is allowed; ``message`` is told everything.

    Each is called in the context that registered it: what it prints and displays belongs to that cell.
    """

    def __init__(self) -> None:
        self._registered: dict[str, list[tuple[Hook, Context]]] = {}
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[str, Payload] | None] | None = None

    def register(self, event: str, hook: Hook) -> Hook:
        """Calls ``hook`` with every such event; returns it, so that this serves as a decorator."""
        if not callable(hook):
            raise TypeError(f"a hook is a function, not {type(hook).__name__}")
        with self._lock:
            self._registered.setdefault(event, []).append((hook, copy_context()))
        return hook

    def unregister(self, event: str, hook: Hook) -> bool:
        """Whether the hook was registered; it no longer is."""
        with self._lock:
            registered = self._registered.get(event, [])
            at = next((at for at, (other, _) in enumerate(registered) if other == hook), None)
            if at is None:
                return False
            del registered[at]
            return True

    def clear(self, event: str | None = None) -> None:
        """Forgets the hooks of one event, or all."""
        with self._lock:
            if event is None:
                self._registered.clear()
            else:
                self._registered.pop(event, None)

    def tell(self, event: str, payload: Payload) -> None:
        """Has the hooks called, in order of the events. Returns at once."""
        with self._lock:
            if not self._registered.get("message") and not self._registered.get(event):
                return
            if self._waiting is None:
                waiting: queue.SimpleQueue[tuple[str, Payload] | None] = queue.SimpleQueue()
                thread = threading.Thread(target=self._work, args=(waiting,), name="cellucid-hooks", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no threads here, as in Pyodide
                    waiting = None  # type: ignore[assignment]
                self._waiting = waiting
        if self._waiting is None:
            self._call(event, payload)
        else:
            self._waiting.put((event, payload))

    def stop(self) -> None:
        """Ends the thread after the hooks that are due."""
        self.clear()
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.put(None)

    def _work(self, waiting: queue.SimpleQueue[tuple[str, Payload] | None]) -> None:
        while (item := waiting.get()) is not None:
            self._call(*item)

    def _call(self, event: str, payload: Payload) -> None:
        with self._lock:
            everything = list(self._registered.get("message", ()))
            own = list(self._registered.get(event, ()))
        calls = [(*hook, {"event": event, **payload}) for hook in everything] + [(*hook, payload) for hook in own]
        for hook, context, argument in calls:
            try:
                # Copies: what one hook does is no other hook's concern.
                context.copy().run(hook, dict(argument))
            except Exception:
                logger.exception("a hook for %r failed: %s", event, getattr(hook, "__qualname__", hook))


class Events:
    """The newest events, and who waits for the next."""

    def __init__(self) -> None:
        self.state = ViewerState()
        self.counts: Counter[str] = Counter()
        self._log: deque[tuple[int, str, Payload]] = deque(maxlen=KEPT)
        self._last = 0
        #: Notified of every event; also held while views come and go.
        self.changed = threading.Condition(threading.RLock())
        self._futures: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[Payload], str, Predicate | None]] = []

    def add(self, event: str, payload: Payload) -> None:
        """Takes note of an event and wakes those who wait for it."""
        with self.changed:
            self._last += 1
            self.counts[event] += 1
            self._log.append((self._last, event, payload))
            if event in ("ready", "selection", "hover", "click"):
                setattr(self.state, event, payload)
            self.state.last_event_type, self.state.last_event = event, payload
            self.state.last_updated_at = time.monotonic()
            self.changed.notify_all()
            for entry in list(self._futures):
                loop, future, name, predicate = entry
                if name == event and _fits(predicate, payload):
                    self._futures.remove(entry)
                    loop.call_soon_threadsafe(_settle, future, payload)

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last

    def after(self, number: int, event: str, predicate: Predicate | None = None) -> Payload | None:
        """The first such event after that number, if it has come."""
        with self.changed:
            found = [payload for at, name, payload in self._log if at > number and name == event]
        # Called without the lock: it is the user's.
        return next((payload for payload in found if _fits(predicate, payload)), None)

    def recent(self, event: str, count: int) -> list[Payload]:
        """The newest events of a name, oldest first."""
        with self.changed:
            found = [payload for _, name, payload in self._log if name == event]
        return found[-count:] if count > 0 else []

    async def following(self, event: str, timeout: float | None, predicate: Predicate | None) -> Payload:
        """The next such event."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Payload] = loop.create_future()
        entry = (loop, future, event, predicate)
        with self.changed:
            self._futures.append(entry)
        try:
            return await asyncio.wait_for(future, timeout)
        except (TimeoutError, asyncio.TimeoutError):  # noqa: UP041  one and the same only since Python 3.11
            raise TimeoutError(f"Timed out waiting for event '{event}'") from None
        finally:
            with self.changed:
                if entry in self._futures:
                    self._futures.remove(entry)


def _fits(predicate: Predicate | None, payload: Payload) -> bool:
    return predicate is None or bool(predicate(payload))


def _settle(future: asyncio.Future[Payload], payload: Payload) -> None:
    if not future.done():
        future.set_result(payload)
