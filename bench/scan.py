"""Compare the scan, which finds the files without embeddings, with `find`.

    python bench/scan.py [--thousands 100 500 1000 2000] [--rounds 5]

For each size it makes a tree of empty files below build/bench, and removes it at the end. A
subreddit has 1,000 inputs, and nine of ten have an output. Each round times in turn

- `find`, which lists chains and embeddings
- Expand and Filter without Beam (the Go benchmark BenchmarkScan)

Then all outputs exist, and the whole program on Prism, which has nothing to do, is timed as often.
The file system's cache is warm.
"""

import argparse
import json
import os
import subprocess
import time
from functools import partial
from pathlib import Path

import product

INPUTS = 1000  # in each subreddit
DONE = 900  # that have an output at first


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thousands", type=int, nargs="+", default=[100, 500, 1000, 2000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    product.build()
    for thousands in options.thousands:
        with product.scratch("scan-") as root:
            measure(root, thousands, options.rounds)


def measure(root: Path, thousands: int, rounds: int) -> None:
    """Measure a tree of so many thousand inputs."""
    make_tree(root, thousands)
    scanner = root / "transforms.test"
    product.build_benchmarks(scanner)
    steps = {"find": partial(find, root), "scan": partial(scan, root, scanner, thousands)}
    times = [product.in_turn(steps, number) for number in range(rounds)]
    complete(root)
    runs = [run(root, thousands) for _ in range(rounds)]
    ratios = [t["scan"] / t["find"] for t in times]
    listed, scanned = (product.spread([t[name] for t in times]) for name in steps)
    whole, peak = product.spread([t for t, _ in runs]), max(mb for _, mb in runs)
    print(
        f"{thousands},000 inputs: find {listed} s, scan {scanned} s, scan/find "
        f"{product.spread(ratios)}; whole run with nothing to do {whole} s, {peak:.0f} MB",
        flush=True,
    )


def make_tree(root: Path, subreddits: int) -> None:
    """Make the folders of some subreddits, with empty files."""
    names = [f"subreddit{i:05d}" for i in range(subreddits)]
    (root / "subreddits_list.json").write_text(json.dumps(names))
    for name in names:
        for kind, number in (("chains", INPUTS), ("embeddings", DONE)):
            folder = root / kind / "scan" / name
            folder.mkdir(parents=True)
            touch(folder, range(number))


def complete(root: Path) -> None:
    """Add the outputs that are missing."""
    for folder in (root / "embeddings" / "scan").iterdir():
        touch(folder, range(DONE, INPUTS))


def touch(folder: Path, numbers: range) -> None:
    """Make empty files."""
    for i in numbers:
        os.close(os.open(folder / f"part-{i:05d}.parquet", os.O_CREAT | os.O_WRONLY))


def find(root: Path) -> float:
    """List the tree with find; return the seconds."""
    start = time.perf_counter()
    subprocess.run(
        ["find", root / "chains", root / "embeddings", "-name", "*.parquet", "-type", "f"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def scan(root: Path, scanner: Path, thousands: int) -> float:
    """Run Expand and Filter once over the tree; return the seconds."""
    figures = product.run_benchmark(scanner, "BenchmarkScan", THREADLOOM_SCAN_TREE=root)
    assert figures["done"] == thousands * DONE, figures
    assert figures["missing"] == thousands * (INPUTS - DONE), figures
    return figures["seconds"]


def run(root: Path, thousands: int) -> tuple[float, float]:
    """Run the whole program, which has nothing to embed; return seconds and peak MB."""
    flags = ("--root", root, "--suffix", "scan", "--cluster=false")
    summary, seconds, peak = product.measured(*flags)
    assert summary["files_skipped"] == thousands * INPUTS, summary
    return seconds, peak


if __name__ == "__main__":
    main()
