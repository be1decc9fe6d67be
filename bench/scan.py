"""Time the scan: which of very many files have embeddings already, against `find`.

    python bench/scan.py [--thousands 100 500 1000 2000] [--rounds 5]

For each size a tree of empty files is made below build/bench (1,000 inputs a subreddit, nine of ten
with an output) and taken away at the end. Each round times, in turn: `find` listing both halves of
the tree; Expand and Filter without Beam (the Go benchmark BenchmarkScan); then, with all outputs
there, the whole program on Prism, which has nothing to do. The file system's cache is warm.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import product

INPUTS = 1000  # of a subreddit
DONE = 900


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thousands", type=int, nargs="+", default=[100, 500, 1000, 2000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    product.build()
    product.RESULTS.mkdir(parents=True, exist_ok=True)
    for thousands in options.thousands:
        with tempfile.TemporaryDirectory(dir=product.RESULTS, prefix="scan-") as folder:
            measure(Path(folder), thousands, options.rounds)


def measure(root: Path, thousands: int, rounds: int) -> None:
    """Measure a tree of so many thousand inputs."""
    make_tree(root, thousands)
    scanner = root / "transforms.test"
    product.build_benchmarks(scanner)
    times: dict[str, list[float]] = {"find": [], "scan": []}
    for number in range(rounds):
        steps = [("find", find), ("scan", lambda root: scan(root, scanner, thousands))]
        for name, step in steps if number % 2 == 0 else reversed(steps):
            times[name].append(step(root))
    complete(root)
    runs = [run(root, thousands) for _ in range(rounds)]
    ratios = [s / f for s, f in zip(times["scan"], times["find"], strict=True)]
    listed, scanned = product.spread(times["find"]), product.spread(times["scan"])
    whole, peak = product.spread([t for t, _ in runs]), max(mb for _, mb in runs)
    print(
        f"{thousands},000 inputs: find {listed} s, scan {scanned} s, scan/find "
        f"{product.spread(ratios)}; whole run with nothing to do {whole} s, {peak:.0f} MB",
        flush=True,
    )


def make_tree(root: Path, subreddits: int) -> None:
    """Make the folders of so many subreddits and their empty files."""
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
    done = subprocess.run(
        [scanner, "-test.run=^$", "-test.bench=^BenchmarkScan$", "-test.benchtime=1x"],
        env={**os.environ, "THREADLOOM_SCAN_TREE": str(root)},
        check=True,
        capture_output=True,
        text=True,
    )
    figures = {unit: float(n) for n, unit in re.findall(r"([\d.e+]+) (\S+)", done.stdout)}
    assert figures["done"] == thousands * DONE, done.stdout
    assert figures["missing"] == thousands * (INPUTS - DONE), done.stdout
    return figures["ns/op"] / 1e9


def run(root: Path, thousands: int) -> tuple[float, float]:
    """Run the whole program, which has nothing to embed; return seconds and peak MB."""
    flags = ("--root", root, "--suffix", "scan", "--cluster=false")
    summary, seconds, peak = product.measured(*flags)
    assert summary["files_skipped"] == thousands * INPUTS, summary
    return seconds, peak


if __name__ == "__main__":
    main()
