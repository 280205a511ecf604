"""Session bundles as files: there while the process lives, gone when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, sys
from cellucid_relay.bundle import MAGIC
from cellucid_relay.uploads import Bundles
bundles = Bundles()
bundles.expect("r", 60)
path = bundles.finish({"requestId": "r", "status": "ok", "data": MAGIC + b"rest"})["path"]
if hasattr(os, "fork"):
    child = os.fork()
    if not child:
        sys.exit()
    os.waitpid(child, 0)
print(path, os.path.getsize(path))
"""


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "1 / 0"])
def test_a_bundle_goes_with_its_process_however_that_ends(end: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CODE + end],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    path, size = ran.stdout.split()
    assert (Path(path).parent, size) == (tmp_path, "21"), ran.stderr
    assert list(tmp_path.iterdir()) == []
