"""Only what was shown can be read, and only read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cellucid_relay import files, show
from cellucid_relay.beside import Beside
from cellucid_relay.reader import ITEMS, REPLY, SIBLINGS, Reader
from conftest import SAMPLE, ZARR


def test_bytes_at_offsets() -> None:
    data = SAMPLE.read_bytes()
    file = files.File(SAMPLE)
    spans = [(0, 8), (len(data) - 5, len(data)), (100, 100), (1000, 70_000)]
    assert file.read(spans) == [data[start:end] for start, end in spans]
    file.close()


def test_beyond_4_gib(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with open(path, "wb") as out:
        out.seek(5 << 30)
        out.write(b"the end")
    file = files.File(path)
    assert file.read([((5 << 30) - 1, (5 << 30) + 7)]) == [b"\0the end"]
    file.close()


@pytest.mark.parametrize("span", [(-1, 3), (5, 4), (0, 1 << 40)])
def test_spans_outside_the_file(span: tuple[int, int]) -> None:
    file = files.File(SAMPLE)
    with pytest.raises(files.Refusal, match=r"sample\.h5ad: bytes"):
        file.read([span])
    file.close()


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    file = files.File(path)
    path.write_bytes(b"01234")
    with pytest.raises(files.Refusal, match="show it again"):
        file.read([(0, 3)])
    file.close()


def test_a_replaced_file_is_still_the_one_that_was_shown(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    file = files.File(path)
    (tmp_path / "b").write_bytes(b"abcdefghij")
    (tmp_path / "b").replace(path)
    assert file.read([(0, 3)]) == [b"012"]
    file.close()


def test_only_regular_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a regular file"):
        files.File(os.devnull)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="not a regular file"):
        files.File(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        files.source(tmp_path / "none")


def test_a_folder_by_keys() -> None:
    folder = files.Folder(ZARR)
    text = (ZARR / "zarr.json").read_bytes()
    assert folder.get("zarr.json", None, 1 << 20) == text
    assert folder.get("zarr.json", (2, 9), 1 << 20) == text[2:9]
    assert folder.get("zarr.json", 7, 1 << 20) == text[-7:]
    assert folder.get("zarr.json", (2, 1 << 40), 1 << 20) == text[2:]
    assert folder.get("X/data/none", None, 1) is None
    assert folder.get("X", None, 1) is None
    assert folder.get("zarr.json/more", None, 1) is None
    assert folder.size("zarr.json") == len(text)
    assert "obs/" in folder.list("") and "zarr.json" in folder.list("")
    assert folder.list("obs/") == folder.list("obs")
    assert folder.list("none") == []


@pytest.mark.parametrize(
    "key", ["../secret", "a/../../secret", "/etc/hosts", "a//b", "", ".", "a\\..\\b", "c:/x", "a\0b", "link/x", "out"]
)
def test_no_way_out(key: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("no")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x").write_text("no")
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a/b").write_text("yes")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "out").symlink_to(tmp_path / "secret")
    folder = files.Folder(root)
    assert folder.get("a/b", None, 10) == b"yes"
    for attempt in (
        lambda: folder.get(key, None, 10),
        lambda: folder.size(key),
        lambda: folder.list(key) if key else folder.get(key, None, 1),
    ):
        with pytest.raises(files.Refusal, match=r"is not a key|leads out"):
            attempt()


def test_web_addresses_are_left_to_the_browser() -> None:
    description = files.source("https://example.org/data/cells.h5ad").description
    assert description == {"kind": "address", "name": "cells.h5ad", "url": "https://example.org/data/cells.h5ad"}


class TestBeside:
    """Files that a shown one leads to."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "secret.h5").write_text("no")
        root = tmp_path / "root"
        (root / "parts").mkdir(parents=True)
        for name in ("shown.h5", "a.h5", "parts/b.h5", "parts/c.h5"):
            (root / name).write_text(name)
        (root / "out.h5").symlink_to(tmp_path / "secret.h5")
        os.mkfifo(root / "pipe.h5")
        return root

    @staticmethod
    def ask(reader: Reader, path: Any, source: str = "s0") -> dict[str, Any] | None:
        head, _ = reader.answer({"t": "sibling", "source": source, "path": path})
        if head["t"] == "fail":
            raise files.Refusal(head["code"], head["message"])
        found: dict[str, Any] | None = head["file"]
        return found

    def reader(self, root: Path, allowed: Any) -> Reader:
        reader = Reader()
        reader.add(files.File(root / "shown.h5"), Beside(root / "shown.h5", allowed))
        return reader

    def test_nothing_unless_allowed(self, root: Path) -> None:
        reader = Reader()
        assert "beside" not in reader.add(files.File(root / "shown.h5"), Beside(root / "shown.h5", False))
        assert self.ask(reader, "a.h5") is None

    def test_all_of_the_folder_and_nothing_else(self, root: Path) -> None:
        reader = self.reader(root, True)
        first = self.ask(reader, "parts/b.h5")
        assert first is not None and (first["name"], first["size"], first["kind"]) == ("b.h5", 10, "file")
        assert self.ask(reader, "parts/b.h5") == first
        # From there, what lies there.
        other = self.ask(reader, "c.h5", first["source"])
        assert other is not None and other == self.ask(reader, "parts/c.h5")
        assert reader.answer({"t": "read", "source": other["source"], "spans": [[6, 7]]})[1] == [b"c"]
        for none in ("none.h5", "c.h5", "parts", "pipe.h5", "a.h5/b"):
            assert self.ask(reader, none) is None, none
        for bad in ("../secret.h5", "parts/../a.h5", str(root / "a.h5"), "out.h5", "", 3, None):
            with pytest.raises(files.Refusal):
                self.ask(reader, bad)
        reader.close()
        with pytest.raises(files.Refusal):
            self.ask(reader, "a.h5")

    def test_only_those_that_were_named(self, root: Path, tmp_path: Path) -> None:
        reader = self.reader(root, [root / "parts/b.h5", tmp_path / "secret.h5"])
        assert [bool(self.ask(reader, name)) for name in ("parts/b.h5", "secret.h5", "b.h5", "a.h5", "parts/c.h5")] == [
            True,
            True,
            False,
            False,
            False,
        ]
        assert self.ask(self.reader(root, root / "a.h5"), "a.h5")
        with pytest.raises(FileNotFoundError):
            self.reader(root, ["nowhere.h5"])
        with pytest.raises(ValueError, match="True for all in"):
            self.reader(root, [root / "parts"])

    def test_so_many(self, root: Path) -> None:
        reader = self.reader(root, True)
        for number in range(SIBLINGS):
            assert self.ask(reader, f"none{number}") is None
        with pytest.raises(files.Refusal, match="more than"):
            self.ask(reader, "a.h5")

    def test_only_files_lead_to_others(self, root: Path) -> None:
        with pytest.raises(ValueError, match="only files"):
            show(root, beside=True, auto_open=False)
        show(root / "shown.h5", beside=True, auto_open=False).stop()


class TestReader:
    """Requests as the front end sends them."""

    @pytest.fixture
    def reader(self) -> Any:
        reader = Reader()
        reader.add(files.File(SAMPLE))
        reader.add(files.Folder(ZARR))
        yield reader
        reader.close()

    def test_spans(self, reader: Reader) -> None:
        head, buffers = reader.answer({"t": "read", "source": "s0", "spans": [[0, 4], [8, 8]]})
        assert (head, buffers) == ({"t": "data"}, [b"\x89HDF", b""])
        assert (reader.requests, reader.bytes) == (1, 4)

    def test_keys(self, reader: Reader) -> None:
        text = (ZARR / "zarr.json").read_bytes()
        head, buffers = reader.answer(
            {"t": "get", "source": "s1", "parts": [["zarr.json", None], ["none", None], ["zarr.json", 3], ["zarr.json", [0, 1]]]}
        )
        assert head == {"t": "data", "found": [0, -1, 1, 2]}
        assert buffers == [text, text[-3:], text[:1]]
        assert reader.answer({"t": "size", "source": "s1", "keys": ["zarr.json", "x"]})[0]["sizes"] == [len(text), None]
        assert "obs/" in reader.answer({"t": "list", "source": "s1", "prefix": ""})[0]["names"]

    def test_more_than_one_message_carries(self, tmp_path: Path) -> None:
        (tmp_path / "small").write_bytes(b"s")
        (tmp_path / "big").write_bytes(bytes(REPLY + 1))
        reader = Reader()
        reader.add(files.Folder(tmp_path))
        assert reader.answer({"t": "get", "source": "s0", "parts": [["small", None], ["big", None]]}) == (
            {"t": "data", "found": [0]},
            [b"s"],
        )
        assert reader.answer({"t": "get", "source": "s0", "parts": [["big", None]]}) == (
            {"t": "data", "sizes": [REPLY + 1], "found": []},
            [],
        )
        head, buffers = reader.answer({"t": "get", "source": "s0", "parts": [["big", [0, REPLY]], ["big", [REPLY, REPLY + 1]]]})
        assert head["found"] == [0] and len(buffers[0]) == REPLY

    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            ({"t": "read", "source": "s9", "spans": [[0, 1]]}, "source"),
            ({"t": "read", "source": "/etc/passwd", "spans": [[0, 1]]}, "source"),
            ({"t": "read", "source": "s1", "spans": [[0, 1]]}, "request"),
            ({"t": "get", "source": "s0", "parts": [["x", None]]}, "request"),
            ({"t": "read", "source": "s0", "spans": []}, "request"),
            ({"t": "read", "source": "s0", "spans": [[0, 1]] * (ITEMS + 1)}, "request"),
            ({"t": "read", "source": "s0", "spans": [["0", 1]]}, "request"),
            ({"t": "read", "source": "s0", "spans": [[True, 2]]}, "request"),
            ({"t": "read", "source": "s0", "spans": [[0, 1.5]]}, "request"),
            ({"t": "read", "source": "s0", "spans": [[0, 1 << 60]]}, "limit"),
            ({"t": "get", "source": "s1", "parts": [[3, None]]}, "request"),
            ({"t": "get", "source": "s1", "parts": [["../x", None]]}, "request"),
            ({"t": "write", "source": "s0"}, "request"),
            ({"source": ["s0"]}, "source"),
        ],
    )
    def test_refusals(self, reader: Reader, request_: dict[str, Any], code: str) -> None:
        head, buffers = reader.answer(request_)
        assert (head["t"], head["code"], buffers) == ("fail", code, [])
        assert head["message"]

    def test_nothing_after_the_end(self, reader: Reader) -> None:
        reader.close()
        assert reader.answer({"t": "read", "source": "s0", "spans": [[0, 4]]})[0]["code"] == "source"
