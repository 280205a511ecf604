"""A thousand visitors of one data set of 100 GB at the same time, from what one visitor was counted to cost.

    node bench/layouts.js DATA_DIR --json layouts.json 20000x500_relaid_v3.zarr 100000x2000_relaid_v3.zarr 1000000x1000_relaid_v3.zarr
    python bench/visitors.py layouts.json [--gigabytes 100] [--visitors 1000] [--minutes 10]

Three data sets of growing size, relaid, were read by this project's client over HTTP; requests and bytes of opening with the first plot
grow with the cells, those of a gene with its items. Straight lines through those counts give what a visitor of a larger one costs: an
extrapolation, by the factor that is printed. Visitors then arrive at random over the first minute, plot, and look at a gene every twenty
seconds on average; which gene follows Zipf's law, because some are asked for by everybody. Each has 50 Mbit/s. A cache in front (a CDN's
edge) keeps what was asked for once.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

# Share of the matrix that is stored, and genes, as in large atlases.
DENSITY, GENES = 0.06, 30_000
LINK = 50e6 / 8


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Least squares: where it begins and how it rises."""
    n = len(points)
    mx, my = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mx) ** 2 for x, _ in points)
    rise = sum((x - mx) * (y - my) for x, y in points) / spread if spread else 0.0
    return max(my - rise * mx, 0.0), rise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=Path)
    parser.add_argument("--gigabytes", type=float, default=100)
    parser.add_argument("--visitors", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = json.loads(args.counts.read_text())["rows"]
    # What an item takes in the store, with its share of everything else.
    largest = max(rows, key=lambda row: row["items"])
    cells = args.gigabytes * 1e9 / (largest["bytes"] / largest["items"]) / (GENES * DENSITY)
    costs = {}
    for phase, size in (("plot", cells), ("mean", cells * DENSITY)):
        for what in ("requests", "bytes"):
            sizes = [r["n_obs"] if phase == "plot" else r["items"] / r["n_vars"] for r in rows]
            start, rise = line([(size, r[phase][what]) for size, r in zip(sizes, rows, strict=True)])
            costs[phase, what] = start + rise * size
    factor = cells / largest["n_obs"]
    print(
        f"{args.gigabytes:.0f} GB: {cells / 1e6:.1f} million cells x {GENES:,} genes; {factor:.0f} x the largest that was measured\n"
    )
    print("| | requests | MB |\n| --- | --- | --- |")
    for phase, name in (("plot", "opening and first plot"), ("mean", "a gene")):
        print(f"| {name} | {costs[phase, 'requests']:.0f} | {costs[phase, 'bytes'] / 1e6:.1f} |")

    rng = random.Random(7)
    weights = [1 / (rank + 1) for rank in range(GENES)]
    events: list[tuple[float, str, int]] = []
    end = args.minutes * 60
    for _ in range(args.visitors):
        at = rng.uniform(0, 60)
        events.append((at, "plot", 0))
        at += costs["plot", "bytes"] / LINK
        while (at := at + rng.expovariate(1 / 20)) < end:
            events.append((at, "mean", -1))
    genes = iter(rng.choices(range(GENES), weights, k=len(events)))
    events = sorted((at, phase, next(genes) if phase == "mean" else 0) for at, phase, _ in events)
    seconds: Counter[int] = Counter()
    moved: Counter[int] = Counter()
    behind: Counter[int] = Counter()
    behind_bytes: Counter[int] = Counter()
    seen: set[tuple[str, int]] = set()
    for at, phase, gene in events:
        requests, size = costs[phase, "requests"], costs[phase, "bytes"]
        # A visitor's link spreads what it takes over time.
        lasts = max(1, round(size / LINK))
        for second in range(int(at), int(at) + lasts):
            seconds[second] += round(requests / lasts)
            moved[second] += round(size / lasts)
        if (phase, gene) not in seen:
            seen.add((phase, gene))
            behind[int(at)] += round(requests)
            behind_bytes[int(at)] += round(size)
    total = sum(seconds.values())
    rows_out = [
        ("what visitors ask for", total, sum(moved.values()), max(seconds.values()), max(moved.values())),
        (
            "what comes through a cache in front",
            sum(behind.values()),
            sum(behind_bytes.values()),
            max(behind.values()),
            max(behind_bytes.values()),
        ),
    ]
    looks = sum(1 for event in events if event[1] == "mean")
    print(
        f"\n{args.visitors:,} visitors, {args.minutes:.0f} minutes, {looks:,} looks at a gene, {len(seen) - 1:,} different genes\n"
    )
    print("| | requests | GB | most requests/s | most Gbit/s |\n| --- | --- | --- | --- | --- |")
    for name, requests, size, peak, rate in rows_out:
        print(f"| {name} | {requests:,} | {size / 1e9:,.0f} | {peak:,} | {rate * 8 / 1e9:.1f} |")
    print(f"\nper visitor {total / args.visitors:.0f} requests, {sum(moved.values()) / args.visitors / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
