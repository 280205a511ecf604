"""The example of the documents, run in a kernel as it stands there."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from conftest import ROOT, SAMPLE
from frontend import kernel


@pytest.mark.parametrize("name", ["README.md", "python/README.md", "doc/NOTEBOOKS.md"])
def test_the_example_runs(name: str, tmp_path: Path) -> None:
    code = re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)[0]
    assert 'show_anndata("cells.h5ad")' in code and "on_selection" in code
    shutil.copyfile(SAMPLE, tmp_path / "cells.h5ad")
    with kernel() as front:
        front.run(f"import os, anndata; os.chdir({str(tmp_path)!r}); adata = anndata.read_h5ad('cells.h5ad')")
        cell = front.start(code)
        front.finish(cell)
        front.hello()
        front.event({"type": "ready", "n_cells": 5000, "dimensions": 2, "seq": 1})
        front.event({"type": "selection", "cells": [4, 2, 9], "source": "lasso", "seq": 2})
        end = time.monotonic() + 20
        while "n_obs" not in front.printed.get(cell, "") and time.monotonic() < end:
            front.settle(0.1)
        printed = front.printed.get(cell, "")
        assert "View of AnnData object with n_obs" in printed and " = 3 " in printed
