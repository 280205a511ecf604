"""The widget, as hosts are told of it."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import anywidget
import cellucid_relay
import pytest
from cellucid_relay import CellucidViewer, host, widget
from conftest import SAMPLE


@pytest.mark.parametrize(("name", "any_version"), [("jupyter", True), ("marimo", True), ("colab", False), ("vscode", False)])
def test_who_fetches_the_front_end_is_told_which(name: Any, any_version: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "name", lambda: name)
    made = widget.ViewerWidget()
    wanted = "*" if any_version else anywidget.AnyWidget._model_module_version.default_value
    assert made._model_module_version == made._view_module_version == wanted
    assert wanted == "*" or wanted.startswith("~")


def test_colab_is_told_to_use_its_widget_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """anywidget does so where google.colab.output is loaded; what it says about the manager reaches the notebook."""
    import types

    from anywidget import _util

    output: Any = types.ModuleType("google.colab.output")
    output._widgets = types.SimpleNamespace(_installed_url=None)
    output.register_callback = lambda name, function: None

    def enable() -> None:
        output._widgets._installed_url = "https://example.org/manager.js"

    output.enable_custom_widget_manager = enable
    colab: Any = types.ModuleType("google.colab")
    colab.output = output
    for name, module in {"google": types.ModuleType("google"), "google.colab": colab, "google.colab.output": output}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(host, "name", lambda: "colab")
    _util.enable_custom_widget_manager_once.cache_clear()
    viewer = CellucidViewer(SAMPLE, auto_open=False)
    data, metadata = viewer._repr_mimebundle_()
    viewer.stop()
    view = "application/vnd.jupyter.widget-view+json"
    assert view in data
    assert metadata == {view: {"colab": {"custom_widget_manager": {"url": "https://example.org/manager.js"}}}}


def test_the_wheel_has_all_that_is_needed() -> None:
    files = {str(file) for file in metadata.files("cellucid-relay") or ()}
    for name in ("page/viewer.html.gz", "page/widget.js", "page/colab.js", "py.typed"):
        assert f"cellucid_relay/{name}" in files
    assert metadata.version("cellucid-relay") == cellucid_relay.__version__
    required = [line for line in metadata.requires("cellucid-relay") or () if "extra" not in line]
    assert sorted(line.split(">")[0] for line in required) == ["anywidget", "numpy"]


def test_the_page_can_be_hosted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from cellucid_relay.__main__ import main

    monkeypatch.setattr(sys, "argv", ["cellucid_relay", str(tmp_path / "viewer.html")])
    main()
    text = (tmp_path / "viewer.html").read_text()
    assert text.startswith("<!doctype html>") and "Content-Security-Policy" in text
    assert not any(f'src="{scheme}' in text for scheme in ("http", "//", "./")), "nothing is fetched"
    assert "viewer.html" in capsys.readouterr().out


@pytest.mark.parametrize("page", ["http://example.org/viewer.html", "viewer.html", "javascript:alert(1)", "https://a.b/#x"])
def test_what_cannot_be_a_hosted_page(page: str) -> None:
    with pytest.raises(ValueError, match="is not the https address of a page"):
        CellucidViewer(SAMPLE, auto_open=False, page=page)


def test_a_hosted_page_is_named() -> None:
    viewer = CellucidViewer(SAMPLE, auto_open=False, page="https://example.org/a/viewer.html")
    assert (viewer.viewer_url, viewer.viewer_origin) == ("https://example.org/a/viewer.html", "https://example.org")
    assert viewer.server_url == "" and viewer.port is None
    viewer.stop()
