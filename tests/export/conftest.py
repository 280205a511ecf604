"""The program under test, and where its fixtures are."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CELLUCID_BINARY", ROOT / "target/debug/cellucid-wasm"))
ORACLE = ROOT / "build/oracle"
SAMPLE = ROOT / "www/sample/sample.h5ad"


def run(*args: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the program, at a fixed time, and expects an exit code."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "946684800"}
    words = [str(BINARY), *map(str, args)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert "panicked" not in done.stderr, done.stderr
    return done


def fixtures() -> list[dict[str, Any]]:
    """The oracle's stores, without the export folders."""
    path = ORACLE / "fx/fixtures.json"
    if not path.exists():
        pytest.exit("build/oracle is not there: ./check makes it", 1)
    return [fixture for fixture in json.loads(path.read_text()) if fixture["kind"] != "export"]


def store(fixture: dict[str, Any]) -> Path:
    """Where a fixture's store is."""
    return ORACLE / "fx" / fixture["path"]
