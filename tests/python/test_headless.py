"""Notebooks that are run without anybody looking: a note is left, no error and no wait."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import SAMPLE


@pytest.mark.parametrize("format_", ["html"])
def test_nbconvert_leaves_a_note(format_: str, tmp_path: Path) -> None:
    code = f"""from cellucid_relay import show_anndata
viewer = show_anndata({str(SAMPLE)!r})
viewer.set_color_by("leiden")
viewer.highlight_cells([1, 2, 3])
viewer"""
    waits = "try: viewer.wait_for_ready(0.5)\nexcept TimeoutError as error: print(error)"
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": str(at), "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for at, source in enumerate((code, waits))
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", format_, "--output", "out", str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    text = next(tmp_path.glob("out.*")).read_text()
    assert "Cellucid viewer of" in text and "sample.h5ad" in text
    assert "Timed out waiting for event" in text
    assert "Traceback" not in text


def test_in_a_terminal_it_says_what_to_use(tmp_path: Path) -> None:
    code = f"from cellucid_relay import show_anndata\nprint(show_anndata({str(SAMPLE)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cellucid-wasm serve" in done.stdout and "AnnDataViewer('sample.h5ad', not ready)" in done.stdout
