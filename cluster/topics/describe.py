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
from threadloom.cluster.topics.names import Description
from threadloom.cluster.topics.vocabulary import ClusterTexts

# A group of clusters is named after this many of its largest clusters.
_GROUP_NAMES = 3


@dataclass(frozen=True)
class Described:
    """What the report says of the clusters.

    clusters: of the method's level, largest first. levels: of each level, coarsest first, `level`
    (from 1) and `clusters`, each as in `clusters` and with its `parent` and `children`.
    names: of the clusters of each level. snippets: the beginnings of the texts of the rows that the
    map shows, `Fitted.drawn`.
    """

    clusters: list[dict]
    levels: list[dict]
    names: tuple[tuple[str, ...], ...]
    snippets: list[str]


def describe(
    files: list[Opened], keys: pa.Table, fitted: Fitted, vectors: np.ndarray, findings: Findings
) -> Described:
    """Describe the clusters of the rows of `files` at every level; reads all texts once."""
    found = fitted.clustering
    method = found.method_level
    read = {level: ClusterTexts() for level in range(method, len(found.levels))}
    typical_rows = {level: _candidates(vectors, found, level) for level in read}
    wanted = {row for level in typical_rows.values() for rows in level for row in rows}
    on_map = dict.fromkeys(fitted.drawn.tolist(), "")
    shown: dict[int, str] = {}
    for row, text in enumerate(read_texts(files, findings)):
        for level, texts in read.items():
            texts.add(int(found.levels[level].labels[row]), text)
        if row in wanted:
            shown[row] = text
        if row in on_map:
            on_map[row] = typical.snippet(text)
    named = name_levels(found, read)
    levels = []
    for level in range(len(found.levels)):
        picked = {}
        if level >= method:
            picked = dict(enumerate(typical.pick(rows, shown) for rows in typical_rows[level]))
        levels.append(_level(found, level, named[level], picked, keys))
    _fill_groups(levels, method)
    clusters = [
        {"level": method + 1, **{k: v for k, v in cluster.items() if k not in _IN_THE_TREE}}
        for cluster in levels[method]["clusters"]
    ]
    names = tuple(tuple(c["name"] for c in level["clusters"]) for level in levels)
    return Described(clusters, levels, names, list(on_map.values()))


# Where a cluster is in the tree; the flat list of the method's clusters does not say it.
_IN_THE_TREE = ("parent", "children")


def name_levels(found: Clustering, texts: dict[int, ClusterTexts]) -> list[dict[int, Description]]:
    """Return the name and the words of each cluster of each level, coarsest first.

    texts: of each level from the method's own to the finest. A group of clusters, above them, has
    the first words of its largest clusters.
    """
    named = {level: naming.describe(read) for level, read in texts.items()}
    members = [[cluster] for cluster in range(found.count)]
    for level in range(found.method_level, 0, -1):
        groups: list[list[int]] = [[] for _ in range(found.count_at(level - 1))]
        for inside, group in zip(members, found.levels[level].parents, strict=True):
            groups[group] += inside
        members = [sorted(group) for group in groups]
        named[level - 1] = {
            group: _group(named[found.method_level], inside) for group, inside in enumerate(members)
        }
    return [named[level] for level in range(len(found.levels))]


def _group(described: dict[int, Description], inside: list[int]) -> Description:
    """Return the name of a group of clusters, whose numbers tell their order by size."""
    largest = [described[cluster] for cluster in inside[:_GROUP_NAMES]]
    words = list(dict.fromkeys(d.words[0] if d.words else d.name for d in largest))
    return Description(words, ", ".join(words), None)


def _candidates(vectors: np.ndarray, found: Clustering, level: int) -> list[list[int]]:
    """Return the candidates for the typical rows of each cluster of a level."""
    at = found.levels[level]
    firmness = found.probabilities if level == found.method_level else at.strengths
    return typical.candidates(vectors, at.labels, found.count_at(level), firmness)


def _level(
    found: Clustering,
    level: int,
    named: dict[int, Description],
    picked: dict[int, list[tuple[int, str]]],
    keys: pa.Table,
) -> dict:
    """Return what the report says of a level; `picked`: the typical rows and their snippets."""
    at, count, rows = found.levels[level], found.count_at(level), len(found.labels)
    sizes = np.bincount(at.labels[at.labels >= 0], minlength=count).tolist()
    subreddits = labelling.subreddit_counts(keys, at.labels, count)
    children: list[list[int]] = [[] for _ in range(count)]
    if level + 1 < len(found.levels):
        for child, parent in enumerate(found.levels[level + 1].parents.tolist()):
            children[parent].append(child)
    clusters = [
        {
            "label": label,
            "parent": int(at.parents[label]) if level else None,
            "children": children[label],
            "name": named[label].name,
            "size": sizes[label],
            "share": round(sizes[label] / rows, 4),
            "words": named[label].words,
            "coherence": named[label].coherence,
            "subreddits": subreddits[label],
            "typical": [
                {"keys": row_values(keys, row), "text": text} for row, text in picked.get(label, [])
            ],
        }
        for label in range(count)
    ]
    return {"level": level + 1, "clusters": clusters}


def _fill_groups(levels: list[dict], method: int) -> None:
    """Give each group above the method's level the best chain of its largest clusters."""
    for level in range(method - 1, -1, -1):
        below = levels[level + 1]["clusters"]
        for group in levels[level]["clusters"]:
            largest = sorted(group["children"], key=lambda c: -below[c]["size"])[:_GROUP_NAMES]
            group["typical"] = [below[child]["typical"][0] for child in largest
                                if below[child]["typical"]]  # fmt: skip
