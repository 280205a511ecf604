"""Manifests and whole exports of a large file, ours and the reference's, in the same run, one after the other.

    python export.py FILE.h5ad [--repeat 5] [--export] [--binary target/release/cellucid-wasm] [--scratch DIR]

Manifests: each server is started anew, opens the file, and is asked for `dataset_identity.json`, `obs_manifest.json` and
`var_manifest.json`, each for the first time. Told are the time until it answers at all, the time of each document, and the sum of
the three; medians, and our share of the reference's. With --export the whole folder too: `cellucid-wasm export` against
`anndata.read_h5ad` and `cellucid.prepare` of the same data (centroids, outliers, edges and genes as we write them). Run it with
build/venv/bin/python on an otherwise idle machine; files are made by make_data.py.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["dataset_identity.json", "obs_manifest.json", "var_manifest.json"]
REFERENCE = """
import sys
from cellucid.anndata_server import AnnDataServer
server = AnnDataServer(sys.argv[1], port=int(sys.argv[2]), open_browser=False, quiet=True)
server.start()
"""
PREPARE = """
import json, resource, sys, time
import anndata
from cellucid.prepare_data import prepare
begun = time.perf_counter()
data = anndata.read_h5ad(sys.argv[1])
read = time.perf_counter()
points = {"X_umap_2d": data.obsm["X_umap"], "X_umap_3d": data.obsm["X_umap_3d"]}
graph = data.obsp.get("connectivities")
prepare(latent_space=data.obsm["X_pca"], obs=data.obs, var=data.var, gene_expression=data.X, connectivities=graph,
        out_dir=sys.argv[2], dataset_name="bench", force=True, **points)
done = time.perf_counter()
print(json.dumps({"read": read - begun, "prepare": done - read}), file=sys.stderr)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def fetch(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", f"/{path}")
    reply = connection.getresponse()
    body = reply.read()
    assert reply.status == 200, (path, reply.status, body[:200])
    return body


def manifests(command: list[str], port: int) -> tuple[dict[str, float], dict[str, bytes]]:
    """Times of a server that is started for this, and its answers."""
    begun = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                fetch(port, "_cellucid/health")
                break
            except (ConnectionError, http.client.HTTPException):
                assert server.poll() is None, "the server ended"
                time.sleep(0.002)
        times = {"ready": time.perf_counter() - begun}
        bodies = {}
        for document in DOCUMENTS:
            start = time.perf_counter()
            bodies[document] = fetch(port, document)
            times[document] = time.perf_counter() - start
    finally:
        server.kill()
        server.wait()
    times["all three"] = sum(times[document] for document in DOCUMENTS)
    return times, bodies


def measured(command: list[str]) -> tuple[float, int, str]:
    """Seconds, peak bytes, and what a program said."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    assert child.stderr is not None
    listener = threading.Thread(target=lambda pipe=child.stderr: said.append(pipe.read()))
    listener.start()
    _, status, usage = os.wait4(child.pid, 0)
    listener.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, said
    return time.perf_counter() - begun, usage.ru_maxrss * 1024, said[0]


def folder_size(folder: Path) -> tuple[int, int]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/cellucid-wasm")
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--options", default="", help="further options of our export, such as --memory 256")
    args = parser.parse_args()
    times: dict[str, dict[str, list[float]]] = {"ours": {}, "reference": {}}
    for _ in range(args.repeat):
        bodies = {}
        for who in times:
            port = free_port()
            ours = [str(args.binary), "serve", str(args.file), "--port", str(port), "--no-browser"]
            theirs = [sys.executable, "-c", REFERENCE, str(args.file), str(port)]
            taken, bodies[who] = manifests(ours if who == "ours" else theirs, port)
            for step, seconds in taken.items():
                times[who].setdefault(step, []).append(seconds)
        for document in DOCUMENTS[1:]:
            assert bodies["ours"][document] == bodies["reference"][document], f"{document} differs"
    print(f"{args.file.name}, {args.repeat} times each, medians in ms (fastest); both wrote the same manifests")
    for step in times["ours"]:
        ours_s, theirs_s = (times[who][step] for who in times)
        share = statistics.median(ours_s) / statistics.median(theirs_s)
        shown = [f"{1e3 * statistics.median(t):8.1f} ({1e3 * min(t):.1f})" for t in (ours_s, theirs_s)]
        print(f"  {step:24} ours {shown[0]:>18}   reference {shown[1]:>20}   share {share:.3f}")
    if not args.export:
        return
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        for who in ("ours", "reference"):
            out = Path(scratch) / who
            if who == "ours":
                command = [str(args.binary), "export", str(args.file), str(out), "--quiet", "--stats", *args.options.split()]
            else:
                command = [sys.executable, "-c", PREPARE, str(args.file), str(out)]
            seconds, peak, said = measured(command)
            files, size = folder_size(out)
            told = said.strip().splitlines()[-1] if said.strip() else ""
            print(
                f"  export, {who:10} {seconds:7.1f} s, {size / seconds / 1e6:7.1f} MB/s, peak {peak / 1e6:7.0f} MB, "
                f"{files} files, {size / 1e9:.2f} GB {json.dumps(json.loads(told)) if told.startswith('{') else ''}"
            )
            shutil.rmtree(out)


if __name__ == "__main__":
    main()
