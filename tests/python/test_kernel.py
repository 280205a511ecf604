"""The kernel's side in real kernels of several generations: data and events while cells run, order, what is lost, what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cellucid_relay import cells
from cellucid_relay.reader import REPLY
from conftest import ROOT, SAMPLE, ZARR
from frontend import Frontend, kernel

NEWEST = None
VERSIONS = [NEWEST, "7.1.0", "6.31.0"]

SHOW = f"""
from cellucid_relay import show_anndata, show
viewer = show_anndata({str(SAMPLE)!r})
heard = []
viewer.register_hook("selection", lambda event: heard.append(event))
"""


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: version or "newest")
def front(request: pytest.FixtureRequest) -> Iterator[Frontend]:
    with kernel(request.param) as front:
        yield front


@pytest.fixture
def shown(front: Frontend) -> Iterator[Frontend]:
    """A viewer, shown and ready."""
    front.run(SHOW)
    front.hello()
    front.event({"type": "ready", "n_cells": 2000, "dimensions": 2, "seq": 1})
    front.receive(t="command")
    yield front
    front.run("viewer.stop()")
    front.received.clear()


def test_bytes_are_equal_at_random_offsets(shown: Frontend, rng: np.random.Generator) -> None:
    data = SAMPLE.read_bytes()
    starts = rng.integers(0, len(data) - 5000, 50)
    spans = [[int(start), int(start + rng.integers(5000))] for start in starts]
    head, buffers = shown.ask({"t": "read", "source": "s0", "spans": spans})
    assert head["t"] == "data"
    assert buffers == [data[start:end] for start, end in spans]


def test_files_that_a_shown_one_leads_to(shown: Frontend) -> None:
    file = ROOT / "build/beside/linked.h5ad"
    assert shown.ask({"t": "sibling", "source": "s0", "path": "sample.zarr"})[0]["file"] is None
    shown.run(f"other = show_anndata({str(file)!r}, beside=True)")
    welcome = shown.hello()
    assert welcome["source"]["beside"] is True
    found = shown.ask({"t": "sibling", "source": "s0", "path": "parts/second.h5"})[0]["file"]
    data = file.with_name("parts").joinpath("second.h5").read_bytes()
    assert (found["name"], found["size"]) == ("second.h5", len(data))
    assert shown.ask({"t": "read", "source": found["source"], "spans": [[0, 8]]})[1] == [data[:8]]
    assert shown.ask({"t": "sibling", "source": "s0", "path": "../beside/whole.h5ad"})[0]["t"] == "fail"
    shown.run("other.stop()")


def test_the_page_comes_whole(shown: Frontend) -> None:
    import gzip

    _, buffers = shown.ask({"t": "page"})
    assert b'<meta name="cellucid-viewer" content="viewer">' in gzip.decompress(buffers[0])


def test_data_and_events_while_a_cell_blocks(shown: Frontend) -> None:
    cell = shown.running("import time\nfor _ in range(60): time.sleep(0.1)")
    began = time.monotonic()
    if shown.version == "6.31.0":
        # Nothing can be done about it there; nothing is lost either.
        head, _ = shown.ask({"t": "read", "source": "s0", "spans": [[0, 8]]})
        assert time.monotonic() - began > 4
    else:
        head, _ = shown.ask({"t": "read", "source": "s0", "spans": [[0, 8]]}, timeout=5)
        shown.event({"type": "click", "cell": 7, "button": 0, "shift": False, "ctrl": False, "seq": 2})
    assert head["t"] == "data"
    shown.finish(cell)
    if shown.version != "6.31.0":
        assert shown.value("viewer.state.click['cell']") == 7


def test_wait_for_event_in_a_cell(shown: Frontend) -> None:
    cell = shown.start("print(viewer.wait_for_event('selection', timeout=20)['cells'])")
    time.sleep(0.7)
    shown.event({"type": "selection", "cells": [3, 1, 2], "source": "lasso", "seq": 2})
    assert shown.finish(cell).strip() == "[3, 1, 2]"


def test_command_then_wait_in_one_cell(shown: Frontend) -> None:
    """ipykernel 7.4 sends what comes in back to the shell that sent last, here the one that waits."""
    cell = shown.start("viewer.set_color_by('leiden')\nprint(viewer.wait_for_event('click', timeout=20)['cell'])")
    command = shown.command("setColorBy")
    shown.event({"type": "command_done", "answers": command["seq"], "seq": 2})
    time.sleep(0.5)
    shown.event({"type": "click", "cell": 11, "button": 0, "shift": False, "ctrl": False, "seq": 3})
    assert shown.finish(cell).strip() == "11"


def test_await_in_a_cell(shown: Frontend) -> None:
    cell = shown.start("print((await viewer.next_event('click', 20))['cell'])")
    time.sleep(0.7)
    shown.event({"type": "click", "cell": 5, "button": 0, "shift": False, "ctrl": False, "seq": 2})
    assert shown.finish(cell).strip() == "5"


def test_waiting_has_an_end(shown: Frontend) -> None:
    code = "try: viewer.wait_for_event('never', timeout=0.5)\nexcept TimeoutError as error: print(error)"
    assert shown.run(code).strip() == "Timed out waiting for event 'never'"


def test_other_cells_keep_their_order_while_one_waits(shown: Frontend) -> None:
    waiting = shown.start("order = []\nviewer.wait_for_event('click', timeout=20)\norder.append('first')")
    time.sleep(0.5)
    others = [shown.start(f"order.append({name!r})") for name in ("second", "third")]
    time.sleep(0.5)
    shown.event({"type": "click", "cell": 5, "button": 0, "shift": False, "ctrl": False, "seq": 2})
    for cell in (waiting, *others):
        shown.finish(cell)
    assert shown.value("order") == ["first", "second", "third"]


def test_a_refused_command_is_an_error_in_python(shown: Frontend) -> None:
    cell = shown.start("try: viewer.set_color_by('typo')\nexcept Exception as error: print(type(error).__name__, error)")
    command = shown.command("setColorBy")
    shown.event(
        {
            "type": "command_error",
            "command": "setColorBy",
            "reason": 'there is no column "typo"',
            "answers": command["seq"],
            "seq": 2,
        }
    )
    assert shown.finish(cell).strip() == 'CommandError setColorBy: there is no column "typo"'
    assert "IndexError" in shown.run("try: viewer.highlight_cells([2000])\nexcept Exception as error: print(repr(error))")


def test_a_million_cells_arrive_whole(shown: Frontend) -> None:
    chosen = np.arange(0, 2_000_000, 2)
    packed = cells.pack(chosen)
    assert len(packed["data"]) <= 250_000 * 4 / 3 + 4
    shown.event({"type": "selection", "cells": packed, "source": "lasso", "seq": 2})
    shown.receive(t="command")
    assert shown.value("len(viewer.state.selection['cells']), sum(viewer.state.selection['cells'])") == (
        1_000_000,
        int(chosen.sum()),
    )
    for part in range(3):
        piece = chosen[part * 400_000 : (part + 1) * 400_000]
        name = "selection" if part == 2 else "selection_part"
        shown.event({"type": name, "cells": cells.pack(piece), "source": "range", "part": part, "parts": 3, "seq": 3 + part})
    shown.settle(0.5)
    assert shown.value("len(viewer.state.selection['cells']), sum(viewer.state.selection['cells'])") == (
        1_000_000,
        int(chosen.sum()),
    )


def test_hooks_run_in_order_and_once(shown: Frontend) -> None:
    for number in range(2, 60):
        shown.event({"type": "selection", "cells": [number], "source": "click", "seq": number})
    for number in (5, 40):
        shown.event({"type": "selection", "cells": [number], "source": "click", "seq": number})
    shown.settle(1)
    assert shown.value("[event['cells'][0] for event in heard]") == list(range(2, 60))


def test_what_was_lost_is_sent_again(shown: Frontend) -> None:
    shown.run("viewer.state.ready")
    cell = shown.start("viewer.highlight_cells([1, 2])")
    first = shown.command("highlight")
    # The page never got it: nothing is answered, and the command comes again with its number.
    assert shown.command("highlight", timeout=8) == first
    shown.event({"type": "command_done", "answers": first["seq"], "seq": 2})
    shown.finish(cell)


def test_a_view_that_opens_later_is_told_what_lasts(shown: Frontend) -> None:
    code = "from cellucid_relay import channel\nviewer._channel.command({'type': 'setColorBy', 'field': 'a'})\nviewer._channel.command({'type': 'setColorBy', 'field': 'b'})"
    shown.run(code)
    shown.hello("v2", 1)
    shown.event({"type": "ready", "n_cells": 2000, "dimensions": 2, "seq": 1}, view="v2")
    assert shown.command("setColorBy", view="v2") == {"type": "setColorBy", "field": "b", "seq": 1}
    # The first view's page is loaded again: numbers begin anew.
    shown.received.clear()
    shown.hello("v1", 2)
    shown.event({"type": "ready", "n_cells": 2000, "dimensions": 2, "seq": 1}, epoch=2)
    assert shown.command("setColorBy") == {"type": "setColorBy", "field": "b", "seq": 1}


def test_pings_tell_what_arrived(shown: Frontend) -> None:
    shown.event({"type": "click", "cell": 1, "button": 0, "shift": False, "ctrl": False, "seq": 2})
    assert shown.ask({"t": "ping"})[0]["seen"] == 2


def test_session_bundle_in_parts(shown: Frontend, tmp_path: Any) -> None:
    import base64

    from conftest import golden

    data = base64.b64decode(golden("bundle")["bundle"]["bytes"])
    cell = shown.start(
        "bundle = viewer.get_session_bundle(timeout=20)\nprint(bundle.list_chunk_ids(), bundle.path.stat().st_size)"
    )
    request = shown.command("requestSessionBundle")["requestId"]
    for part, piece in enumerate((data[:100], data[100:])):
        head, _ = shown.ask({"t": "put", "attachment": "a1", "part": part}, [piece])
        assert head["t"] == "data"
    message = {"type": "session_bundle", "requestId": request, "status": "ok", "bytes": len(data), "data": None, "seq": 2}
    shown.send({"t": "event", "view": "v1", "epoch": 1, "attachment": "a1", "message": message})
    assert shown.finish(cell).strip() == f"['highlights/meta', 'highlights/cells/highlight_1'] {len(data)}"


def test_session_bundle_awaited(shown: Frontend) -> None:
    import base64

    from conftest import golden

    data = base64.b64decode(golden("bundle")["bundle"]["bytes"])
    cell = shown.start("bundle = await viewer.session_bundle(20)\nprint(bundle.path.stat().st_size)")
    request = shown.command("requestSessionBundle")["requestId"]
    message = {"type": "session_bundle", "requestId": request, "status": "ok", "bytes": len(data), "data": None, "seq": 2}
    shown.send({"t": "event", "view": "v1", "epoch": 1, "message": message}, [data])
    assert shown.finish(cell).strip() == str(len(data))
    # Nobody has asked for another.
    shown.send({"t": "event", "view": "v1", "epoch": 1, "message": {**message, "seq": 3}}, [data])
    shown.settle(0.3)
    assert shown.value("viewer._events.counts['session_bundle']") == 1


def test_nonsense_is_survived(shown: Frontend) -> None:
    for content in (
        {},
        {"view": 3},
        {"view": "v1", "t": "??", "epoch": 1},
        {"view": "v1", "t": "event", "epoch": 1},
        {"t": "read"},
        {"view": "zz", "t": "event"},
    ):
        shown.send(content)
    shown.event({"type": "selection", "cells": {"coding": "bits", "from": 0, "count": 1 << 31, "data": "/w=="}, "seq": 2})
    shown.event({"type": "selection", "cells": "all", "seq": 3})
    head, _ = shown.ask({"t": "read", "source": "s0", "spans": [[0, REPLY + 1]]})
    assert head["code"] == "limit"
    head, _ = shown.ask({"t": "read", "source": "../../etc/passwd", "spans": [[0, 1]]})
    assert head["code"] == "source"


def test_the_front_end_is_told_that_messages_are_done_with(shown: Frontend) -> None:
    shown.settle(0.4)
    shown.statuses.clear()
    for _ in range(20):
        shown.ask({"t": "read", "source": "s0", "spans": [[0, 8]]})
    shown.settle(1)
    idle = [parent for state, parent in shown.statuses if state == "idle" and parent == "comm_msg"]
    assert len(idle) == 20


def test_nothing_listens(shown: Frontend) -> None:
    code = """
import socket, psutil
own = psutil.Process()
import ipykernel.kernelapp
app = ipykernel.kernelapp.IPKernelApp.instance()
ports = {app.shell_port, app.iopub_port, app.stdin_port, app.control_port, app.hb_port}
print(sorted(c.laddr.port for c in own.net_connections("inet") if c.status == "LISTEN" and c.laddr.port not in ports))
"""
    before = shown.run(code)
    shown.run(SHOW.replace("viewer", "another"))
    assert shown.run(code) == before


def test_stopping_ends_it(front: Frontend) -> None:
    front.run(SHOW)
    front.hello()
    front.event({"type": "ready", "n_cells": 2000, "dimensions": 2, "seq": 1})
    front.receive(t="command")
    front.run("viewer.stop()")
    assert front.command("freeze")
    assert front.receive(t="bye")
    code = "try: viewer.reset_view()\nexcept RuntimeError as error: print(error)"
    assert "has been stopped" in front.run(code)
    assert front.value("viewer._reader.answer({'t': 'read', 'source': 's0', 'spans': [[0, 1]]})[0]['code']") == "source"


def test_what_a_notebook_is_told_about_the_widget(shown: Frontend) -> None:
    """Any version of the front end will do; nothing that would be a pity to find in a saved notebook."""
    state = shown.comms[shown.comm]
    assert state["_model_module_version"] == state["_view_module_version"] == "*"
    assert len(state["_esm"]) < 24_000
    rest = {name: value for name, value in state.items() if name != "_esm"}
    assert len(str(rest)) < 1500 and "oken" not in str(rest)
    kinds = {kind for data in shown.displayed for kind in data}
    assert kinds == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}


def examples() -> list[tuple[str, str]]:
    """The code in the reference's own documentation of its viewers."""
    import doctest
    import inspect
    import textwrap

    import cellucid.jupyter as reference

    found = []
    things: list[Any] = [reference.show, reference.show_anndata, reference.CellucidViewer, reference.AnnDataViewer]
    things += [
        value for _, value in inspect.getmembers(reference.BaseViewer) if inspect.isfunction(value) or isinstance(value, property)
    ]
    for thing in things:
        text = inspect.getdoc(thing) or ""
        name = getattr(thing, "__qualname__", None) or thing.fget.__qualname__
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(text))
        if not code and "Example:\n" in text:
            code = textwrap.dedent(text.split("Example:\n")[1].split("\n\n\n")[0])
        if code:
            found.append((name, code))
    return found


def test_the_examples_of_the_reference(front: Frontend) -> None:
    """They run unchanged but for the import and the paths, and do what they say."""
    found = examples()
    assert len(found) >= 10, [name for name, _ in found]
    front.run(f"""
import anndata, types
adata = anndata.read_h5ad({str(SAMPLE)!r})
drawn = []
sc = types.SimpleNamespace(pl=types.SimpleNamespace(violin=lambda data, genes: drawn.append((data.n_obs, genes))))
from cellucid_relay import AnnDataViewer, CellucidViewer
viewer = AnnDataViewer(adata)""")
    paths = {"/path/to/data.h5ad": str(SAMPLE), "/path/to/my_dataset": str(ZARR), "/path/to/dataset": str(ZARR)}
    for _, code in found:
        for theirs, ours in paths.items():
            code = code.replace(theirs, ours)
        code = code.replace("from cellucid import", "from cellucid_relay import").replace(
            "cellucid.jupyter", "cellucid_relay.jupyter"
        )
        front.run(code, timeout=90)
    comm = front.comm
    front.run("from cellucid_relay import cleanup_all, show_anndata\nviewer = show_anndata(adata)")
    assert front.comm != comm
    heard = {
        "BaseViewer.on_ready": ({"type": "ready", "n_cells": 5000, "dimensions": 2}, "Loaded 5000 cells"),
        "BaseViewer.on_click": ({"type": "click", "cell": 7, "button": 0, "shift": False, "ctrl": False}, "Clicked cell 7"),
        "BaseViewer.on_hover": ({"type": "hover", "cell": 3, "position": None}, "Cell 3: "),
        "BaseViewer.on_message": ({"type": "own", "value": 1}, "Got message: {'event': 'own', 'value': 1}"),
    }
    codes = dict(found)
    front.hello()
    for number, (name, (event, words)) in enumerate(heard.items()):
        cell = front.start(codes[name])
        front.finish(cell)
        front.event({**event, "seq": number + 1})
        end = time.monotonic() + 20
        while words not in front.printed.get(cell, "") and time.monotonic() < end:
            front.settle(0.1)
        assert words in front.printed.get(cell, ""), name
    front.run(codes["BaseViewer.on_selection"])
    front.event({"type": "selection", "cells": [4, 2, 9], "source": "lasso", "seq": 9})
    front.settle(0.5)
    assert front.value("drawn") == [(3, "gene1")]
    front.run("cleanup_all()")
    front.received.clear()


def test_twenty_viewers_do_not_mix(front: Frontend) -> None:
    front.run(f"from cellucid_relay import show_anndata\nviewers = [show_anndata({str(SAMPLE)!r}) for _ in range(20)]")
    names = [name for name, state in front.comms.items() if state.get("viewer")][-20:]
    for at, name in enumerate(names):
        front.send({"t": "hello", "view": f"w{at}", "epoch": 1, "rid": at}, comm=name)
        front.send({"t": "event", "view": f"w{at}", "epoch": 1, "message": {"type": "click", "cell": at, "seq": 1}}, comm=name)
    for at in range(20):
        front.receive(rid=at)
    front.settle(0.5)
    assert front.value("[viewer.state.click['cell'] for viewer in viewers]") == list(range(20))
    front.run("from cellucid_relay import cleanup_all\ncleanup_all()")
    front.received.clear()
