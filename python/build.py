"""Builds the wheel, the viewer inside: python python/build.py [OUT]

Needs the module (cargo xtask build --release), its licences (cargo xtask licences), npm packages (npm ci) and the package hatchling.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = HERE / "src/cellucid_relay/page/viewer.html.gz"


def main() -> None:
    """Page, then wheel."""
    out = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build/wheel"
    for name in ("cellucid_bg.wasm", "cellucid_later.wasm"):
        if not (ROOT / "pkg" / name).is_file():
            sys.exit(f"pkg/{name} is not there: run cargo xtask build --release")
    if not (ROOT / "pkg/THIRD_PARTY.txt").is_file():
        sys.exit("pkg/THIRD_PARTY.txt is not there: run cargo xtask licences")
    subprocess.run(["node", "python/front/build.js", str(PAGE)], cwd=ROOT, check=True)
    shutil.copyfile(ROOT / "LICENSE", HERE / "LICENSE")
    shutil.copyfile(ROOT / "pkg/THIRD_PARTY.txt", HERE / "THIRD_PARTY.txt")
    for old in out.glob("cellucid_relay-*.whl"):
        old.unlink()
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=HERE, check=True)
    for wheel in out.glob("cellucid_relay-*.whl"):
        print(f"{wheel}: {wheel.stat().st_size} bytes")


if __name__ == "__main__":
    main()
