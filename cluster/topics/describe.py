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
from threadloom.cluster.topics import typical
from threadloom.cluster.topics.asked_names import Server, ask_names
from threadloom.cluster.topics.tree import Cells, Embed, Named, describe_levels
from threadloom.cluster.topics.vocabulary import ClusterTexts

# A group of clusters shows a chain of this many of its largest clusters.
_SHOWN_OF_GROUP = 3


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


@dataclass(frozen=True, eq=False)
class Looked:
    """All that `describe` needs of the vectors, so that their memory is free before it begins.

    sums: see `Cells.sums`. typical: the candidates for the typical rows of each cluster, by level.
    """

    cells: Cells
    sums: np.ndarray
    typical: dict[int, list[list[int]]]


def look_at(vectors: np.ndarray, found: Clustering) -> Looked:
    """Return what `describe` needs of the vectors, float32[n, d], of the rows of a clustering."""
    cells = Cells.of([level.labels for level in found.levels])
    candidates = {}
    for level in range(found.method_level, len(found.levels)):
        at = found.levels[level]
        firmness = found.probabilities if level == found.method_level else at.strengths
        count = found.count_at(level)
        candidates[level] = typical.candidates(vectors, at.labels, count, firmness)
    return Looked(cells, cells.sums(vectors), candidates)


def describe(
    files: list[Opened],
    keys: pa.Table,
    fitted: Fitted,
    looked: Looked,
    findings: Findings,
    embed: Embed,
    server: Server | None = None,
    answers: str = "",
) -> Described:
    """Describe the clusters of the rows of `files` at every level; reads all texts once.

    embed: gives the vectors of words. server: is asked for names; None: no server is. answers: the
    path of the file that keeps what it answers.
    """
    found, cells = fitted.clustering, looked.cells
    method = found.method_level
    wanted = {row for level in looked.typical.values() for rows in level for row in rows}
    on_map = dict.fromkeys(fitted.drawn.tolist(), "")
    texts = ClusterTexts(len(found.labels), cells.count)
    shown: dict[int, str] = {}
    cell_of = cells.of_rows.tolist()
    for row, text in enumerate(read_texts(files, findings)):
        texts.add(cell_of[row], text)
        if row in wanted:
            shown[row] = text
        if row in on_map:
            on_map[row] = typical.snippet(text)
    parents = [level.parents for level in found.levels]
    named = describe_levels(texts, cells, parents, looked.sums, embed)
    levels = []
    for level in range(len(found.levels)):
        picked = {}
        if level >= method:
            picked = dict(enumerate(typical.pick(rows, shown) for rows in looked.typical[level]))
        levels.append(_level(found, level, named[level], picked, keys))
    _fill_groups(levels, method)
    if server is not None and (warning := ask_names(levels, server, answers)):
        findings.warn(warning)
    clusters = [
        {"level": method + 1, **{k: v for k, v in cluster.items() if k not in _IN_THE_TREE}}
        for cluster in levels[method]["clusters"]
    ]
    names = tuple(tuple(c["name"] for c in level["clusters"]) for level in levels)
    return Described(clusters, levels, names, list(on_map.values()))


# Where a cluster is in the tree; the flat list of the method's clusters does not say it.
_IN_THE_TREE = ("parent", "children")


def _level(
    found: Clustering,
    level: int,
    named: list[Named],
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
            largest = sorted(group["children"], key=lambda c: -below[c]["size"])[:_SHOWN_OF_GROUP]
            group["typical"] = [below[child]["typical"][0] for child in largest
                                if below[child]["typical"]]  # fmt: skip
