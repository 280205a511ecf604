"""The viewer's channel: messages to and from the views of one viewer, over whatever the notebook offers.

A view is one place where the viewer is shown; a page load of it is told apart by its epoch. Everything that must arrive is
numbered, kept until it has been answered and sent again when it was lost: notebooks drop what is on its way when their
connection breaks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import messages
from .hooks import Events, Hooks
from .messages import CommandError, Inbox, Message
from .reader import KINDS, REPLY, REQUEST, WINDOW, Reader
from .uploads import Attachments, Bundles

#: Sends content and buffers to all views.
Send = Callable[[dict[str, Any], Sequence[bytes]], None]

#: Seconds after which a command that was not answered is sent again.
AGAIN = 3.0
#: Commands that wait for a first view.
WAITING = 256

logger = logging.getLogger("cellucid_relay")


@dataclass
class View:
    """One page load of one view."""

    epoch: int
    inbox: Inbox = field(default_factory=Inbox)
    #: Commands by number that have not been answered, with the time they were sent.
    open: dict[int, tuple[Message, float]] = field(default_factory=dict)
    sent: int = 0
    ready: bool = False


class Ticket:
    """One command, sent to some views, and what became of it."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.waiting: set[tuple[str, int]] = set()
        self.error: CommandError | None = None
        #: Somebody waits, and will raise the error.
        self.watched = False

    @property
    def done(self) -> bool:
        """Whether every view has answered."""
        return not self.waiting


class Channel:
    """The messages of one viewer."""

    def __init__(self, viewer_id: str, reader: Reader, events: Events, hooks: Hooks, bundles: Bundles) -> None:
        self.viewer_id = viewer_id
        self.events = events
        self.hooks = hooks
        self.views: dict[str, View] = {}
        #: What a view is told when it opens.
        self.welcome: dict[str, Any] = {}
        #: The page, packed with gzip.
        self.page: Callable[[], bytes] = bytes
        #: Called with a picture of what a view shows, now and then.
        self.pictured: Callable[[bytes], None] = lambda _: None
        #: Called when the last view has gone.
        self.left: Callable[[], None] = lambda: None
        self._reader = reader
        self._bundles = bundles
        self._attachments = Attachments()
        self._sends: list[Send] = []
        self._lasting: list[Message] = []
        self._waiting: list[tuple[Message, Ticket]] = []
        self._tickets: dict[tuple[str, int], Ticket] = {}
        self._lock = events.changed

    def connect(self, send: Send) -> None:
        """From now on messages go out through this, too."""
        self._sends.append(send)

    @property
    def connected(self) -> bool:
        """Whether messages can go out."""
        return bool(self._sends)

    # --- what comes in ---------------------------------------------------------------------------------------------

    def receive(self, content: Any, buffers: Sequence[Any]) -> None:
        """A message from a view. What makes no sense is logged and dropped."""
        try:
            if not isinstance(content, Mapping) or not isinstance(content.get("view"), str):
                raise ValueError("no view is named")
            self._receive(content, buffers)
        except ValueError as error:
            logger.warning("a message of the viewer was not understood: %s", error)

    def _receive(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        name, kind = content["view"], content.get("t")
        if kind == "hello":
            return self._hello(name, content)
        if kind == "page":
            return self._reply(content, {"t": "page"}, [self.page()])
        if kind in KINDS:
            head, found = self._reader.answer(content)
            return self._reply(content, head, found)
        view = self.views.get(name)
        if view is not None and view.epoch != content.get("epoch"):
            view = None  # of a page that is gone
        if kind == "ping":
            self._reply(content, {"t": "pong", "seen": view.inbox.seen if view else 0})
        if view is None:
            return None
        if kind == "event":
            self._event(name, view, self._whole(content, buffers))
            # Of what may get lost, the next goes out when this one has come.
            if "rid" in content:
                self._reply(content, {"t": "data"})
        elif kind == "put":
            attachment, part = content.get("attachment"), content.get("part")
            if not isinstance(attachment, str) or not isinstance(part, int) or len(buffers) != 1:
                raise ValueError("a part of an attachment that is no such thing")
            self._attachments.put(attachment, part, bytes(buffers[0]))
            self._reply(content, {"t": "data"})
        elif kind == "picture":
            self.pictured(bytes(buffers[0]) if buffers else b"")
        elif kind == "gone":
            self._leave(name)
            if not self.views:
                self.left()
        elif kind not in ("ping", "news"):
            raise ValueError(f"{kind!r} is no kind of message")
        self._again(name, view, content.get("got"))
        return None

    def _hello(self, name: str, content: Mapping[str, Any]) -> None:
        epoch = content.get("epoch")
        if not isinstance(epoch, int):
            raise ValueError("no epoch is named")
        with self._lock:
            view = self.views.get(name)
            if view is None or view.epoch != epoch:
                self._leave(name)
                view = self.views[name] = View(epoch)
        limits = {"reply": REPLY, "request": REQUEST, "window": WINDOW}
        self._reply(
            content, {"t": "welcome", "viewerId": self.viewer_id, "limits": limits, "seen": view.inbox.seen, **self.welcome}
        )

    def _whole(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> Message:
        """An event with its bytes in their place: they travel beside it, or before it in parts."""
        message = content.get("message")
        if not isinstance(message, Mapping) or message.get("viewerId") not in (None, self.viewer_id):
            raise ValueError("an event of another viewer")
        attachment = content.get("attachment")
        if attachment is None and not buffers:
            return dict(message)
        data = self._attachments.take(attachment) if isinstance(attachment, str) else bytes(buffers[0])
        if isinstance(message.get("cells"), Mapping):
            return {**message, "cells": {**message["cells"], "data": data}}
        return {**message, "data": data}

    def _event(self, name: str, view: View, message: Message) -> None:
        taken = view.inbox.take(message)
        if isinstance(message.get("seq"), int):
            self._out({"t": "command", "view": name, "epoch": view.epoch, "message": {"type": "ack", "upTo": view.inbox.seen}})
        if taken is None:
            return
        event, payload = taken
        if event in ("command_done", "command_error"):
            self._answered(name, view, event, payload)
            if event == "command_done":
                return
        if event == "ready":
            with self._lock:
                first = not any(other.ready for other in self.views.values())
                view.ready = True
                for command in self._lasting:
                    self._post(name, view, command, None)
                waiting, self._waiting = (self._waiting, []) if first else ([], self._waiting)
                for command, ticket in waiting:
                    self._post(name, view, command, ticket)
        if event == "session_bundle":
            payload = self._bundles.finish(payload)
        self.tell(event, payload)

    def tell(self, event: str, payload: Message) -> None:
        """An event for state, waiting calls and hooks."""
        self.events.add(event, payload)
        self.hooks.tell(event, payload)

    def _answered(self, name: str, view: View, event: str, payload: Message) -> None:
        number = payload.pop("answers", None)
        with self._lock:
            view.open.pop(number, None) if isinstance(number, int) else None
            ticket = self._tickets.pop((name, number), None) if isinstance(number, int) else None
            if event == "command_error":
                error = CommandError(str(payload.get("command")), str(payload.get("reason")))
                if ticket is not None and ticket.watched:
                    ticket.error = ticket.error or error
                else:
                    logger.warning("the viewer could not do it: %s", error)
            if ticket is not None:
                ticket.waiting.discard((name, number))
                self._lock.notify_all()

    def _leave(self, name: str) -> None:
        """A view is gone, and will not answer any more."""
        with self._lock:
            self.views.pop(name, None)
            for key in [key for key in self._tickets if key[0] == name]:
                self._tickets.pop(key).waiting.discard(key)
            self._lock.notify_all()

    # --- what goes out ---------------------------------------------------------------------------------------------

    def command(self, command: Message) -> Ticket:
        """Sends a command to every view that is ready; without one it waits for the first."""
        with self._lock:
            self._remember(command)
            ticket = Ticket(command["type"])
            ready = [(name, view) for name, view in self.views.items() if view.ready]
            for name, view in ready:
                self._post(name, view, command, ticket)
            # Lasting ones are told to every view that opens.
            if not ready and command["type"] not in messages.LASTING:
                self._waiting = [*self._waiting, (command, ticket)][-WAITING:]
            return ticket

    def _remember(self, command: Message) -> None:
        kind = command["type"]
        if kind not in messages.LASTING:
            return
        replaced = {"setColorBy": ("setColorBy",), "clearHighlights": ("highlight", "clearHighlights")}.get(kind, ())
        if kind == "setVisibility" and command["cells"] is None:
            replaced = ("setVisibility",)
        kept = [other for other in self._lasting if other["type"] not in replaced]
        self._lasting = kept if kind == "clearHighlights" else [*kept, command]

    def _post(self, name: str, view: View, command: Message, ticket: Ticket | None) -> None:
        view.sent += 1
        view.open[view.sent] = command, time.monotonic()
        if ticket is not None:
            ticket.waiting.add((name, view.sent))
            self._tickets[name, view.sent] = ticket
        self._number(name, view, view.sent, command)

    def _number(self, name: str, view: View, number: int, command: Message) -> None:
        self._out({"t": "command", "view": name, "epoch": view.epoch, "message": {**command, "seq": number}})

    def _again(self, name: str, view: View, got: Any) -> None:
        """Sends again what a view has not got, as it says; what is merely on its way is left alone."""
        if not isinstance(got, int) or got >= view.sent:
            return
        now = time.monotonic()
        with self._lock:
            lost = [(number, command) for number, (command, at) in view.open.items() if number > got and now - at > AGAIN]
            for number, command in lost:
                view.open[number] = command, now
                self._number(name, view, number, command)

    def remind(self) -> None:
        """Sends again what was not answered for some seconds: views ignore what they already have."""
        for name, view in list(self.views.items()):
            self._again(name, view, 0)

    def bye(self) -> None:
        """Tells all views that the viewer has stopped."""
        self._out({"t": "bye"})
        for name in list(self.views):
            self._leave(name)
        self._sends = []

    def _reply(self, request: Mapping[str, Any], head: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        answered = {key: request[key] for key in ("view", "rid") if key in request}
        self._out({**head, **answered}, buffers)

    def _out(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        for send in self._sends:
            send(content, buffers)
