"""What the page shows at first: its charts, the names on its map, its columns.

The page is Embedding Atlas 0.22.0. It reads `metadata.json`, whose form follows the package's own
export (`embedding_atlas/data_source.py`, `options.py`), and `dataset.parquet` beside it.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from threadloom.cluster.clustering import members
from threadloom.cluster.files.points import Named

# The columns that the page needs; the page hides names that begin with two underscores.
ROW, NEIGHBORS, X, Y, TEXT = "__row_index__", "__neighbors", "x", "y", "text"
# The column of a cluster's name; those of levels have a number behind.
CLUSTER = "cluster"
CLUSTER_LEVEL = "cluster_level_"
LINK, TITLE = "link", "title"
# How a chain in no cluster is called.
NOISE = "(noise)"
# What Markdown takes for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:])")


@dataclass(frozen=True)
class Column:
    """A column of the dataset, and how many different values it has."""

    name: str
    is_text: bool
    different: int


def metadata(
    note: str, columns: Sequence[Column], charted: Sequence[str], labels: list[dict]
) -> dict:
    """Return the content of `metadata.json`.

    note: Markdown, shown above the charts. charted: the names of columns that get a chart, in this
    order. labels: those of `map_labels`.
    """
    known = {c.name: c for c in columns}
    data = {"x": X, "y": Y, "text": TEXT, "neighbors": NEIGHBORS}
    charts = [
        {"type": "embedding", "title": "Map", "data": {**data, "category": CLUSTER}},
        {"type": "instances", "title": "Chains", "columns": _in_table(columns)},
        {"type": "markdown", "title": "What this shows", "content": note},
        {"type": "predicates", "title": "SQL predicates"},
    ]
    for name in charted:
        # A chart of one value says nothing.
        if name in known and known[name].different > 1:
            charts.append(_counts(name) if known[name].is_text else _histogram(name))
    hidden = {c.name: {"display": "hidden"} for c in columns if c.name in (X, Y)}
    return {
        "isStatic": True,
        "database": {"type": "wasm", "load": True},
        "props": {
            "data": {
                "id": ROW,
                "projection": {"x": X, "y": Y},
                "text": TEXT,
                "neighbors": NEIGHBORS,
            },
            "embeddingViewLabels": labels,
            "initialState": {
                "charts": {str(i): chart for i, chart in enumerate(charts, 1)},
                "columnStyles": {**hidden, LINK: {"renderer": "url", "display": "full"},
                                 **{n: {"display": "full"} for n in (TITLE, TEXT)}},
            },
        },
    }  # fmt: skip


def _in_table(columns: Sequence[Column]) -> list[str]:
    """Return the columns of the table: what a reader wants first, then the others."""
    first = (TITLE, TEXT, LINK, "subreddit", "created_utc", "score", CLUSTER)
    names = [c.name for c in columns if not c.name.startswith("__") and c.name not in (X, Y)]
    return [n for n in first if n in names] + [n for n in names if n not in first]


def _counts(name: str) -> dict:
    """Return a chart that counts the values of a column of texts."""
    return {"type": "count-plot", "title": name, "data": {"field": name}}


def _histogram(name: str) -> dict:
    """Return a histogram, as the page itself makes it for a column of numbers or times."""
    bar = {"mark": "bar", "encoding": {"x": {"field": name}, "y": {"aggregate": "count"}}}
    return {
        "title": name,
        "layers": [{**bar, "style": {"fillColor": "$markColorFade"}}, {**bar, "filter": "$filter"}],
        "selection": {"brush": {"encoding": "x"}},
        "widgets": [
            {"type": "scale.type", "channel": "x"},
            {"type": "encoding.normalize", "attribute": "y", "layer": [0, 1], "options": ["x"]},
        ],
    }


def map_labels(levels: Sequence[Named], places: np.ndarray) -> list[dict]:
    """Return the names on the map: with each level, finer ones appear as one zooms in.

    levels: coarsest first, of n rows. places: float32[n, 2]. A name stands at that chain of its
    cluster that is nearest to the medians of x and y, because the middle of a bent cluster may lie
    in another one. A larger cluster has priority.
    """
    labels = []
    for number, level in enumerate(levels):
        for name, rows in zip(level.names, members(level.labels, len(level.names)), strict=True):
            if not len(rows):
                continue
            mine = places[rows].astype(np.float64)
            away = ((mine - np.median(mine, axis=0)) ** 2).sum(axis=1)
            x, y = mine[away.argmin()].tolist()
            labels.append({"x": x, "y": y, "text": name, "level": number, "priority": len(rows)})
    return labels


def as_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", html.escape(" ".join(text.split())))
