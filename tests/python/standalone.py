"""The kernel's side of one viewer without a notebook, for hosts that cannot be run here: messages as lines of JSON, by standard input
and output. usage: python standalone.py PATH

The notebook's part is played by whoever reads and writes the lines: {"content": …, "buffers": [base64…]} both ways; a line
{"run": CODE} runs code and is answered by {"ran": what it printed}.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys
import threading
from collections.abc import Sequence
from typing import Any

from cellucid_relay import AnnDataViewer, widget

viewer = AnnDataViewer(sys.argv[1], auto_open=False)
channel = viewer._channel
channel.page = widget.page
out = sys.stdout
turn = threading.Lock()


def say(message: dict[str, Any]) -> None:
    with turn:
        out.write(json.dumps(message) + "\n")
        out.flush()


def send(content: dict[str, Any], buffers: Sequence[bytes]) -> None:
    say({"content": content, "buffers": [base64.b64encode(buffer).decode() for buffer in buffers]})


def run(code: str, names: dict[str, Any]) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(code, names)
        except Exception as error:
            print(type(error).__name__, error)
    say({"ran": printed.getvalue().strip()})


channel.connect(send)
say({"facts": {"height": 500, "build": "test", "viewer": viewer.viewer_id, "page": ""}})
names = {"viewer": viewer}
for line in sys.stdin:
    message = json.loads(line)
    if "run" in message:
        # Beside the messages, as in a kernel whose messages go past its cells.
        threading.Thread(target=run, args=(message["run"], names)).start()
    else:
        channel.receive(message["content"], [base64.b64decode(buffer) for buffer in message["buffers"]])
