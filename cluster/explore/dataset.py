"""The chains that the page shows: their places, clusters, texts, links and nearest chains."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threadloom.cluster.explore.page import (
    CLUSTER,
    CLUSTER_LEVEL,
    LINK,
    NEIGHBORS,
    NOISE,
    ROW,
    TEXT,
    Column,
)
from threadloom.cluster.files.key_columns import as_texts
from threadloom.cluster.files.labels import LABEL, SUBREDDIT, renamed
from threadloom.cluster.files.permalinks import address
from threadloom.cluster.files.points import LEVEL, NAME, NAME_LEVEL, TIME_COLUMN, X, Y
from threadloom.cluster.files.times import instants
from threadloom.cluster.methods.neighbors import Index

# More points make the page slow, and a browser gives it at most 4 GB of memory.
MOST = 300_000
# The nearest chains that the page shows of a chain.
NEIGHBORS_SHOWN = 10
# A reader wants these first. The page shows the columns in the order of the table.
_FIRST = ("title", TEXT, LINK, SUBREDDIT, TIME_COLUMN, "score", CLUSTER)


def sample(labels: np.ndarray, most: int) -> np.ndarray:
    """Return the rows to show, int[<= most], in row order; every cluster has its share."""
    if len(labels) <= most:
        return np.arange(len(labels))
    rows = np.argsort(labels, kind="stable")
    return np.sort(rows[np.arange(most) * len(rows) // most])


def dataset(points: pa.Table, texts: list[str], vectors: np.ndarray) -> pa.Table:
    """Return the table of the page from some rows of points.parquet, their texts and vectors.

    `__neighbors` has the rows and the cosine distances of the nearest chains among these.
    """
    numbered = [n for n in points.column_names if n.startswith(LEVEL)]
    ours = {X, Y, LABEL, NAME, *numbered, *(n.replace(LEVEL, NAME_LEVEL) for n in numbered)}
    kept = [n for n in points.column_names if n not in ours]
    table = {ROW: pa.array(np.arange(len(points), dtype=np.int32)), TEXT: pa.array(texts)}
    for name, free in zip(
        kept, renamed(kept, [CLUSTER, LINK, TEXT], ("__", CLUSTER_LEVEL)), strict=True
    ):
        column = points.column(name)
        if name == TIME_COLUMN:
            # Without a time zone, because the page's DuckDB lacks the part that handles zones.
            table[free] = pa.array(instants(column)).cast(pa.timestamp("ms"))
        elif (simple := _simple(column)) is not None:
            table[free] = simple
    if "permalink" in kept and (links := _links(points.column("permalink"))) is not None:
        table[LINK] = links
    table[CLUSTER] = pc.fill_null(points.column(NAME), NOISE)
    for number in range(1, len(numbered) + 1):
        names = pc.fill_null(points.column(f"{NAME_LEVEL}{number}"), NOISE)
        if not names.equals(table[CLUSTER]):  # the method's level, which is there already
            table[f"{CLUSTER_LEVEL}{number}"] = names
    table[X], table[Y] = points.column(X), points.column(Y)
    table[NEIGHBORS] = _neighbors(vectors)
    return pa.table(
        {name: table[name] for name in dict.fromkeys((*_FIRST, *table)) if name in table}
    )


def _neighbors(vectors: np.ndarray) -> pa.Array:
    """Return `{ids, distances}` of the nearest rows of each row, nearest first, without itself."""
    k = min(NEIGHBORS_SHOWN + 1, len(vectors))
    ids, distances = Index(vectors).neighbors(k) if k else (np.empty((0, 0), np.int32),) * 2
    ends = pa.array(np.arange(len(vectors) + 1, dtype=np.int32) * max(k - 1, 0))
    lists = [
        pa.ListArray.from_arrays(ends, np.ascontiguousarray(values[:, 1:]).ravel())
        for values in (ids.astype(np.int32), distances.astype(np.float32))
    ]
    return pa.StructArray.from_arrays(lists, ["ids", "distances"])


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as the page can show it; None if it cannot."""
    kind = column.type
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_timestamp)
    if any(test(kind) for test in tests):
        return column
    try:
        return as_texts(column)
    except pa.ArrowException:
        return None


def _links(permalinks: pa.ChunkedArray) -> pa.Array | None:
    """Return links to Reddit, null for what is not a path below /r/; None if there are none."""
    try:
        paths = as_texts(permalinks).to_pylist()
    except pa.ArrowException:
        return None
    links = [address(path) or None for path in paths]
    return pa.array(links, pa.string()) if any(links) else None


def columns(table: pa.Table) -> list[Column]:
    """Return what the page's charts depend on."""
    return [
        Column(
            field.name,
            pa.types.is_large_string(field.type) or pa.types.is_string(field.type),
            0 if field.name in (NEIGHBORS, TEXT) else pc.count_distinct(column).as_py(),
        )
        for field, column in zip(table.schema, table.columns, strict=True)
    ]
