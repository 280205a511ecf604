"""Writes the viewer's page, for those who want to host it: python -m cellucid_relay viewer.html"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path


def main() -> None:
    """The page as one file."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m cellucid_relay FILE.html")
    from .widget import page

    target = Path(sys.argv[1])
    target.write_bytes(gzip.decompress(page()))
    print(f"{target}: {target.stat().st_size} bytes; show it with show(…, page='https://…/{target.name}')")


if __name__ == "__main__":
    main()
