"""The reference server on a file, as its command line starts it; says where it listens once it does.

reference.py FILE
"""

import socket
import sys
from typing import Any

from cellucid.anndata_server import AnnDataServer


def main(file: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server: Any = AnnDataServer(file, port=port, quiet=True, open_browser=False)
    server.web_proxy = False  # its page is not measured, and nothing is to be fetched
    server.start_background()
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
