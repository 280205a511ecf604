"""Servers that a benchmark runs, and what their processes take."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class System:
    """A server that runs, below an address."""

    def __init__(self, name: str, command: Callable[[int], list[str]], folder: str, ranges: bool) -> None:
        self.name, self.command, self.folder, self.ranges = name, command, folder, ranges
        self.port = 0

    @contextlib.contextmanager
    def running(self, log: Path) -> Iterator[int]:
        # Another one each time: some servers go to the next when one was used just now.
        self.port = free_port()
        with log.open("ab") as sink:
            process = subprocess.Popen(self.command(self.port), stdout=sink, stderr=sink, start_new_session=True)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                    break
                if process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            else:
                raise RuntimeError(f"{self.name} does not listen")
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def family(pid: int) -> list[int]:
    out = subprocess.run(["ps", "-o", "pid=", "-g", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in out.split()]


def field(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0


def processor(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def descriptors(pids: list[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids if Path(f"/proc/{pid}/fd").exists())
