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
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import product

MODEL = product.MODEL


def main() -> None:
    """Run the rounds and print a line for each, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.25, help="share of the files to embed")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    chains = product.corpus(product.SUFFIX) / "chains" / product.SUFFIX
    product.build()
    product.RESULTS.mkdir(parents=True, exist_ok=True)
    files = sorted(chains.glob("*/*.parquet"))[:: max(1, round(1 / options.share))]
    with tempfile.TemporaryDirectory(dir=product.RESULTS) as folder:
        bare = Path(folder) / "transforms.test"
        product.build_benchmarks(bare)
        steps = {"program": program, "no Beam": lambda root: no_beam(root, bare), "plain": plain}
        rounds = [
            one_round(files[number :: options.rounds], steps, number)
            for number in range(options.rounds)
        ]
    beam = [r["program"] / r["no Beam"] for r in rounds]
    print(f"whole program / engine alone, time: {product.spread(beam)}")
    gain = [r["plain"] / r["program"] for r in rounds]
    print(f"plain script / whole program, time: {product.spread(gain)}")


def one_round(files: list[Path], steps: dict, number: int) -> dict[str, float]:
    """Embed files with each; return the seconds by name."""
    seconds = {}
    names = list(steps)
    for name in names[number % 3 :] + names[: number % 3]:
        with tempfile.TemporaryDirectory(dir=product.RESULTS) as folder:
            root = lay_out(Path(folder), files)
            seconds[name] = steps[name](root)
            written = list((root / "embeddings" / "bench" / "bench").glob("*.parquet"))
            assert len(written) == len(files), f"{name} wrote {len(written)} of {len(files)} files"
    line = ", ".join(f"{name} {s:.1f} s" for name, s in seconds.items())
    print(f"round {number + 1}: {len(files)} files, {line}", flush=True)
    return seconds


def lay_out(root: Path, files: list[Path]) -> Path:
    """Put files into a root of their own, as one subreddit."""
    folder = product.new_root(root, "bench", "bench") / "bench"
    for i, file in enumerate(files):
        (folder / f"part-{i:05d}.parquet").write_bytes(file.read_bytes())
    return root


def program(root: Path) -> float:
    """Run the program; return the seconds in which files were open."""
    flags = ("--root", root, "--suffix", "bench", "--cluster=false", "--dedup_cache_mb=0")
    return product.run(*flags)["embedding_seconds"]


def no_beam(root: Path, bare: Path) -> float:
    """Run the Go benchmark once; return its seconds."""
    env = {**os.environ, "THREADLOOM_BENCH_ROOT": str(root), "THREADLOOM_BENCH_MODEL": str(MODEL)}
    command = [bare, "-test.run=^$", "-test.bench=^BenchmarkFiles$", "-test.benchtime=1x"]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return float(re.search(r"([\d.e+]+) ns/op", done.stdout)[1]) / 1e9


def plain(root: Path) -> float:
    """Run the plain script; return its seconds."""
    command = [sys.executable, Path(__file__).with_name("plain.py"), root]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
