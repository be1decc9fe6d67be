"""What the page shows at first: its charts, the names on its map, its columns.

The page is Embedding Atlas 0.22.0. It reads `metadata.json`, whose form follows the package's own
export (`embedding_atlas/data_source.py`, `options.py`), and `dataset.parquet` beside it.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from threadloom.cluster.clustering import amid, members
from threadloom.cluster.files.points import Named

# The columns that the page needs; the page hides names that begin with two underscores.
ROW, NEIGHBORS, X, Y, TEXT = "__row_index__", "__neighbors", "x", "y", "text"
# The column of a cluster's name; the names of levels have a number at the end.
CLUSTER = "cluster"
CLUSTER_LEVEL = "cluster_level_"
LINK, TITLE = "link", "title"
# The name for chains in no cluster.
NOISE = "(noise)"
# The map as it opens: how much wider than high it may be, and the room around the points.
_ASPECT, _MARGIN = 2.4, 1.1
# More names would cover each other on the map as it opens.
_FIRST_NAMES = 40
# What Markdown takes for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:])")


@dataclass(frozen=True)
class Column:
    """A column of the dataset, and how many different values it has."""

    name: str
    is_text: bool
    different: int


def metadata(
    note: str,
    columns: Sequence[Column],
    charted: Sequence[str],
    labels: list[dict],
    places: np.ndarray,
) -> dict:
    """Return the content of `metadata.json`.

    note: Markdown, shown above the charts. charted: the names of columns that get a chart, in this
    order. labels: those of `map_labels`. places: float32[n, 2]; the map shows all of them at first.
    """
    shown = [c.name for c in columns if not c.name.startswith("__") and c.name not in (X, Y)]
    known = {c.name: c for c in columns}
    data = {"x": X, "y": Y, "text": TEXT, "neighbors": NEIGHBORS}
    charts = [
        {"type": "embedding", "title": "Map", "data": {**data, "category": CLUSTER}},
        {
            "type": "instances",
            "title": "Chains",
            "columns": shown,
        },
        {"type": "markdown", "title": "What this shows", "content": note},
        {"type": "predicates", "title": "SQL predicates"},
    ]
    for name in charted:
        # A chart of one value says nothing.
        if name in known and known[name].different > 1:
            counts = {"type": "count-plot", "title": name, "data": {"field": name}}
            charts.append(counts if known[name].is_text else _histogram(name))
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
                "chartStates": {"1": {"viewport": _viewport(places)}} if len(places) else {},
                "columnStyles": {**hidden, LINK: {"renderer": "url", "display": "full"},
                                 **{n: {"display": "full"} for n in (TITLE, TEXT)}},
            },
        },
    }  # fmt: skip


def _viewport(places: np.ndarray) -> dict:
    """Return the view that has all but the outermost thousandths of the places.

    The page shows x - 1/scale to x + 1/scale across the longer side of the map.
    """
    low, high = np.quantile(places.astype(np.float64), [0.001, 0.999], axis=0)
    width, height = np.maximum((high - low) / 2 * _MARGIN, np.finfo(np.float32).tiny)
    x, y = ((low + high) / 2).tolist()
    return {"x": x, "y": y, "scale": float(1 / max(width, height * _ASPECT))}


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


def map_labels(levels: Sequence[Named], method_level: int, places: np.ndarray) -> list[dict]:
    """Return the names on the map: as one zooms in, those of finer levels appear.

    levels: coarsest first, of n rows. method_level: the index of the one that gives the colours.
    places: float32[n, 2]. At first the page shows that level, or the finest one above it that has
    at most `_FIRST_NAMES` clusters. A name stands at the chain `amid` its cluster. A larger cluster
    has priority.
    """
    above = levels[: method_level + 1]
    few = [i for i, level in enumerate(above) if len(level.names) <= _FIRST_NAMES]
    labels = []
    for zoom, level in enumerate(levels[max(few, default=0) :]):
        for name, rows in zip(level.names, members(level.labels, len(level.names)), strict=True):
            if not len(rows) or not name:
                continue
            x, y = amid(places[rows]).tolist()
            # The package's documentation calls `content` `text`, which its page does not know.
            labels.append({"x": x, "y": y, "content": name, "level": zoom, "priority": len(rows)})
    return labels


def as_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))
