"""Say what each cluster is about: its words, name, subreddits, typical chains; and fill the map."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threadloom.cluster.clustering import Clustering
from threadloom.cluster.files import labels as labelling
from threadloom.cluster.files.common_type import TEXT
from threadloom.cluster.files.key_columns import row_values
from threadloom.cluster.files.left_out import Findings
from threadloom.cluster.files.sources import Opened
from threadloom.cluster.files.texts import read_texts
from threadloom.cluster.map.data import MapData
from threadloom.cluster.methods.fit import Fitted
from threadloom.cluster.topics import names as naming
from threadloom.cluster.topics import typical
from threadloom.cluster.topics.vocabulary import ClusterTexts

TITLE = "title"
# Names of its largest clusters that name a group at a coarser level.
_GROUP_NAMES = 3


@dataclass(frozen=True)
class Described:
    """What the report says of each cluster, largest first, and of each coarser level; the map."""

    clusters: list[dict]
    levels: list[list[dict]]
    map: MapData


def describe(
    files: list[Opened], keys: pa.Table, fitted: Fitted, vectors: np.ndarray, findings: Findings
) -> Described:
    """Describe the clusters of the rows of `files`; reads all texts once."""
    found = fitted.clustering
    typical_rows = typical.candidates(vectors, found)
    drawn = fitted.rows[: len(fitted.model.points)]
    wanted = {row for candidates in typical_rows for row in candidates}
    on_map = dict.fromkeys(drawn.tolist(), "")
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
    return Described(
        clusters,
        _levels(found, clusters),
        _map(fitted, [c["name"] for c in clusters], list(on_map.values()), keys.take(drawn)),
    )


def _levels(found: Clustering, clusters: list[dict]) -> list[list[dict]]:
    """Return, for each coarser level, its groups: label, name, size and the clusters in them."""
    levels = []
    for groups in found.levels:
        level = []
        for label in range(int(groups.max()) + 1):
            mine = [clusters[c] for c in np.flatnonzero(groups == label)]
            # Clusters are numbered by size: the first are the largest.
            firsts = [c["words"][0] if c["words"] else c["name"] for c in mine[:_GROUP_NAMES]]
            level.append(
                {
                    "label": label,
                    "name": ", ".join(dict.fromkeys(firsts)),
                    "size": sum(c["size"] for c in mine),
                    "clusters": [c["label"] for c in mine],
                }
            )
        levels.append(level)
    return levels


def _map(fitted: Fitted, names: list[str], snippets: list[str], keys: pa.Table) -> MapData:
    """Return the map of the rows that were laid out; `snippets` and `keys` are theirs."""
    titles = None
    if TITLE in keys.column_names and keys.schema.field(TITLE).type == TEXT:
        titles = pc.fill_null(keys[TITLE], "").to_pylist()
    return MapData(
        fitted.model.points,
        fitted.model.labels[: len(fitted.model.points)],
        names,
        snippets,
        titles,
        pc.fill_null(keys[labelling.SUBREDDIT], "").to_pylist(),
        len(fitted.clustering.labels),
    )
