"""What the package brings and what it needs may be given on: the texts are inside, and every dependency's licence is one of these."""

from __future__ import annotations

import re
from importlib import metadata

import pytest

ACCEPTED = re.compile(r"\b(MIT|BSD|Apache|Python Software Foundation|PSF|ISC|MPL)\b")


def licence(name: str) -> str:
    """As the package tells it, in any of the three places there are for that."""
    told = metadata.metadata(name)
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    # Some put the whole text there: its first line is the name.
    named = [text.strip().split("\n")[0] for key in ("License-Expression", "License") for text in told.get_all(key) or []]
    return " ".join([*named, *classifiers])


def needed() -> list[str]:
    required = metadata.requires("cellucid-relay") or []
    return [found.group() for line in required if (found := re.match(r"[\w-]+", line))]


@pytest.mark.parametrize("name", needed())
def test_what_it_needs_may_be_given_on(name: str) -> None:
    assert ACCEPTED.search(licence(name)), f"{name}: {licence(name)!r}"


def test_the_texts_are_inside() -> None:
    files = {file.name: file for file in metadata.files("cellucid-relay") or [] if "licenses" in file.parts}
    assert set(files) == {"LICENSE", "THIRD_PARTY.txt"}
    text = files["THIRD_PARTY.txt"].read_text()
    assert "wasm-bindgen" in text and "the Rust standard library" in text
    assert text.count("Permission is hereby granted") > 5
