"""The reference's own viewer and server, for the page's bridge to talk to.

    reference.py FILE

The first line on standard output tells the viewer's address. After that each line is what its hooks were given, a command that
it sends to its iframe, or the outcome of a call. Each line of standard input is a call: ``["highlight_cells", [[1, 2]], {}]``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from typing import Any

import anndata
from cellucid import AnnDataViewer


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


class Viewer(AnnDataViewer):
    """What would go through a notebook page's JavaScript goes through the test."""

    def send_message(self, message: dict[str, Any]) -> None:
        say(command=message)


def bundle(viewer: Viewer, file: str) -> None:
    """Asks for a session and applies it to the data."""
    made = viewer.get_session_bundle(timeout=30)
    applied = made.apply_to_anndata(anndata.read_h5ad(file))
    columns = {
        name: [int(row) for row in applied.obs[name].to_numpy().nonzero()[0]]
        for name in applied.obs
        if str(name).startswith("cellucid_highlight__")
    }
    say(bundle=made.list_chunk_ids(), fingerprint=made.dataset_fingerprint, columns=columns)


def call(viewer: Viewer, file: str, name: str, args: list[Any], options: dict[str, Any]) -> None:
    try:
        if name == "bundle":
            bundle(viewer, file)
        else:
            getattr(viewer, name)(*args, **options)
    except Exception as error:  # whatever it is, the test has to see it
        say(error=f"{type(error).__name__}: {error}")


def main(file: str) -> None:
    viewer = Viewer(file, auto_open=False)
    viewer.on_message(lambda event: say(event=event))
    say(viewer=viewer.viewer_url)
    for line in sys.stdin:
        # In a thread of its own: a call may wait for what the test does next.
        threading.Thread(target=call, args=(viewer, file, *json.loads(line)), daemon=True).start()
    viewer.stop()


if __name__ == "__main__":
    # The reference leaves the sessions it receives behind.
    with tempfile.TemporaryDirectory(prefix="cellucid-") as tempfile.tempdir:
        main(sys.argv[1])
