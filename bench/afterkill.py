"""Compare the run after a killed one with a fresh run over the same files.

    python bench/afterkill.py [--rounds 4]

A fresh run over eight files of the newsgroups is timed. Then a run over them is killed as soon as
all of them are open, and the next run is timed. Both times are of whole processes, in turn.
"""

import argparse
import subprocess
import time
from functools import partial
from pathlib import Path

import product

FILES = 8
FLAGS = ("--suffix", "bench", "--cluster=false", "--dedup_cache_mb=0")


def main() -> None:
    """Run the rounds and print a line for each, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    rounds = parser.parse_args().rounds
    chains = product.corpus(product.SUFFIX) / "chains" / product.SUFFIX
    product.build()
    files = sorted(chains.glob("*/*.parquet"))
    ratios = []
    for number in range(rounds):
        chosen = files[number :: len(files) // FILES][:FILES]
        steps = {step: partial(timed, step, chosen) for step in (fresh, after_kill)}
        seconds = product.in_turn(steps, number)
        ratios.append(seconds[after_kill] / seconds[fresh])
        print(f"round {number + 1}: fresh {seconds[fresh]:.1f} s, after a kill "
              f"{seconds[after_kill]:.1f} s", flush=True)  # fmt: skip
    print(f"after a kill / fresh, time: {product.spread(ratios)}")


def timed(step, files: list[Path]) -> float:
    """Lay files out in a root of their own, and return the seconds of a step over them."""
    with product.scratch() as root:
        return step(product.lay_out(root, files))


def fresh(root: Path) -> float:
    """Return the seconds of a run that has all of its files to embed."""
    summary, seconds, _ = product.measured("--root", root, *FLAGS)
    assert summary["files_done"] == FILES, summary
    return seconds


def after_kill(root: Path) -> float:
    """Kill a run that has all files open; return the seconds of the next one."""
    command = [product.BUILT, "--root", root, *FLAGS]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list((root / "embeddings").rglob("*.tmp"))) < FILES:
        assert process.poll() is None, "it ended before all files were open at once"
        time.sleep(0.01)
    process.kill()
    process.wait()
    return fresh(root)


if __name__ == "__main__":
    main()
