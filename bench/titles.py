"""Cluster the corpus `titles`, up to 1.1 million chains of 1,235 subreddits: time, memory, AMI.

    python bench/titles.py [--subreddits 653] [--method auto] [--sample 0]

Embeds what is not embedded yet (in build/bench, half an hour for all). Then the program clusters,
as a user's run does: vectors, clusters of all levels, names, map and files. Prints the seconds of
the whole step, the peak memory of the Python process, and for each level the number of clusters,
the noise, and the adjusted mutual information (AMI; Vinh, Epps & Bailey 2010) of the labels and the
subreddits over all rows, with noise as one more cluster.

With --subreddits N these are the first N of the list.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import product
import pyarrow.parquet as pq
from sklearn.metrics import adjusted_mutual_info_score

SUFFIX = "titles"


def main() -> None:
    """Embed what is missing, cluster, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subreddits", type=int, default=0, help="how many of them; 0: all")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--sample", type=int, default=0, help="rows that are fitted, at most")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    corpus = product.corpus(SUFFIX)
    names = json.loads((corpus / f"subreddits_list.{SUFFIX}.json").read_text())
    if options.subreddits:
        names = names[: options.subreddits]
    product.build()
    with product.scratch("titles-") as folder:
        listed = folder / "list.json"
        listed.write_text(json.dumps(names))
        flags = [
            *("--root", corpus, "--suffix", SUFFIX, "--subreddits", listed),
            *("--embeddings_dir", product.RESULTS / "embeddings"),
            *("--clusters_dir", folder / "clusters", "--cluster_seed", options.seed),
            *("--cluster_method", options.method, "--cluster_sample", options.sample),
        ]
        product.run(*flags, "--cluster=false")
        command = [product.BUILT, *flags, "--progress=none"]
        said, _, peak = product.watched(command, largest_child, 0.5)
        print(said, file=sys.stderr)
        show(folder / "clusters" / SUFFIX, peak)


def largest_child(pid: int) -> float:
    """Return the most memory, in MB, that any one child of a process has had."""
    children = product.family(pid)[1:]
    return max((product.memory(child, "VmHWM") for child in children), default=0)


def show(folder: Path, peak: float) -> None:
    """Print the figures of a clustering."""
    report = json.loads((folder / "clusters.json").read_text())
    print(
        f"{report['rows']:,} rows, {report['fitted_rows']:,} fitted by {report['method']}: "
        f"{report['seconds']:.0f} s, {peak:.0f} MB\n"
    )
    print("| level | clusters | noise | AMI all |\n|---|---|---|---|")
    table = pq.read_table(folder / "labels.parquet")
    groups = table["subreddit"].combine_chunks().dictionary_encode().indices.to_numpy()
    for level in report["levels"]:
        number = level["level"]
        labels = table[f"label_level_{number}"].to_numpy()
        ami = adjusted_mutual_info_score(groups, labels)
        own = " (the method's)" if number == report["method_level"] else ""
        noise = float(np.mean(labels < 0))
        clusters = len(level["clusters"])
        print(f"| {number}{own} | {clusters:,} | {noise:.3f} | {ami:.3f} |", flush=True)


if __name__ == "__main__":
    main()
