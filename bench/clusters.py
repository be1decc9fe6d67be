"""Cluster the newsgroups with the pipeline and compare the clusters with the 20 groups.

    python bench/clusters.py [--seeds 5]

Embeds what is not embedded yet (in build/bench, minutes at first). Then it clusters with several
seeds each: the pipeline's own step, the same step with evoc, BERTopic's defaults (its UMAP and
HDBSCAN), EVoC's defaults, and k-means that is told the number 20. None of them reads the groups.

It measures

- adjusted mutual information (AMI; Vinh, Epps & Bailey 2010) between labels and groups: over the
  clustered rows, over all rows with noise as one more cluster, and over all rows with each row of
  noise in its nearest cluster
- the share of noise
- the adjusted Rand index (ARI; Hubert & Arabie 1985) between the labels of two seeds, and between
  those of the same rows in two orders

Then it measures each level of the tree, for hdbscan and leiden, on the newsgroups and on the corpus
`reddit`: clusters, noise, AMI over all rows, ARI between seeds, and ARI between halves. For the
last, it fits each random half, and assigns the rows of the other half to its clusters. On the
newsgroups it also looks at pairs of rows with the same title (without "re:", titles of 2 to 60
rows). Recall is the share of these pairs that lie in the same cluster. Precision is the share with
the same title among the pairs of such rows in the same cluster.

It measures the first figures again for random halves of the corpus, and for short comments. The
groups of the comments are emotions and not topics, but their clusters must not collapse. In the end
it holds back a fifth of the rows, assigns them to the clusters of the others, and compares the
result with a clustering of all rows.
"""

import argparse
import itertools
import re
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import product
import pyarrow.parquet as pq
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from threadloom.cluster.files.left_out import Findings, sentence
from threadloom.cluster.files.sources import Opened, Source, open_sources
from threadloom.cluster.files.vectors import read_vectors
from threadloom.cluster.methods.fit import cluster_vectors

SEED = 42  # the pipeline's default


def main() -> None:
    """Run the pipeline, then the other seeds and methods, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
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
    vectors, groups = read_all(corpus, product.SUFFIX)
    print("| | clusters | noise | AMI clustered | AMI all | reassigned | ARI between seeds |")
    print("|---|---|---|---|---|---|---|")
    own = [(table["label"].to_numpy(), table["nearest_label"].to_numpy())]
    # Seeds are 3 apart, because a run makes three layouts, with its seed and the next two.
    own += [ours(vectors, 3 * seed) for seed in range(1, seeds)]
    show("the pipeline", groups, own)
    show("the pipeline's leiden", groups, [ours(vectors, s, "leiden") for s in range(seeds)])
    show("the pipeline's evoc", groups, [ours(vectors, s, "evoc") for s in range(seeds)])
    show("BERTopic's defaults", groups, [bertopic(vectors, seed) for seed in range(seeds)])
    show("EVoC's defaults", groups, [evoc(vectors, seed) for seed in range(seeds)])
    show("k-means told 20", groups, [k_means(vectors, seed) for seed in range(seeds)])
    depths(product.SUFFIX, vectors, groups, seeds)
    try:
        depths("reddit", *read_all(product.corpus("reddit"), "reddit"), seeds)
    except FileNotFoundError:
        print("reddit: not embedded: run the pipeline on it into build/bench first")
    order = np.random.default_rng(0).permutation(len(vectors))
    halves(vectors[order], groups[order])
    comments()
    again, _ = ours(vectors[order], SEED)
    same = adjusted_rand_score(own[0][0][order], again)
    print(f"\nARI with the rows in another order: {same:.3f}")
    held_back(vectors[order], groups[order], again)


def depths(suffix: str, vectors: np.ndarray, groups: np.ndarray, seeds: int) -> None:
    """Print a row for each level of the trees of hdbscan and leiden."""
    pairs = title_pairs(titles(suffix)) if suffix == product.SUFFIX else None
    print(
        f"\n| {suffix} | level | clusters | noise | AMI all | ARI between seeds"
        " | between halves | title pairs |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for method in ("hdbscan", "leiden"):
        runs = [cluster_vectors(vectors, 3 * seed, method).clustering for seed in range(seeds)]
        # Seeds may have a level more or less above the method's own.
        above = min(run.method_level for run in runs)
        below = min(len(run.levels) - run.method_level for run in runs)
        halved = between_halves(vectors, method)
        for level in range(-above, below):
            found = [run.levels[run.method_level + level].labels for run in runs]
            aris = [adjusted_rand_score(a, b) for a, b in itertools.combinations(found, 2)]
            cells = [
                method,
                f"{level:+d}" if level else "the method's",
                spread([labels.max() + 1 for labels in found]).replace(".000", ""),
                spread([(labels < 0).mean() for labels in found]),
                spread([adjusted_mutual_info_score(groups, labels) for labels in found]),
                f"{statistics.mean(aris):.2f} (least {min(aris):.2f})" if aris else "",
                f"{halved[level]:.2f}" if level in halved else "",
                "" if pairs is None else agreement(pairs, found),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def between_halves(vectors: np.ndarray, method: str) -> dict[int, float]:
    """Return the ARI between clusters of two random halves, by level from the method's own."""
    order = np.random.default_rng(0).permutation(len(vectors))
    halves = np.array_split(order, 2)
    found: list[dict[int, np.ndarray]] = []
    for fitted, others in (halves, halves[::-1]):
        fit = cluster_vectors(vectors[fitted], SEED, method)
        own = fit.clustering.method_level
        assigned = fit.model.assign(vectors[others])
        found.append({})
        for number, level in enumerate(fit.clustering.levels):
            labels = np.empty(len(vectors), np.int32)
            labels[fitted], labels[others] = level.labels, assigned.levels[number].labels
            found[-1][number - own] = labels
    first, second = found
    return {
        level: adjusted_rand_score(first[level], second[level])
        for level in first
        if level in second
    }


def titles(suffix: str) -> np.ndarray:
    """Return the titles of all rows of a corpus, without "re:", in the order of the labels."""
    chains = product.corpus(suffix) / "chains" / suffix
    names = sorted(chains.glob("*/*.parquet"), key=str)
    values = [t or "" for n in names for t in pq.read_table(n, columns=["title"])[0].to_pylist()]
    return np.array([re.sub(r"^(re:\s*)+", "", t.strip().lower()) for t in values])


def title_pairs(names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, int[r], whose title 2 to 60 rows have, and a number for each one's title."""
    _, numbers, sizes = np.unique(names, return_inverse=True, return_counts=True)
    rows = np.flatnonzero((sizes[numbers] >= 2) & (sizes[numbers] <= 60) & (names != ""))
    return rows, numbers[rows]


def agreement(pairs: tuple[np.ndarray, np.ndarray], found: list[np.ndarray]) -> str:
    """Return recall and precision of the pairs of one title, the means of several runs."""
    rows, numbers = pairs
    figures = []
    for labels in found:
        mine = labels[rows]
        in_title = _pairs(np.unique(numbers, return_counts=True)[1])
        clustered = mine >= 0
        in_cluster = _pairs(np.unique(mine[clustered], return_counts=True)[1])
        both = np.stack([numbers, mine], axis=1)[clustered]
        in_both = _pairs(np.unique(both, axis=0, return_counts=True)[1])
        figures.append((in_both / in_title, in_both / max(in_cluster, 1)))
    recall, precision = np.mean(figures, axis=0)
    return f"{recall:.2f} / {precision:.2f}"


def _pairs(sizes: np.ndarray) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def halves(vectors: np.ndarray, groups: np.ndarray) -> None:
    """Print the figures of each half; the rows are in random order."""
    middle = len(vectors) // 2
    for name, part in (("first half", slice(middle)), ("second half", slice(middle, None))):
        show(name, groups[part], [ours(vectors[part], SEED)])


Labels = tuple[np.ndarray, np.ndarray | None]  # int[n], and the same with noise reassigned


def comments() -> None:
    """Print the figures of the comments by three methods, if they were embedded before."""
    try:
        vectors, groups = read_all(product.corpus("comments"), "comments")
    except FileNotFoundError:
        print("| comments | not embedded: run the pipeline on them into build/bench first |")
        return
    for method in ("hdbscan", "leiden", "evoc"):
        show(f"comments, {method}", groups, [ours(vectors, SEED, method)])


def held_back(vectors: np.ndarray, groups: np.ndarray, refitted: np.ndarray) -> None:
    """Print figures of a fifth of the rows: assigned, and by `refitted`, the labels of all rows."""
    new = np.arange(len(vectors)) % 5 == 0
    assigned = cluster_vectors(vectors[~new], SEED).model.assign(vectors[new]).labels
    for name, labels in (("assigned", assigned), ("refitted", refitted[new])):
        score = adjusted_mutual_info_score(groups[new], labels)
        noise = (labels < 0).mean()
        print(f"{new.sum()} rows held back, {name}: AMI {score:.3f}, noise {noise:.3f}")


def ours(vectors: np.ndarray, seed: int, method: str = "hdbscan") -> Labels:
    """Cluster as the pipeline does."""
    found = cluster_vectors(vectors, seed, method).clustering
    return found.labels, found.nearest


def bertopic(vectors: np.ndarray, seed: int) -> Labels:
    """Cluster as BERTopic does by default (its version 0.17): UMAP to 5, HDBSCAN of 10."""
    import hdbscan
    import umap

    reducer = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine",
                        low_memory=False, random_state=seed)  # fmt: skip
    points = reducer.fit_transform(vectors)
    return hdbscan.HDBSCAN(min_cluster_size=10, core_dist_n_jobs=1).fit(points).labels_, None


def evoc(vectors: np.ndarray, seed: int) -> Labels:
    """Cluster as EVoC does by default."""
    from evoc import EVoC

    return EVoC(random_state=seed).fit_predict(vectors), None


def k_means(vectors: np.ndarray, seed: int) -> Labels:
    """Cluster with k-means that is told how many groups there are."""
    from sklearn.cluster import KMeans

    return KMeans(20, n_init=3, random_state=seed).fit_predict(vectors), None


def read_all(corpus: Path, suffix: str) -> tuple[np.ndarray, np.ndarray]:
    """Return all vectors in the order of the labels, float32[rows, 384], and their groups."""
    files, vectors = read_files(corpus, suffix)
    return vectors, np.concatenate([np.repeat(f.source.subreddit, f.rows) for f in files])


def read_files(corpus: Path, suffix: str) -> tuple[list[Opened], np.ndarray]:
    """Return the files of a corpus and all their vectors, float32[rows, 384]."""
    chains = corpus / "chains" / suffix
    embeddings = product.RESULTS / "embeddings" / suffix
    sources = [
        Source(p.parent.name, str(chains / p.parent.name / p.name), str(p))
        for p in embeddings.glob("*/*.parquet")
    ]
    if not sources:
        raise FileNotFoundError(f"{embeddings}: not embedded yet")
    findings = Findings()
    files, vectors = read_vectors(open_sources(sources, "text", findings), findings)
    if findings.left_out:  # figures must be of the whole corpus
        raise ValueError(sentence(findings.left_out))
    return files, vectors


def show(name: str, groups: np.ndarray, runs: list[Labels]) -> None:
    """Print a row of the table for the runs of a method."""
    measures: list[Callable[[np.ndarray], float]] = [
        lambda labels: labels.max() + 1,
        lambda labels: (labels < 0).mean(),
        lambda labels: adjusted_mutual_info_score(groups[labels >= 0], labels[labels >= 0]),
        lambda labels: adjusted_mutual_info_score(groups, labels),
    ]
    cells = [spread([m(labels) for labels, _ in runs]) for m in measures]
    cells[0] = cells[0].replace(".000", "")
    moved = [adjusted_mutual_info_score(groups, m) for _, m in runs if m is not None]
    cells.append(spread(moved) if moved else "")
    pairs = [adjusted_rand_score(a[0], b[0]) for a, b in itertools.combinations(runs, 2)]
    cells.append(f"{statistics.mean(pairs):.2f} (least {min(pairs):.2f})" if pairs else "")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def spread(values: list[float]) -> str:
    """Return the mean, and the range of several."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ({min(values):.3f}–{max(values):.3f})"


if __name__ == "__main__":
    main()
