"""Which notebook this runs in, and what its kernel can do."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal

from .lane import Lane, lane, pumped

#: ``plain`` is Python without a notebook.
Name = Literal["jupyter", "vscode", "colab", "marimo", "ipython", "plain"]


class Blocked(RuntimeError):
    """Waiting would be in vain."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} cannot be waited for here: this kernel receives nothing from the viewer while a cell runs. "
            "Put the next step into another cell, register a hook (viewer.on_selection), or await viewer.next_event(...)"
        )


def name() -> Name:
    """The notebook that this runs in."""
    if "marimo" in sys.modules and _in_marimo():
        return "marimo"
    shell = _shell()
    if shell is None:
        return "plain"
    if "google.colab" in sys.modules:
        return "colab"
    if _kernel() is None:
        return "ipython"
    return "vscode" if "VSCODE_PID" in os.environ else "jupyter"


def displays() -> bool:
    """Whether a viewer can be shown here at all."""
    return name() not in ("plain", "ipython")


def own_lane() -> Lane | None:
    """The lane past the kernel's queue, where there is one."""
    kernel = _kernel()
    return None if kernel is None or getattr(kernel, "shell_stream", None) is None else lane(kernel)


def wait(changed: threading.Condition, until: Callable[[], bool], timeout: float | None, what: str) -> bool:
    """Waits until a condition holds; False when time is up. Raises where waiting would be in vain."""
    if until():
        return True
    way = waiting()
    if way == "none":
        raise Blocked(what)
    here = own_lane()
    if way == "pump" and here is not None:
        return pumped(here, until, timeout)
    with changed:
        return changed.wait_for(until, timeout)


def waiting() -> Literal["thread", "pump", "none"]:
    """How a blocking call gets to hear of the viewer: from another thread, by pumping messages itself, or not at all."""
    here = name()
    # Its cells need not run in the main thread; other threads are not its own.
    if here == "marimo":
        return "none"
    if not in_main_thread() or here in ("plain", "ipython"):
        return "thread"
    own = own_lane()
    if own is not None:
        return "thread" if own.threaded else "pump"
    # Without a lane, JupyterLab may still use a subshell.
    return "thread" if getattr(_kernel(), "shell_channel_thread", None) is not None else "none"


def in_main_thread() -> bool:
    """Whether this runs where cells run."""
    return threading.current_thread() is threading.main_thread()


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def _kernel() -> Any:
    return getattr(_shell(), "kernel", None)


def _in_marimo() -> bool:
    import marimo

    return bool(marimo.running_in_notebook())
