"""The places of all chains on the map, with their clusters' names, as a Parquet file.

The names of clusters stand in each row, so that pandas, polars, DuckDB and others draw and count
without a join.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from threadloom.cluster.files.atomic_write import replacing
from threadloom.cluster.files.labels import FINGERPRINT, LABEL, renamed

X, Y, NAME, PROBABILITY = "x", "y", "name", "probability"
# Then one for each level, coarsest first: label_level_1, name_level_1 and so on.
LEVEL, NAME_LEVEL = "label_level_", "name_level_"
# Where Reddit's own times are.
TIME_COLUMN = "created_utc"
_ADDED = (X, Y, LABEL, NAME, PROBABILITY)
# Rows that are made and written at a time.
_ROWS = 131_072


@dataclass(frozen=True)
class Named:
    """The labels of n rows at one level, int[n] with noise -1, and the names of its clusters."""

    labels: np.ndarray
    names: Sequence[str]

    def column(self, rows: slice) -> pa.Array:
        """Return the names of some rows; null for noise."""
        labels = self.labels[rows]
        return pa.array(self.names, pa.string()).take(pa.array(labels, mask=labels < 0))


def write_points(
    path: str,
    keys: pa.Table,
    created: pa.ChunkedArray | None,
    places: np.ndarray,
    clusters: Named,
    probabilities: np.ndarray,
    levels: Sequence[Named],
    fingerprint: str,
) -> None:
    """Write a row for each chain, in row order (zstd).

    keys: the key columns, with their subreddits; a column with a name of ours becomes `input_x` or
    the like. created: when the chains were written, if `keys` has no such column. places:
    float32[n, 2]. probabilities: float32[n].
    """
    keys = keys.rename_columns(renamed(keys.column_names, _ADDED, (LEVEL, NAME_LEVEL)))
    if created is not None and TIME_COLUMN not in {name.lower() for name in keys.column_names}:
        keys = keys.append_column(TIME_COLUMN, created)

    def part(start: int) -> pa.Table:
        rows = slice(start, start + _ROWS)
        table = keys.slice(start, _ROWS)
        columns = {
            X: places[rows, 0],
            Y: places[rows, 1],
            LABEL: clusters.labels[rows],
            NAME: clusters.column(rows),
        }
        for number, level in enumerate(levels, 1):
            columns[f"{LEVEL}{number}"] = level.labels[rows]
            columns[f"{NAME_LEVEL}{number}"] = level.column(rows)
        columns[PROBABILITY] = probabilities[rows]
        for name, values in columns.items():
            table = table.append_column(name, pa.array(values))
        return table

    schema = part(len(keys)).schema.with_metadata({FINGERPRINT: fingerprint})
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as file,
    ):
        for start in range(0, max(len(keys), 1), _ROWS):
            file.write_table(part(start).cast(schema))
