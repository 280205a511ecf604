"""A notebook's side of a real kernel, without a browser: runs cells, and speaks with widgets as the front end does."""

from __future__ import annotations

import os
import queue
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import ROOT
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager


class Frontend:
    """One kernel. Widgets appear in ``comms`` as soon as their opening has been read."""

    def __init__(self, client: BlockingKernelClient, version: str | None = None) -> None:
        self.client = client
        #: Of ipykernel, where it is not the newest.
        self.version = version
        self.comms: dict[str, dict[str, Any]] = {}
        self.received: list[tuple[dict[str, Any], list[bytes]]] = []
        #: By the message that asked for it: what was printed, what failed, what has ended.
        self.printed: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.ended: set[str] = set()
        self.displayed: list[dict[str, Any]] = []
        self.statuses: list[tuple[str, str]] = []

    # --- cells -----------------------------------------------------------------------------------------------------

    def start(self, code: str) -> str:
        """Has a cell run; does not wait for it."""
        request: str = self.client.execute(code)
        return request

    def running(self, code: str, timeout: float = 10) -> str:
        """Has a cell run; returns when the kernel says that it has begun."""
        request = self.start(code)
        end = time.monotonic() + timeout
        while True:
            message = self._iopub(end)
            if message["msg_type"] == "execute_input" and message["parent_header"].get("msg_id") == request:
                return request

    def finish(self, request: str, timeout: float = 60) -> str:
        """Waits for a cell; returns what it printed. A cell that fails fails the test."""
        end = time.monotonic() + timeout
        while request not in self.ended:
            self._iopub(end)
        if request in self.failed:
            raise AssertionError(self.failed[request])
        return self.printed.pop(request, "")

    def run(self, code: str, timeout: float = 60) -> str:
        """Runs a cell."""
        return self.finish(self.start(code), timeout)

    def value(self, expression: str) -> Any:
        """What an expression is in the kernel."""
        import ast

        return ast.literal_eval(self.run(f"print(repr(({expression})))"))

    # --- widgets ---------------------------------------------------------------------------------------------------

    @property
    def comm(self) -> str:
        """The newest widget of ours."""
        return next(reversed([name for name, state in self.comms.items() if state.get("_model_module") == "anywidget"]))

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None, *, comm: str | None = None, **header: Any) -> str:
        """A custom message to the widget."""
        session = self.client.session
        data = {"method": "custom", "content": content}
        message = session.msg("comm_msg", {"comm_id": comm or self.comm, "data": data})
        message["header"].update(header)
        session.send(self.client.shell_channel.socket, message, buffers=buffers)
        identity: str = message["header"]["msg_id"]
        return identity

    def receive(self, timeout: float = 10, **wanted: Any) -> tuple[dict[str, Any], list[bytes]]:
        """The next custom message of the widget with these values."""
        end = time.monotonic() + timeout
        while True:
            for at, (content, _) in enumerate(self.received):
                if all(content.get(key) == value for key, value in wanted.items()):
                    return self.received.pop(at)
            self._iopub(end)

    def ask(
        self, content: dict[str, Any], buffers: list[bytes] | None = None, timeout: float = 10
    ) -> tuple[dict[str, Any], list[bytes]]:
        """A question and its answer."""
        self.asked = getattr(self, "asked", 0) + 1
        self.send({"view": "v1", "epoch": 1, **content, "rid": self.asked}, buffers)
        return self.receive(timeout, rid=self.asked)

    def hello(self, view: str = "v1", epoch: int = 1) -> dict[str, Any]:
        """A page has loaded."""
        self.send({"t": "hello", "view": view, "epoch": epoch, "rid": f"{view}-{epoch}", "agent": "test"})
        return self.receive(t="welcome", rid=f"{view}-{epoch}")[0]

    def event(self, event: dict[str, Any], view: str = "v1", epoch: int = 1, got: int = 0) -> str:
        """The page tells something."""
        return self.send({"t": "event", "view": view, "epoch": epoch, "got": got, "message": event})

    def command(self, kind: str, timeout: float = 10, view: str = "v1") -> dict[str, Any]:
        """The next command of a type, as the page gets it."""
        end = time.monotonic() + timeout
        while True:
            content, _ = self.receive(end - time.monotonic(), t="command", view=view)
            if content["message"]["type"] == kind:
                message: dict[str, Any] = content["message"]
                return message

    def settle(self, seconds: float) -> None:
        """Reads what comes in some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self._iopub(end)
            except AssertionError:
                return

    def _iopub(self, end: float) -> dict[str, Any]:
        try:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"nothing came; so far: {self.printed}, {[head for head, _ in self.received][-5:]}") from None
        kind, content = message["msg_type"], message["content"]
        parent = message["parent_header"].get("msg_id", "")
        if kind == "comm_open":
            self.comms[content["comm_id"]] = content["data"].get("state", {})
        elif kind == "comm_msg" and content["data"].get("method") == "custom":
            self.received.append((content["data"]["content"], [bytes(buffer) for buffer in message["buffers"]]))
        elif kind == "stream":
            self.printed[parent] = self.printed.get(parent, "") + content["text"]
        elif kind == "error":
            self.failed[parent] = "\n".join(content["traceback"])
        elif kind in ("display_data", "execute_result"):
            self.displayed.append(content["data"])
        elif kind == "status":
            self.statuses.append((content["execution_state"], message["parent_header"].get("msg_type", "")))
            if content["execution_state"] == "idle":
                self.ended.add(parent)
        return message


@contextmanager
def kernel(version: str | None = None) -> Iterator[Frontend]:
    """A kernel of its own, of the newest ipykernel or of another one that the tests have installed."""
    paths = [str(ROOT / "build/kernels" / f"ipykernel-{version}")] if version else []
    paths += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    manager = KernelManager()
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv[0] = sys.executable
    # It is killed at the end, and then removes nothing itself.
    scratch = tempfile.TemporaryDirectory(prefix="cellucid-kernel-", ignore_cleanup_errors=True)
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYDEVD_DISABLE_FILE_VALIDATION": "1", "TMPDIR": scratch.name}
    manager.start_kernel(env={**os.environ, **own}, cwd=str(ROOT))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        front = Frontend(client, version)
        if version:
            assert front.value("__import__('ipykernel').__version__") == version
        yield front
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        scratch.cleanup()
