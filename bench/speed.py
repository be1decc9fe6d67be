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
import shutil
import tempfile
import time
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
        mine, theirs, texts, difference = one_round(
            files[number :: options.rounds], peer, product_first=number % 2 == 0
        )
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
    files: list[Path], peer: SentenceTransformer, product_first: bool
) -> tuple[float, float, int, float]:
    """Embed files with both; return their seconds, the texts, and the largest difference."""
    texts = [t for f in files for t in pq.read_table(f, columns=["text"])["text"].to_pylist()]
    with tempfile.TemporaryDirectory() as folder:
        root = lay_out(Path(folder), files)
        steps = [lambda: embed(root), lambda: encode(peer, texts)]
        if not product_first:
            steps.reverse()
        results = [step() for step in steps]
        if not product_first:
            results.reverse()
        (mine, _), (theirs, wanted) = results
        written = [root / "embeddings" / "bench" / f.parent.name / f.name for f in files]
        vectors = np.concatenate([column(path) for path in written])
    return mine, theirs, len(texts), float(np.abs(vectors - wanted).max())


def lay_out(root: Path, files: list[Path]) -> Path:
    """Put files into a root of their own."""
    chains = product.new_root(root, "bench", *sorted({f.parent.name for f in files}))
    for file in files:
        shutil.copy(file, chains / file.parent.name)
    return root


def embed(root: Path) -> tuple[float, None]:
    """Run the pipeline; return its seconds."""
    start = time.perf_counter()
    product.run("--root", root, "--suffix", "bench", "--cluster=false")
    return time.perf_counter() - start, None


def encode(peer: SentenceTransformer, texts: list[str]) -> tuple[float, np.ndarray]:
    """Run sentence-transformers; return its seconds and the vectors."""
    start = time.perf_counter()
    vectors = peer.encode(texts, show_progress_bar=False)
    return time.perf_counter() - start, vectors


def column(path: Path) -> np.ndarray:
    """Return the vectors of an embeddings file, [rows, 384]."""
    return np.array(pq.read_table(path, columns=["embedding"])["embedding"].to_pylist(), np.float32)


if __name__ == "__main__":
    main()
