"""Compare the command 'import' with loops that only read the dumps, and watch its memory.

    python bench/importspeed.py [--bytes 4G] [--rounds 3] [--memory 1G,8G]

Each round reads the same invented month four times, in an order that rotates: 'import' of all
subreddits; 'import' of the largest one; and a loop in Python that only decompresses, parses and
filters by that subreddit (`dumploops.py`), with json and with orjson. 'import' writes chains, the
loops write nothing. A speed is in MB of the uncompressed month.
Then 'import' reads a small and a large month. The most memory that it and all its children had is
shown beside what it announced.
"""

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import product

SUBREDDIT = "Sourdough"  # the largest of bench/dumps
UNITS = {"K": 1e3, "M": 1e6, "G": 1e9}


def main() -> None:
    """Run the rounds and print a line for each, then the ratios, then the memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bytes", default="4G", help="of the month, uncompressed")
    parser.add_argument("--window", type=int, default=27, help="of zstd, as a power of two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="1G,8G", help="sizes of months to watch memory on")
    options = parser.parse_args()
    product.build()
    with product.scratch("import-") as folder:
        if options.rounds:
            compare(folder, options.bytes, options.window, options.rounds)
        for size in filter(None, options.memory.split(",")):
            watch(folder, size, options.window)


def invented(folder: Path, size: str, window: int) -> list[Path]:
    """Make a month of a size, and return its dumps."""
    out = folder / f"dumps-{size}"
    start = time.perf_counter()
    flags = [f"--out={out}", f"--bytes={size}", f"--window={window}"]
    command = ["go", "run", "./bench/dumps", *flags, "--months=2024-01", "--subreddits=1000"]
    subprocess.run(command, cwd=product.REPOSITORY, check=True)
    seconds = time.perf_counter() - start
    dumps = sorted(out.iterdir())
    compressed = sum(d.stat().st_size for d in dumps) / 1e6
    print(f"{size} were made in {seconds:.0f} s, {compressed:.0f} MB compressed", flush=True)
    return dumps


def megabytes(size: str) -> float:
    """Return the MB of a size such as 4G."""
    return float(size.rstrip("KMG")) * UNITS.get(size[-1], 1) / 1e6


def compare(folder: Path, size: str, window: int, rounds: int) -> None:
    """Read the same month with each, in turn, and print the speeds and ratios."""
    dumps = invented(folder, size, window)
    ways = {
        "import all": lambda: imported(dumps).seconds,
        "import one": lambda: imported(dumps, f"--subreddits={SUBREDDIT}").seconds,
        "loop json": lambda: loop("json", dumps),
        "loop orjson": lambda: loop("orjson", dumps),
    }
    speeds = {name: [] for name in ways}
    for number in range(rounds):
        for name, seconds in product.in_turn(ways, number).items():
            speeds[name].append(megabytes(size) / seconds)
        line = ", ".join(f"{name} {all_of[-1]:.0f} MB/s" for name, all_of in speeds.items())
        print(f"round {number + 1}: {line}", flush=True)
    for name, all_of in speeds.items():
        print(f"{name}: {product.spread(all_of, '.0f')} MB/s")
    for ours in ("import all", "import one"):
        for other in ("loop json", "loop orjson"):
            ratios = [a / b for a, b in zip(speeds[ours], speeds[other], strict=True)]
            print(f"{ours} / {other}: {product.spread(ratios)}")
    for dump in dumps:
        dump.unlink()


def loop(parser: str, dumps: list[Path]) -> float:
    """Read dumps with the loop; return its seconds."""
    script = Path(__file__).with_name("dumploops.py")
    start = time.perf_counter()
    command = [sys.executable, script, parser, SUBREDDIT, *dumps]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    kept, read, bad = map(int, done.stdout.split())
    assert kept, "the loop kept nothing"
    assert bad < read / 50, f"the loop could not read {bad} of {read} lines"
    return seconds


@dataclass(frozen=True)
class Imported:
    """An import that has ended well. peak: of all its processes together, in MB."""

    seconds: float
    peak: float
    said: str
    chains: int  # bytes


def imported(dumps: list[Path], *flags: str) -> Imported:
    """Import dumps into a root that is removed afterwards."""
    with product.scratch("import-root-") as root:
        command = [product.BUILT, "import", f"--root={root}", "--suffix=bench", *flags, *dumps]
        said, seconds, peak = product.watched(command, together, 0.05, stderr=subprocess.STDOUT)
        files = Path(root, "chains", "bench").glob("[!._]*/*.parquet")
        return Imported(seconds, peak, said, sum(f.stat().st_size for f in files))


def together(pid: int) -> float:
    """Return the memory of a process and its children, in MB."""
    return sum(map(product.memory, product.family(pid)))


def watch(folder: Path, size: str, window: int) -> None:
    """Import a month of a size, and print its memory beside what was announced."""
    dumps = invented(folder, size, window)
    done = imported(dumps)
    speed = megabytes(size) / done.seconds
    print(
        f"{size}: peak {done.peak:.0f} MB, announced {announced(done.said):.0f} MB, "
        f"{speed:.0f} MB/s, {done.chains / 1e6:.0f} MB of chains",
        flush=True,
    )
    for dump in dumps:
        dump.unlink()


def announced(said: str) -> float:
    """Return the memory in MB that an import said it would need."""
    factors = {"MiB": 1.048576, "GiB": 1073.741824}
    if found := re.search(r'memory_at_most="([\d.,]+) ([MG]iB)"', said):
        return float(found[1].replace(",", "")) * factors[found[2]]
    sys.exit(f"import did not say how much memory it needs:\n{said}")


if __name__ == "__main__":
    main()
