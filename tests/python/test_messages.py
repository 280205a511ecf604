"""Commands and events, against the golden messages that Rust and JavaScript are bound to as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cellucid_relay import cells, messages
from conftest import golden

COMMANDS = golden("commands")
EVENTS = golden("events")
ENDPOINT = golden("endpoint")


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """With packed rows as a list."""
    packed = message.get("cells")
    return {**message, "cells": cells.unpack(packed).tolist()} if isinstance(packed, dict) else message


BUILT = [
    (messages.highlight([0, 2, 5], "#00FF7f"), "highlight"),
    (messages.highlight([4294967295]), "highlight without a colour is red, keys in any order"),
    (messages.highlight([]), "highlight of nothing"),
    (messages.set_visibility(None, False), "setVisibility of all"),
    (messages.set_visibility([7]), "setVisibility of some, shown by default"),
    (
        messages.own({"type": "myPlugin", "depth": [1, {"a": None}], "viewerToken": "x", "seq": 3}),
        "a type of the user's own, with all its fields",
    ),
]


@pytest.mark.parametrize(("built", "name"), BUILT, ids=[name for _, name in BUILT])
def test_built_commands_are_the_golden_ones(built: dict[str, Any], name: str) -> None:
    case = next(case for case in COMMANDS["cases"] if case["name"] == name)
    wanted = {**case["run"]}
    if isinstance(wanted.get("cells"), list):
        wanted["cells"] = sorted(wanted["cells"])
    assert built == wanted


def test_many_rows_are_packed() -> None:
    command = messages.highlight(np.arange(1_000_000))
    assert len(str(command)) < 200
    assert plain(command)["cells"] == list(range(1_000_000))
    assert messages.highlight(range(cells.FEW))["cells"] == list(range(cells.FEW))


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: messages.highlight([1], "red"), ValueError, "#rrggbb"),
        (lambda: messages.highlight([9], length=9), IndexError, "out of range"),
        (lambda: messages.set_color_by("  "), ValueError, "column"),
        (lambda: messages.set_color_by(3), ValueError, "column"),  # type: ignore[arg-type]
        (lambda: messages.own([]), TypeError, "dict"),  # type: ignore[arg-type]
        (lambda: messages.own({"a": 1}), ValueError, "type"),
        (lambda: messages.own({"type": "x", "value": float("nan")}), ValueError, "JSON"),
        (lambda: messages.own({"type": "x", "value": object()}), TypeError, "JSON"),
    ],
)
def test_wrong_commands_are_refused_at_once(build: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build()


def test_numpy_values_are_json() -> None:
    assert messages.own({"type": "x", "a": np.int64(3), "b": np.arange(2)}) == {"type": "x", "a": 3, "b": [0, 1]}


@pytest.mark.parametrize("case", [case for case in EVENTS["cases"] if case.get("relay")], ids=lambda case: case["name"])
def test_golden_events_are_read(case: dict[str, Any]) -> None:
    sent = case["relay"] if isinstance(case["relay"], list) else [case["relay"]]
    if any("refused" in message for message in sent):
        pytest.skip("nothing goes out")
    inbox = messages.Inbox()
    taken = [found for message in sent if (found := inbox.take(message)) is not None]
    event = dict(case["event"])
    assert taken == [(event.pop("type"), event)]


def test_golden_conversation() -> None:
    """What the endpoint for other languages delivers, the notebook's channel delivers too."""
    inboxes = {viewer["viewerId"]: messages.Inbox() for viewer in ENDPOINT["viewers"]}
    seen = 0
    for case in ENDPOINT["cases"]:
        body = case.get("body")
        # Tokens are checked in the browser, where they are known.
        if (
            body is None
            or body.get("viewerId") not in inboxes
            or ("event" not in case and "error" not in case and "seq" not in body)
        ):
            continue
        seen += 1
        if case.get("renew", {}).get("renewed"):
            # Each page load has an inbox of its own.
            inboxes[body["viewerId"]] = messages.Inbox()
        inbox = inboxes[body["viewerId"]]
        if "error" in case:
            with pytest.raises(ValueError, match=case["error"].replace("[", r"\[")):
                inbox.take(body)
            continue
        taken = inbox.take(body)
        if "event" not in case:
            assert taken is None, case["name"]
            continue
        event = dict(case["event"])
        assert taken == (event.pop("type"), event), case["name"]
    assert seen >= 9


def test_hooks_never_see_the_envelope() -> None:
    taken = messages.Inbox().take({"type": "click", "cell": 1, "viewerId": "v", "viewerToken": "t", "seq": 1})
    assert taken == ("click", {"cell": 1})
