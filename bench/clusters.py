"""Cluster the newsgroups with the pipeline and compare the clusters with the 20 groups.

    python bench/clusters.py [--seeds 5]

Embeds what is not embedded yet (in build/bench, minutes at first), runs the pipeline's own cluster
step, then the same step with other seeds. No group's name is read by the clustering. Measures:
adjusted mutual information (AMI; Vinh, Epps & Bailey 2010) between labels and groups over the
clustered rows and over all rows, noise counting as one more cluster; the share of noise; the
adjusted Rand index (ARI; Hubert & Arabie 1985) between the labels of two seeds.
"""

import argparse
import itertools
import statistics
from pathlib import Path

import numpy as np
import product
import pyarrow.parquet as pq
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from threadloom.cluster.files import Source, open_sources, read_vectors
from threadloom.cluster.recipe import cluster_vectors

SEED = 42  # the pipeline's default


def main() -> None:
    """Run the pipeline, then the other seeds, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    corpus = product.corpus()
    product.build()
    product.run(
        *("--root", corpus, "--suffix", product.SUFFIX),
        *("--subreddits", corpus / f"subreddits_list.{product.SUFFIX}.json"),
        *("--embeddings_dir", product.RESULTS / "embeddings"),
        *("--clusters_dir", product.RESULTS / "clusters"),
        *("--cluster_seed", SEED),
    )
    table = pq.read_table(product.RESULTS / "clusters" / product.SUFFIX / "labels.parquet")
    groups = np.array(table["subreddit"].to_pylist())
    runs = [table["label"].to_numpy()]
    figures = [show("pipeline", groups, runs[0])]
    vectors = read_all(corpus)
    for seed in range(1, options.seeds):
        runs.append(cluster_vectors(vectors, seed).labels)
        figures.append(show(f"seed {seed}", groups, runs[-1]))
    for name, values in zip(
        ("AMI clustered", "AMI all", "noise"), zip(*figures, strict=True), strict=True
    ):
        spread = f"{min(values):.3f} to {max(values):.3f}"
        print(f"{name}: mean {statistics.mean(values):.3f}, {spread}")
    pairs = [adjusted_rand_score(a, b) for a, b in itertools.combinations(runs, 2)]
    if pairs:
        print(f"ARI between seeds: mean {statistics.mean(pairs):.3f}, least {min(pairs):.3f}")


def read_all(corpus: Path) -> np.ndarray:
    """Return all vectors in the order of the labels, float32[rows, 384]."""
    chains = corpus / "chains" / product.SUFFIX
    embeddings = product.RESULTS / "embeddings" / product.SUFFIX
    sources = [
        Source(p.parent.name, str(chains / p.parent.name / p.name), str(p))
        for p in embeddings.glob("*/*.parquet")
    ]
    return read_vectors(open_sources(sources, "text"))


def show(name: str, groups: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Print the figures of one run and return AMI clustered, AMI all and the share of noise."""
    clustered = labels >= 0
    over_clustered = adjusted_mutual_info_score(groups[clustered], labels[clustered])
    over_all = adjusted_mutual_info_score(groups, labels)
    noise = 1 - clustered.mean()
    print(
        f"{name}: {labels.max() + 1} clusters, noise {noise:.3f}, "
        f"AMI clustered {over_clustered:.3f}, AMI all {over_all:.3f}",
        flush=True,
    )
    return over_clustered, over_all, noise


if __name__ == "__main__":
    main()
