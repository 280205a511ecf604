"""A thousand visitors of one data set of 100 GB at the same time, from what one visitor was counted to cost.

    node bench/layouts.js DATA_DIR --json layouts.json 20000x500_relaid_v3.zarr 100000x2000_relaid_v3.zarr 1000000x1000_relaid_v3.zarr
    python bench/visitors.py layouts.json [--gigabytes 100] [--visitors 1000] [--minutes 10]
    python bench/visitors.py layouts.json --replayed visits.json

Three data sets of growing size, relaid into shards, were read by this project's client over HTTP; requests and bytes of opening with the
first plot grow with the cells, those of a gene with its items. Straight lines through those counts give what a visitor of a larger one costs:
an extrapolation, by the factor that is printed. Whoever comes to a shard first asks for its index too, in both arrays of X: the more genes
there are, the more often. Visitors arrive at random over the first minute, plot, and look at a gene every twenty seconds on average; which
gene follows Zipf's law, because some are asked for by everybody. Whoever comes back to a gene has it already. Each has 50 Mbit/s. A cache in
front (a CDN's edge) keeps what was asked for once.

`--replayed` puts the calculation to the test: `bench/visits.js` has some dozens of visits really made, of a data set that was counted beside
the others (its row gives the size, no more: the lines go through the others); what the lines say of them stands beside what was seen.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Share of the matrix that is stored, and genes, as in large atlases.
DENSITY, GENES = 0.06, 30_000
LINK = 50e6 / 8
# Chunks of a shard, and bytes of its index: where each chunk is and how long, and a checksum.
SHARD = 256
INDEX = SHARD * 16 + 4


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Least squares: where it begins and how it rises."""
    n = len(points)
    mx, my = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mx) ** 2 for x, _ in points)
    rise = sum((x - mx) * (y - my) for x, y in points) / spread if spread else 0.0
    return max(my - rise * mx, 0.0), rise


def costs_of(rows: list[dict[str, Any]], cells: float, per_gene: float) -> dict[tuple[str, str], float]:
    """Requests and bytes of opening a data set of so many cells, and of a gene of so many items, by the lines through what was counted."""
    costs = {}
    for phase, size in (("plot", cells), ("mean", per_gene)):
        for what in ("requests", "bytes"):
            sizes = [r["n_obs"] if phase == "plot" else r["items"] / r["n_vars"] for r in rows]
            # Most genes need no index; bytes differ from gene to gene.
            counted = "next" if (phase, what) == ("mean", "requests") else phase
            start, rise = line([(size, r[counted][what]) for size, r in zip(sizes, rows, strict=True)])
            costs[phase, what] = start + rise * size
    return costs


def shard_of(per_gene: float) -> Callable[[int], int]:
    """Which shard a gene begins in, by what `relayout` makes of genes of so many items."""
    chunk = min(max(1 << math.ceil(math.log2(max(per_gene, 1))), 16 << 10), 256 << 10)
    return lambda gene: int(gene * per_gene // (SHARD * chunk))


def replayed(rows: list[dict[str, Any]], found: dict[str, Any]) -> None:
    """What was seen of real visits beside what the lines through the other data sets say of them."""
    own = next(row for row in rows if row["name"] == found["name"])
    costs = costs_of([row for row in rows if row is not own], own["n_obs"], own["items"] / own["n_vars"])
    visits: list[list[dict[str, int]]] = found["visits"]
    # Whoever comes back to a gene has it already.
    shard = shard_of(own["items"] / own["n_vars"])
    genes = [{look["gene"] for look in visit[1:]} for visit in visits]
    different = [len(of_one) for of_one in genes]
    all_genes = set().union(*genes)
    index = [2 * sum(len({shard(gene) for gene in of_one}) for of_one in genes), 2 * len({shard(gene) for gene in all_genes})]
    print(f"{found['name']}: {len(visits)} visits, {len(visits[0]) - 1} looks each, {sum(different):,} of them at another gene\n")
    print("| | calculated: requests | MB | seen: requests | MB | seen / calculated: requests | MB |\n|" + " --- |" * 7)
    opening = [visit[0] for visit in visits]
    looks = [look for visit in visits for look in visit[1:]]
    mean = index[0] / sum(different)
    for name, plots, read, indices, seen in (
        ("opening and first plot, each", 1.0, 0.0, 0.0, (opening, len(visits))),
        ("a gene, each", 0.0, 1.0, mean, (looks, sum(different))),
        ("all visits", len(visits), sum(different), index[0], ([*opening, *looks], 1)),
        ("through a cache in front", 1.0, len(all_genes), index[1], ([found["behind"]], 1)),
    ):
        want = [plots * costs["plot", what] + read * costs["mean", what] for what in ("requests", "bytes")]
        want = [want[0] + indices, want[1] + indices * INDEX]
        got = [sum(one[what] for one in seen[0]) / seen[1] for what in ("requests", "bytes")]
        print(
            f"| {name} | {want[0]:,.1f} | {want[1] / 1e6:,.2f} | {got[0]:,.1f} | {got[1] / 1e6:,.2f} "
            f"| {got[0] / want[0]:.2f} | {got[1] / want[1]:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=Path)
    parser.add_argument("--gigabytes", type=float, default=100)
    parser.add_argument("--visitors", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--replayed", type=Path)
    args = parser.parse_args()
    rows: list[dict[str, Any]] = json.loads(args.counts.read_text())["rows"]
    if args.replayed:
        replayed(rows, json.loads(args.replayed.read_text()))
        return
    # What an item takes in the store, with its share of everything else.
    largest = max(rows, key=lambda row: row["items"])
    cells = args.gigabytes * 1e9 / (largest["bytes"] / largest["items"]) / (GENES * DENSITY)
    costs = costs_of(rows, cells, cells * DENSITY)
    factor = cells / largest["n_obs"]
    print(
        f"{args.gigabytes:.0f} GB: {cells / 1e6:.1f} million cells x {GENES:,} genes; {factor:.0f} x the largest that was measured\n"
    )
    print("| | requests | MB |\n| --- | --- | --- |")
    for phase, name in (("plot", "opening and first plot"), ("mean", "a gene")):
        print(f"| {name} | {costs[phase, 'requests']:.0f} | {costs[phase, 'bytes'] / 1e6:.1f} |")

    rng = random.Random(7)
    weights = [1 / (rank + 1) for rank in range(GENES)]
    shard = shard_of(cells * DENSITY)
    end = args.minutes * 60
    # When, by whom, and which gene; -1 is the opening.
    events: list[tuple[float, int, int]] = []
    for visitor in range(args.visitors):
        at = rng.uniform(0, 60)
        events.append((at, visitor, -1))
        at += costs["plot", "bytes"] / LINK
        while (at := at + rng.expovariate(1 / 20)) < end:
            events.append((at, visitor, 0))
    genes = iter(rng.choices(range(GENES), weights, k=len(events)))
    # Popular genes lie anywhere in the matrix.
    events = sorted((at, visitor, gene if gene < 0 else next(genes) * 7919 % GENES) for at, visitor, gene in events)
    seconds: Counter[int] = Counter()
    moved: Counter[int] = Counter()
    behind: Counter[int] = Counter()
    behind_bytes: Counter[int] = Counter()
    # What each visitor has, and what the cache has: genes, and indices of shards.
    own: list[set[tuple[str, int]]] = [set() for _ in range(args.visitors)]
    cache: set[tuple[str, int]] = set()
    for at, visitor, gene in events:
        phase = "plot" if gene < 0 else "mean"
        parts = [("gene", gene, costs[phase, "requests"], costs[phase, "bytes"])]
        if gene >= 0:
            parts.append(("shard", shard(gene), 2.0, 2.0 * INDEX))
        for what, number, requests, size in parts:
            if (what, number) in own[visitor]:
                continue
            own[visitor].add((what, number))
            # A visitor's link spreads what it takes over time.
            lasts = max(1, round(size / LINK))
            for second in range(int(at), int(at) + lasts):
                seconds[second] += round(requests / lasts)
                moved[second] += round(size / lasts)
            if (what, number) not in cache:
                cache.add((what, number))
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
    looks = sum(1 for event in events if event[2] >= 0)
    different = sum(1 for what, gene in cache if what == "gene" and gene >= 0)
    print(f"\n{args.visitors:,} visitors, {args.minutes:.0f} minutes, {looks:,} looks at a gene, {different:,} different genes\n")
    print("| | requests | GB | most requests/s | most Gbit/s |\n| --- | --- | --- | --- | --- |")
    for name, requests, size, peak, rate in rows_out:
        print(f"| {name} | {requests:,} | {size / 1e9:,.0f} | {peak:,} | {rate * 8 / 1e9:.1f} |")
    print(f"\nper visitor {total / args.visitors:.0f} requests, {sum(moved.values()) / args.visitors / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
