"""The labels of all chains as a Parquet file."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threadloom.cluster.clustering import Clustering
from threadloom.cluster.files.atomic_write import write_parquet
from threadloom.cluster.files.key_columns import as_texts
from threadloom.cluster.files.sources import Opened

SUBREDDIT = "subreddit"
# Then three for each level of the tree, coarsest first: label_level_1 and so on, and the fields of
# `Level` that they hold.
LEVELS = {
    "label_level_": "labels",
    "strength_level_": "strengths",
    "nearest_level_": "nearest",
}
# The columns that the step adds, in this order, and the fields of `Clustering` that they hold.
LABEL = "label"
ADDED = {
    LABEL: "labels",
    "probability": "probabilities",
    "outlier_score": "outlier_scores",
    "nearest_label": "nearest",
    "nearest_distance": "distances",
}
# In the footer: the fingerprint of the run that wrote the labels.
FINGERPRINT = b"threadloom.clusters.fingerprint"


def with_subreddits(keys: pa.Table, files: list[Opened]) -> pa.Table:
    """Return the key columns with a column `subreddit`, from the jobs if the files lack it.

    A column of the input with a name of ours, such as `label`, becomes `input_label`.
    """
    keys = keys.rename_columns(renamed(keys.column_names, [*ADDED, SUBREDDIT], tuple(LEVELS)))
    job = pa.chunked_array(
        [pa.repeat(pa.scalar(f.source.subreddit, pa.string()), f.rows) for f in files],
        pa.string(),
    )
    if SUBREDDIT not in keys.column_names:
        return (
            keys.append_column(SUBREDDIT, job) if keys.num_columns else pa.table({SUBREDDIT: job})
        )
    index = keys.column_names.index(SUBREDDIT)
    try:
        column = as_texts(keys.column(index))
    except pa.ArrowException:  # bytes that are not UTF-8 name no subreddit
        free = _free(SUBREDDIT, {name.lower() for name in keys.column_names})
        kept = keys.rename_columns([free if n == SUBREDDIT else n for n in keys.column_names])
        return kept.append_column(SUBREDDIT, job)
    return keys.set_column(index, SUBREDDIT, pc.coalesce(column, job.cast(pa.large_string())))


def renamed(names: list[str], ours: Iterable[str], prefixes: tuple[str, ...]) -> list[str]:
    """Return the names of the columns; those with a name or a prefix of ours get another one.

    Case does not count, because DuckDB and others take `Label` for `label`. A column that is called
    exactly `subreddit` keeps its name.
    """
    ours = set(ours)
    used = {name.lower() for name in names}
    new = []
    for name in names:
        low = name.lower()
        if name != SUBREDDIT and (low in ours or low.startswith(prefixes)):
            name = _free(name, used)
            used.add(name.lower())
        new.append(name)
    return new


def _free(name: str, used: set[str]) -> str:
    """Return the name after as many `input_` as make it unused; case does not count."""
    while name.lower() in used:
        name = f"input_{name}"
    return name


def write_labels(path: str, keys: pa.Table, clustering: Clustering, fingerprint: str) -> None:
    """Write the key columns, those of `ADDED` and those of each level, in row order (zstd)."""
    table = keys
    for name, values in ADDED.items():
        table = table.append_column(name, pa.array(getattr(clustering, values)))
    for number, level in enumerate(clustering.levels, 1):
        for name, values in LEVELS.items():
            table = table.append_column(f"{name}{number}", pa.array(getattr(level, values)))
    write_parquet(path, table.replace_schema_metadata({FINGERPRINT: fingerprint}))


def read_fingerprint(path: str) -> str | None:
    """Return the fingerprint of the run that wrote the labels; None if there is none."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    value = metadata.get(FINGERPRINT)
    return value.decode() if value else None


def subreddit_counts(keys: pa.Table, labels: np.ndarray, count: int) -> list[dict[str, int]]:
    """Return, for each of `count` clusters, its five largest subreddits and their rows."""
    if not len(labels):
        return []
    encoded = keys.column(SUBREDDIT).combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy()
    table = np.zeros((count, len(names)), np.int64)
    clustered = labels >= 0
    np.add.at(table, (labels[clustered], codes[clustered]), 1)
    top = []
    for sizes in table.tolist():
        order = sorted((-size, name) for size, name in zip(sizes, names, strict=True) if size)
        top.append({name: -size for size, name in order[:5]})
    return top
