#!/usr/bin/env python3
"""Prints repbench's benchmark figures beside those of the Python peers.

OURS is Google Benchmark's JSON (--benchmark_out=OURS --benchmark_out_format=json), our rate its counter
items_per_second; PEERS is what the scripts in peers/ print, one JSON line a measurement. Rows are matched by
name; a ratio above 1 means that repbench is faster. Needs nothing but Python.
"""

import argparse
import json
import re
import statistics
import sys
from pathlib import Path

# What Google Benchmark appends to a name for options of the run.
OPTION = re.compile(r"/(real_time|process_time|manual_time|(min_time|min_warmup_time|iterations|repeats|threads)"
                    r":[^/]+)$")


def plain(name):
    while OPTION.search(name):
        name = OPTION.sub("", name)
    return name


def read_ours(path):
    """{name: rate}, the median over repetitions; and the threads that the context tells, if it does."""
    rates, contents = {}, json.loads(path.read_text(encoding="utf-8"))
    for run in contents["benchmarks"]:
        if run.get("run_type", "iteration") == "iteration" and "items_per_second" in run:
            rates.setdefault(plain(run.get("run_name", run["name"])), []).append(run["items_per_second"])
        elif run.get("error_occurred"):
            print(f"{run['name']}: {run.get('error_message', 'failed')}", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    return medians, contents.get("context", {}).get("threads")


def read_peers(path):
    """The measurements; lines that are not JSON objects (warnings, headings) are skipped."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def rows(ours, peers):
    """(name, ours, peer, ratio, what the peer is) for each pair, then what only one side measured."""
    for peer in peers:
        rate = ours.get(peer["name"])
        unit = peer["unit"].removesuffix("/s")
        what = f"{peer['peer']}, {unit} a second, {peer['threads']} thread{'s' * (peer['threads'] != 1)}"
        ratio = "-" if rate is None else f"{rate / peer['rate']:.2f}"
        yield peer["name"], number(rate), number(peer["rate"]), ratio, what
    measured = {peer["name"] for peer in peers}
    for name, rate in ours.items():
        if name not in measured:
            yield name, number(rate), "-", "-", "no peer measured"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("ours", type=Path)
    parser.add_argument("peers", type=Path)
    arguments = parser.parse_args()
    try:
        (ours, threads), peers = read_ours(arguments.ours), read_peers(arguments.peers)
        table = [("name", "ours", "peer", "ratio", "the peer"), *rows(ours, peers)]
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"compare.py: {type(error).__name__}: {error}")
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for index, (name, *figures, what) in enumerate(table):
        aligned = (cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True))
        print(" | ".join([name.ljust(widths[0]), *aligned, what]))
        if index == 0:
            print("-|-".join("-" * width for width in [*widths, len(what)]))
    if threads and any(str(peer["threads"]) != str(threads) for peer in peers):
        print(f"Mind: ours ran on {threads} thread(s), not all peers did; such ratios say little.")


if __name__ == "__main__":
    main()
