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
import re
import subprocess
import tempfile
import time
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
