"""Compare time and memory of each way to cluster 100,000 vectors, and of plain HDBSCAN.

    python bench/clusterscale.py [--rows 100000]

The vectors are those of the corpus (bench/clusters.py embeds it), repeated with a little noise. So
the clusters mean nothing, and only time and memory count. Each way runs in a process of its own:
once on a few rows, so that numba compiles, and once for the figures.

With --rows 1000000 --only leiden it shows how much time and memory a million rows take.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
import product

WAYS = (
    "leiden",
    "hdbscan",
    "evoc",
    "hdbscan, sample of 20000",
    "HDBSCAN on PCA 10",
    "scikit-learn on PCA 10",
)
NOISE = 0.02  # added to each coordinate; the coordinates themselves are about 0.05


def main() -> None:
    """Run each way in a child and print its line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", choices=WAYS, help="one of the ways, instead of all")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options.rows)))
        return
    print(f"| {options.rows:,} rows | seconds | clusters | noise | peak memory |")
    print("|---|---|---|---|---|")
    for way in [options.only] if options.only else WAYS:
        command = [sys.executable, __file__, "--rows", str(options.rows), "--way", way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {way} | {figures['seconds']:.0f} | {figures['clusters']} | {figures['noise']:.2f} "
            f"| {figures['peak_mb']:.0f} MB, {figures['vectors_mb']:.0f} of them vectors |",
            flush=True,
        )


def measure(way: str, rows: int) -> dict:
    """Cluster in this process; returns the figures."""
    vectors = make(rows)
    run(way, vectors[:2000])
    start = time.monotonic()
    labels = run(way, vectors)
    return {
        "seconds": time.monotonic() - start,
        "clusters": int(labels.max()) + 1,
        "noise": float((labels < 0).mean()),
        "peak_mb": product.memory(os.getpid(), "VmHWM"),
        "vectors_mb": vectors.nbytes / 1e6,
    }


def run(way: str, vectors: np.ndarray) -> np.ndarray:
    """Return the labels that a way gives."""
    if way.endswith("PCA 10"):
        from sklearn.decomposition import PCA

        points = PCA(10, random_state=0).fit_transform(vectors).astype(np.float64)
        size = max(10, len(vectors) // 100)
        if way.startswith("scikit"):
            from sklearn.cluster import HDBSCAN

            return HDBSCAN(min_cluster_size=size, min_samples=15).fit(points).labels_
        from hdbscan import HDBSCAN

        plain = HDBSCAN(min_cluster_size=size, min_samples=15, core_dist_n_jobs=1)
        return plain.fit(points).labels_
    from threadloom.cluster.methods.fit import cluster_vectors

    method, _, sample = way.partition(", sample of ")
    return cluster_vectors(vectors, 42, method, sample=int(sample or 0)).clustering.labels


def make(rows: int) -> np.ndarray:
    """Return float32[rows, 384] of length 1: the corpus's vectors, each a little off."""
    from clusters import read_all

    known, _ = read_all(product.corpus(), product.SUFFIX)
    random = np.random.default_rng(0)
    vectors = np.empty((rows, known.shape[1]), np.float32)
    for start in range(0, rows, len(known)):
        part = vectors[start : start + len(known)]
        part[:] = known[: len(part)]
        part += random.normal(size=part.shape).astype(np.float32) * NOISE
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


if __name__ == "__main__":
    main()
