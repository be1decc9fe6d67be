"""Compare the pipeline with sentence-transformers on the newsgroups.

    python bench/speed.py [--share 1] [--rounds 6]

Each round has its share of the files, and embeds it with both, which take turns to be first:

- the pipeline as a whole process from files to files, with its start, the loading of the model and
  the writing, but without clustering
- sentence-transformers' `encode` with its defaults (fp32, batches of 32 sorted by length, all
  cores). The model is loaded, and the texts are in memory.

Compare only ratios of the same round.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import product
import pyarrow.parquet as pq
from sentence_transformers import SentenceTransformer

from threadloom.export.source import packaged


def main() -> None:
    """Run the rounds and print a line for each, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1, help="share of the files to embed")
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    chains = product.corpus() / "chains" / product.SUFFIX
    product.build()
    files = sorted(chains.glob("*/*.parquet"))
    files = files[:: max(1, round(1 / options.share))]
    peer = SentenceTransformer(str(packaged()), device="cpu")
    peer.encode(["warm up"] * 32)
    print(f"{len(files)} files in {options.rounds} rounds; texts/s")
    ratios, worst = [], 0.0
    for number in range(options.rounds):
        share = files[number :: options.rounds]
        mine, theirs, texts, difference = one_round(share, peer, number)
        worst = max(worst, difference)
        ratios.append(theirs / mine)
        print(
            f"round {number + 1}: {texts} texts, pipeline {texts / mine:.1f}, "
            f"sentence-transformers {texts / theirs:.1f}, ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(
        f"pipeline / sentence-transformers: {product.spread(ratios)}; "
        f"largest difference of a number {worst:.1e}"
    )


def one_round(
    files: list[Path], peer: SentenceTransformer, number: int
) -> tuple[float, float, int, float]:
    """Embed files with both; return their seconds, the texts, and the largest difference."""
    texts = [t for f in files for t in pq.read_table(f, columns=["text"])["text"].to_pylist()]
    with product.scratch() as root:
        product.lay_out(root, files)
        steps = {
            "mine": lambda: product.run("--root", root, "--suffix=bench", "--cluster=false"),
            "theirs": lambda: peer.encode(texts, show_progress_bar=False),
        }
        done = product.in_turn({name: partial(timed, step) for name, step in steps.items()}, number)
        (mine, _), (theirs, wanted) = done.values()
        written = [root / "embeddings" / "bench" / f.parent.name / f.name for f in files]
        vectors = np.concatenate([product.vectors(path) for path in written])
    return mine, theirs, len(texts), float(np.abs(vectors - wanted).max())


def timed(step: Callable) -> tuple:
    """Take a step; return its seconds and its result."""
    start = time.perf_counter()
    result = step()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
