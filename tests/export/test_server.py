"""Folders we wrote, served by the reference's own export server: every file they name arrives as it was written. And the list of
several folders below one root, against the one that the reference writes."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SAMPLE, run

SERVE = """
import socket, sys
from cellucid.server import CellucidServer
free = socket.socket()
free.bind(("127.0.0.1", 0))
port = free.getsockname()[1]
free.close()
server = CellucidServer(sys.argv[1], port=port, open_browser=False, quiet=True)
print(server.port if hasattr(server, "port") else port, flush=True)
server.start_background()
sys.stdin.read()
"""


@contextlib.contextmanager
def reference(folder: Path) -> Iterator[int]:
    """The reference's server on a folder; gives its port."""
    child = subprocess.Popen([sys.executable, "-c", SERVE, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        line = child.stdout.readline().strip()
        assert line.isdigit(), line
        yield int(line)
    finally:
        child.kill()
        child.wait()


def get(port: int, path: str) -> tuple[int, bytes]:
    """One request, as the app sends it; tries again while the server is still starting."""
    for attempt in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except ConnectionRefusedError:
            assert attempt < 99, "the reference's server never answered"
            __import__("time").sleep(0.1)
    raise AssertionError


@pytest.mark.parametrize(
    "packing", [[], ["--quantize-var", "8", "--quantize-obs", "16", "--compression", "6"], ["--profile", "strict"]]
)
def test_every_file_is_served(packing: list[str], tmp_path: Path) -> None:
    out = tmp_path / "sample"
    run("export", SAMPLE, out, "--quiet", "--genes", "CD3E,MS4A1,NKG7", *packing)
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert len(files) > 20
    with reference(out) as port:
        status, body = get(port, "/_cellucid/health")
        assert (status, json.loads(body)["type"]) == (200, "exported")
        _, body = get(port, "/_cellucid/datasets")
        [listed] = json.loads(body)["datasets"]
        assert (listed["id"], listed["path"]) == ("sample", "/")
        for file in files:
            status, body = get(port, f"/{file}")
            assert (status, body == (out / file).read_bytes()) == (200, True), file
        assert get(port, "/obs/nothing.values.f32")[0] == 404


def test_several_below_one_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name, options in {"one": [], "two": ["--dataset-id", "other", "--dataset-name", "Another é one"]}.items():
        run("export", SAMPLE, root / name, "--quiet", "--genes", "CD3E", *options)
    (root / "nothing").mkdir()
    run("datasets", root)
    ours = (root / "datasets.json").read_bytes()
    theirs = root / "theirs.json"
    code = "import sys; from cellucid.prepare_data import generate_datasets_manifest as g; g(sys.argv[1], 'theirs.json')"
    subprocess.run([sys.executable, "-c", code, str(root)], check=True, capture_output=True)
    assert ours == theirs.read_bytes()
    theirs.unlink()
    with reference(root) as port:
        _, body = get(port, "/_cellucid/datasets")
        listed: list[dict[str, Any]] = json.loads(body)["datasets"]
        assert {(entry["id"], entry["path"]) for entry in listed} == {("sample", "/one/"), ("other", "/two/")}
        assert get(port, "/two/points_2d.bin")[1] == (root / "two/points_2d.bin").read_bytes()
    run("datasets", root, "--default", "other")
    assert json.loads((root / "datasets.json").read_text())["default"] == "other"
    run("datasets", root, "--default", "third", code=2)
    # One of several: the one that the list names first, or the one that is asked for.
    assert json.loads(run("inspect", root, "--json").stdout)["id"] == "other"
    assert json.loads(run("inspect", f"{root}#sample", "--json").stdout)["id"] == "sample"
    # The same in an archive.
    archive = shutil.make_archive(str(tmp_path / "root"), "zip", root)
    assert json.loads(run("inspect", archive, "--json").stdout)["id"] == "other"
    assert run("verify", SAMPLE, f"{archive}#sample").stderr.count("all as the source gives them") == 1
