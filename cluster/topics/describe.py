"""Describe each cluster: its words, name, subreddits and typical chains."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from threadloom.cluster.clustering import Clustering
from threadloom.cluster.files import labels as labelling
from threadloom.cluster.files.key_columns import row_values
from threadloom.cluster.files.left_out import Findings
from threadloom.cluster.files.sources import Opened
from threadloom.cluster.files.texts import read_texts
from threadloom.cluster.methods.fit import Fitted
from threadloom.cluster.topics import names as naming
from threadloom.cluster.topics import typical
from threadloom.cluster.topics.vocabulary import ClusterTexts

# A group at a coarser level is named after this many of its largest clusters.
_GROUP_NAMES = 3


@dataclass(frozen=True)
class Described:
    """What the report says of each cluster, largest first, and of each coarser level.

    names: of the clusters of each level, coarsest first; "" if a cluster has none.
    snippets: the beginnings of the texts of the rows that the map shows, `Fitted.drawn`.
    """

    clusters: list[dict]
    levels: list[list[dict]]
    names: tuple[tuple[str, ...], ...]
    snippets: list[str]


def describe(
    files: list[Opened], keys: pa.Table, fitted: Fitted, vectors: np.ndarray, findings: Findings
) -> Described:
    """Describe the clusters of the rows of `files`; reads all texts once."""
    found = fitted.clustering
    typical_rows = typical.candidates(vectors, found)
    wanted = {row for candidates in typical_rows for row in candidates}
    on_map = dict.fromkeys(fitted.drawn.tolist(), "")
    texts = ClusterTexts()
    shown: dict[int, str] = {}
    for row, text in enumerate(read_texts(files, findings)):
        texts.add(int(found.labels[row]), text)
        if row in wanted:
            shown[row] = text
        if row in on_map:
            on_map[row] = typical.snippet(text)
    described = naming.describe(texts)
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=found.count)
    subreddits = labelling.subreddit_counts(keys, found.labels, found.count)
    clusters = [
        {
            "label": label,
            "name": described[label].name,
            "size": int(sizes[label]),
            "share": round(int(sizes[label]) / len(found.labels), 4),
            "words": described[label].words,
            "coherence": described[label].coherence,
            "subreddits": subreddits[label],
            "typical": [
                {"keys": row_values(keys, row), "text": text}
                for row, text in typical.pick(typical_rows[label], shown)
            ],
        }
        for label in range(found.count)
    ]
    levels = _levels(found, clusters)
    names = [tuple(group["name"] for group in level) for level in levels[::-1]]
    names.append(tuple(cluster["name"] for cluster in clusters))
    names += [("",) * found.count_at(i) for i in range(len(names), len(found.levels))]
    return Described(clusters, levels, tuple(names), list(on_map.values()))


def _levels(found: Clustering, clusters: list[dict]) -> list[list[dict]]:
    """Return, for each coarser level, its groups: label, name, size and the clusters in them."""
    levels = []
    groups = np.arange(found.count)
    for level in range(found.method_level, 0, -1):
        groups = found.levels[level].parents[groups]
        level_groups = []
        for label in range(found.count_at(level - 1)):
            mine = [clusters[c] for c in np.flatnonzero(groups == label)]
            # Clusters are numbered by size: the first are the largest.
            firsts = [c["words"][0] if c["words"] else c["name"] for c in mine[:_GROUP_NAMES]]
            level_groups.append(
                {
                    "label": label,
                    "name": ", ".join(dict.fromkeys(firsts)),
                    "size": sum(c["size"] for c in mine),
                    "clusters": [c["label"] for c in mine],
                }
            )
        levels.append(level_groups)
    return levels
