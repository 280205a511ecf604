"""How `cellucid-wasm serve` holds under load, beside nginx with the same files and beside the reference's server.

    build/venv/bin/python bench/load.py [--data build/bench/data] [--seconds 5] [--rounds 2] [--program target/release/cellucid-wasm]
        [--out build/bench/load.json]

Needs `wrk` and `nginx` (Debian packages), and `bench/make_data.py --layouts csc --compression gzip OUT_DIR` for the file. Everything is
on the loopback. Each system serves one folder: the .h5ad, and an export of some of its genes, which the reference's server needs. The
systems take turns; each gets, for a few seconds at a time,

    small     64 connections, parts of 64 KiB at random places of the .h5ad
    large     64 connections, parts of 1 MiB
    whole     64 connections, whole gene files of the export (400 kB)
    trouble   parts of 64 KiB again, while 100 readers take 2 kB a second and others, 100 a second, hang up in the middle

and says requests and bytes a second, latency, errors, and the most memory its processes had. A system that knows no ranges is asked for
whole files only. The table in doc/BENCHMARKS.md is what this prints.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from processes import System, descriptors, family, field, processor

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 64
SCRIPT = """
local paths = {%(paths)s}
local size, length = %(size)d, %(length)d
local count = 0
setup = function(thread) count = count + 1; thread:set("seed", count) end
init = function() math.randomseed(seed * 7919) end
request = function()
  local headers = {}
  if size > 0 then
    local from = math.random(0, math.floor((length - size) / 65536)) * 65536
    headers["Range"] = "bytes=" .. from .. "-" .. (from + size - 1)
  end
  return wrk.format("GET", paths[math.random(#paths)], headers)
end
done = function(summary, latency)
  local e = summary.errors
  print(string.format(
    '{"requests":%%d,"bytes":%%d,"seconds":%%f,"p50":%%f,"p99":%%f,"errors":%%d}', summary.requests, summary.bytes,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""
NGINX = """
worker_processes auto; daemon off; pid %(here)s/pid; error_log %(here)s/error.log;
events { worker_connections 2048; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; types { } default_type application/octet-stream;
  client_body_temp_path %(here)s/body; proxy_temp_path %(here)s/proxy; fastcgi_temp_path %(here)s/fastcgi;
  uwsgi_temp_path %(here)s/uwsgi; scgi_temp_path %(here)s/scgi;
  server { listen 127.0.0.1:%(port)d; root %(folder)s; }
}
"""


def load(system: System, paths: list[str], size: int, length: int, seconds: int) -> dict[str, float]:
    quoted = ",".join(f'"{system.folder}{path}"' for path in paths)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % {"paths": quoted, "size": size, "length": length})
        script.flush()
        address = f"http://127.0.0.1:{system.port}/"
        command = ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "10s", "-s", script.name]
        out = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    return dict(json.loads(out.strip().splitlines()[-1]))


async def slow(port: int, path: str, until: float) -> int:
    """Takes a whole file at two kilobytes a second; counts those that the server hung up on."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2048)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        while time.monotonic() < until:
            if not await asyncio.wait_for(reader.read(1024), 5):
                return 1
            await asyncio.sleep(0.5)
        writer.transport.abort()
    except (OSError, TimeoutError):
        return 1
    return 0


async def cut(port: int, path: str) -> None:
    """Asks for a whole file and hangs up after the first bytes of it."""
    with contextlib.suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        await asyncio.wait_for(reader.read(2000), 5)
        writer.transport.abort()


async def trouble(port: int, path: str, seconds: float) -> dict[str, int]:
    until = time.monotonic() + seconds
    readers = [asyncio.create_task(slow(port, path, until)) for _ in range(100)]
    cuts: list[asyncio.Task[None]] = []
    while time.monotonic() < until:
        cuts.append(asyncio.create_task(cut(port, path)))
        await asyncio.sleep(0.01)
    lost = sum(await asyncio.gather(*readers))
    await asyncio.gather(*cuts)
    return {"cut": len(cuts), "slow_lost": lost}


def measure(system: System, data: dict[str, Any], seconds: int, log: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    parts = {"small": 64 << 10, "large": 1 << 20} if system.ranges else {}
    with system.running(log) as pid:
        for name, size in [*parts.items(), ("whole", 0)]:
            paths = data["genes"] if size == 0 else [data["file"]]
            before = processor(family(pid))
            found[name] = load(system, paths, size, data["length"], seconds)
            found[name]["cpu"] = processor(family(pid)) - before
        path = system.folder + (data["file"] if system.ranges else data["genes"][0])
        disturb = subprocess.Popen(
            [sys.executable, __file__, "--trouble", f"{system.port},{path},{seconds}"], stdout=subprocess.PIPE, text=True
        )
        paths, size = ([data["file"]], 64 << 10) if system.ranges else (data["genes"], 0)
        found["trouble"] = load(system, paths, size, data["length"], seconds)
        found["trouble"].update(json.loads(disturb.communicate()[0]))
        pids = family(pid)
        found["memory"] = sum(field(one, "VmHWM") for one in pids) / 1024
        time.sleep(1.5)
        found["descriptors"] = descriptors(family(pid))
        found["alive"] = len(family(pid)) > 0
    return found


def prepare(program: Path, data: Path, folder: Path) -> dict[str, Any]:
    """A folder with the file and an export of a part of its genes."""
    source = data / "100000x2000_csc_gzip.h5ad"
    if not source.exists():
        sys.exit(f"{source} is not there: bench/make_data.py {data} --layouts csc --compression gzip")
    os.link(source, folder / source.name) if source.stat().st_dev == folder.stat().st_dev else shutil.copy(source, folder)
    genes = [f"Gene{i:05d}" for i in range(0, 2000, 20)]
    out = folder / "export"
    command = [str(program), "export", str(source), str(out), "--quiet", "--genes", ",".join(genes)]
    subprocess.run(command, check=True)
    length = source.stat().st_size
    return {"file": f"/{source.name}", "length": length, "genes": [f"/export/var/{g}.values.f32" for g in genes]}


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    def middle(name: str, phase: str, of: str) -> float | None:
        values = [
            one[phase][of] / (one[phase]["seconds"] if of in ("requests", "bytes") else 1)
            for one in results[name]
            if phase in one
        ]
        return statistics.median(values) if values else None

    lines = [
        "| load | system | requests/s | of ours | MB/s | p50 ms | p99 ms | server's CPU, ms per request | errors |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for phase in ("small", "large", "whole", "trouble"):
        ours = middle("ours", phase, "requests")
        for name in results:
            rate = middle(name, phase, "requests")
            if rate is None or not ours:
                continue
            cells = [middle(name, phase, of) or 0 for of in ("bytes", "p50", "p99")]
            errors = sum(int(one[phase]["errors"]) for one in results[name])
            cpu = [1e3 * one[phase]["cpu"] / max(one[phase]["requests"], 1) for one in results[name] if "cpu" in one[phase]]
            lines.append(
                f"| {phase} | {'**ours**' if name == 'ours' else name} | {rate:,.0f} | {rate / ours:.2f} | {cells[0] / 1e6:,.0f} "
                f"| {cells[1]:.1f} | {cells[2]:.0f} | {f'{statistics.median(cpu):.3f}' if cpu else ''} | {errors} |"
            )
    lines += ["", "| system | memory, MB | slow readers lost | open files after it |", "| --- | --- | --- | --- |"]
    for name, runs in results.items():
        memory = max(one["memory"] for one in runs)
        lost = sum(one["trouble"]["slow_lost"] for one in runs)
        lines.append(f"| {name} | {memory:.0f} | {lost} of {100 * len(runs)} | {max(one['descriptors'] for one in runs)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "build/bench/data")
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/cellucid-wasm")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench/load.json")
    parser.add_argument("--trouble", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.trouble:
        port, path, seconds = args.trouble.split(",")
        print(json.dumps(asyncio.run(trouble(int(port), path, float(seconds)))))
        return
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not there: apt-get install {tool}")
    here = Path(tempfile.mkdtemp(prefix="load-", dir=args.data))
    try:
        folder = here / "served"
        folder.mkdir()
        # nginx gives its rights up: what it serves has to be there for everybody.
        here.chmod(0o755)
        data = prepare(args.program, args.data, folder)

        def ours(port: int) -> list[str]:
            return [str(args.program), "serve", str(folder), "--port", str(port), "--no-browser"]

        def nginx(port: int) -> list[str]:
            (here / "nginx.conf").write_text(NGINX % {"here": here, "port": port, "folder": folder})
            return ["nginx", "-c", str(here / "nginx.conf"), "-p", str(here)]

        def reference(port: int) -> list[str]:
            cellucid = str(ROOT / "build/venv/bin/cellucid")
            return [cellucid, "serve", str(folder / "export"), "--port", str(port), "--no-browser", "--quiet"]

        systems = [
            System("ours", ours, "/data", True),
            System("nginx", nginx, "", True),
            System("cellucid 0.0.9", reference, "", False),
        ]
        results: dict[str, list[dict[str, Any]]] = {system.name: [] for system in systems}
        for _ in range(args.rounds):
            for system in systems:
                own = dict(data)
                if not system.ranges:
                    own["genes"] = [path.removeprefix("/export") for path in data["genes"]]
                results[system.name].append(measure(system, own, args.seconds, here / "log"))
                print(system.name, json.dumps(results[system.name][-1]), file=sys.stderr, flush=True)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({"load": os.getloadavg(), "results": results}, indent=1))
        print(table(results))
    finally:
        shutil.rmtree(here)


if __name__ == "__main__":
    main()
