"""A lane of their own for the viewers' messages, past the queue in which the kernel runs cells.

ipykernel hands every message to the shell, which runs one thing at a time: while a cell runs, neither data nor events would get
through. Here the callback of the shell's stream is wrapped: messages for our viewers are taken out, all others go where they
always went.

ipykernel 7 and newer read the stream on a thread of its own; ours are then answered on another thread of ours, while cells run.
ipykernel 6 reads it on the main thread: ours are answered whenever that thread comes round, also while a cell awaits something,
and :meth:`Lane.pump` comes round in a cell that blocks.

None of this is part of ipykernel's promised interface. It is tried, and left alone where it does not fit.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

#: Called with a custom message's content and buffers.
Handler = Callable[[dict[str, Any], list[memoryview]], None]

#: Quiet seconds before the front end is told that messages are done with.
_QUIET = 0.1

#: Seconds after which messages are looked for that nobody was told of.
_OVERLOOKED = 0.5

logger = logging.getLogger("cellucid_relay")
_lane: Lane | None = None
_lock = threading.Lock()


class Lane:
    """The wrapped stream of one kernel."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._stream = kernel.shell_stream
        self._session = kernel.session
        self._handlers: dict[str, Handler] = {}
        self._thread = getattr(kernel, "shell_channel_thread", None)
        self._jobs: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self._owed: list[dict[str, Any]] = []
        self._callback: Callable[[Any], Any] = self._stream._recv_callback
        self.messages = 0
        if not callable(self._callback) or self._stream._recv_copy:
            raise TypeError("the stream does not look as expected")
        if self._thread is not None:
            # A stream belongs to the thread that reads it.
            done = threading.Event()
            self._thread.io_loop.add_callback(self._wrap)
            self._thread.io_loop.add_callback(done.set)
            if not done.wait(5):
                raise TimeoutError("the shell channel's thread does not answer")
            threading.Thread(target=self._work, name="cellucid-lane", daemon=True).start()
        else:
            self._wrap()

    @property
    def threaded(self) -> bool:
        """Whether messages are answered while a cell runs."""
        return self._thread is not None

    def add(self, comm_id: str, handler: Handler) -> None:
        """From now on custom messages to that comm go to the handler."""
        self._handlers[comm_id] = handler

    def remove(self, comm_id: str) -> None:
        """From now on they go where they went before."""
        self._handlers.pop(comm_id, None)

    def pump(self, seconds: float) -> None:
        """Answers messages on the main thread for a while, or until one has come."""
        if self._stream.socket.poll(int(seconds * 1000)):
            # Those that are not ours are put into the kernel's queue by the callback, in order.
            self._stream.flush()
        self._settle()

    def _wrap(self) -> None:
        self._stream.on_recv(self._take, copy=False)
        if self.threaded:
            # ipykernel 7.0 to 7.2 may overlook a message that comes while it answers another one, until the next comes.
            from tornado.ioloop import PeriodicCallback

            PeriodicCallback(self._stream.flush, 1000 * _OVERLOOKED).start()

    def _take(self, message: list[Any]) -> Any:
        try:
            frames = self._ours(message)
        except Exception:
            # Whatever it is: the kernel knows what to do with it.
            frames = None
        if frames is None:
            return self._callback(message)
        if self.threaded:
            self._jobs.put(frames)
        else:
            self._answer(frames)
            self._kernel.io_loop.call_later(_QUIET, self._settle)
        return None

    def _ours(self, message: list[Any]) -> list[Any] | None:
        """The frames of a message to one of our comms."""
        if not self._handlers:
            return None
        _, frames = self._session.feed_identities(message, copy=False)
        # Signature, header, parent, metadata, content, buffers.
        if json.loads(bytes(frames[1].buffer)).get("msg_type") != "comm_msg":
            return None
        content = json.loads(bytes(frames[4].buffer))
        known = content.get("comm_id") in self._handlers
        return frames if known and content.get("data", {}).get("method") == "custom" else None

    def _answer(self, frames: list[Any]) -> None:
        try:
            message = self._session.deserialize(frames, content=True, copy=False)
            handler = self._handlers.get(message["content"]["comm_id"])
            self._owed.append(message)
            self.messages += 1
            if handler is not None:
                handler(message["content"]["data"].get("content", {}), [memoryview(b) for b in message["buffers"]])
        except Exception:
            logger.exception("a message from the notebook could not be handled")

    def _work(self) -> None:
        while True:
            try:
                frames = self._jobs.get(timeout=_QUIET if self._owed else None)
            except queue.Empty:
                self._settle()
                continue
            self._answer(frames)

    def _settle(self) -> None:
        """Tells the front end that messages are done with: it keeps a record of each until then.

        Not at once: a small message just before would hold up the answer (Nagle's algorithm in the notebook server). Not while a
        cell runs: the front end would show the kernel as idle.
        """
        if not self._owed or self._running():
            return
        owed, self._owed = self._owed, []
        for message in owed:
            try:
                content = {"execution_state": "idle"}
                self._session.send(
                    self._kernel.iopub_socket, "status", content, parent=message, ident=self._kernel._topic("status")
                )
            except Exception:
                logger.debug("status not sent", exc_info=True)
                return

    def _running(self) -> bool:
        return _cell.running


class _Cell:
    """Whether a cell runs."""

    def __init__(self) -> None:
        self.running = False

    def watch(self, shell: Any) -> None:
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)
        # This very code is called by a cell.
        self.running = True

    def _begin(self, *_: Any) -> None:
        self.running = True

    def _end(self, *_: Any) -> None:
        self.running = False


_cell = _Cell()


def lane(kernel: Any) -> Lane | None:
    """The lane of this kernel; None where it cannot be had."""
    global _lane
    with _lock:
        if _lane is None and kernel is not None:
            try:
                _lane = Lane(kernel)
                if getattr(kernel, "shell", None) is not None:
                    _cell.watch(kernel.shell)
            except Exception as reason:
                logger.debug("no lane: %r", reason)
        return _lane


def pumped(here: Lane, until: Callable[[], bool], timeout: float | None) -> bool:
    """Answers messages in a cell that blocks, until a condition holds; False when time is up."""
    end = None if timeout is None else time.monotonic() + timeout
    while not until():
        left = 0.1 if end is None else min(0.1, end - time.monotonic())
        if left <= 0:
            return False
        here.pump(left)
    return True
