"""Compare the whole program with itself without Beam, and with a plain script.

    python bench/pipeline.py [--share 0.25] [--rounds 4]

All go from Parquet files to Parquet files. Each round has its share of the newsgroups, and embeds
it three times, in an order that rotates:

- with the program on Prism
- with its engine, reader and writer, but without Beam (the Go benchmark BenchmarkFiles)
- with a simple script around sentence-transformers (`plain.py`: read a file, encode, write it)

Only the time in which files are embedded counts, without the start and the loading of the model.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import product


def main() -> None:
    """Run the rounds and print a line for each, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.25, help="share of the files to embed")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    chains = product.corpus(product.SUFFIX) / "chains" / product.SUFFIX
    product.build()
    files = sorted(chains.glob("*/*.parquet"))[:: max(1, round(1 / options.share))]
    with product.scratch() as folder:
        bare = folder / "transforms.test"
        product.build_benchmarks(bare)
        ways = {"program": program, "no Beam": partial(no_beam, bare), "plain": plain}
        rounds = []
        for number in range(options.rounds):
            share = files[number :: options.rounds]
            steps = {name: partial(embed, way, share) for name, way in ways.items()}
            rounds.append(product.in_turn(steps, number))
            line = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in rounds[-1].items())
            print(f"round {number + 1}: {len(share)} files, {line}", flush=True)
    beam = [r["program"] / r["no Beam"] for r in rounds]
    print(f"whole program / engine alone, time: {product.spread(beam)}")
    gain = [r["plain"] / r["program"] for r in rounds]
    print(f"plain script / whole program, time: {product.spread(gain)}")


def embed(way: Callable[[Path], float], files: list[Path]) -> float:
    """Embed files in one way; return the seconds."""
    with product.scratch() as root:
        seconds = way(product.lay_out(root, files))
        written = len(list((root / "embeddings" / "bench").glob("*/*.parquet")))
        assert written == len(files), f"{written} of {len(files)} files were written"
        return seconds


def program(root: Path) -> float:
    """Run the program; return the seconds in which files were open."""
    flags = ("--root", root, "--suffix", "bench", "--cluster=false", "--dedup_cache_mb=0")
    return product.run(*flags)["embedding_seconds"]


def no_beam(bare: Path, root: Path) -> float:
    """Run the Go benchmark once; return its seconds."""
    variables = {"THREADLOOM_BENCH_ROOT": root, "THREADLOOM_BENCH_MODEL": product.MODEL}
    return product.run_benchmark(bare, "BenchmarkFiles", **variables)["seconds"]


def plain(root: Path) -> float:
    """Run the plain script; return its seconds."""
    command = [sys.executable, Path(__file__).with_name("plain.py"), root]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
