"""The chains of each cluster by day, month or year, as a Parquet file."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from threadloom.cluster.files.atomic_write import write_parquet

# In the footer: what a period is, "day", "month" or "year".
UNIT = b"threadloom.period"


def write_over_time(
    path: str,
    unit: str,
    starts: np.ndarray,
    tables: Sequence[np.ndarray],
    names: Sequence[Sequence[str]],
) -> None:
    """Write a row for each level, cluster and period that has chains.

    unit: "day", "month" or "year". starts: datetime64[D][p], the first day of each period. tables:
    of each level, coarsest first, int64[k + 1, p + 1]: the chains of each cluster in each period,
    noise last, and in the last column those whose time is not known. names: of the k clusters of
    each level.

    Columns: `level` (from 1), `label` and `name` (-1 and null for noise), `period` (its first day;
    null if the time is not known), `chains`, and `share` (of all chains of the period). At each
    level `chains` adds up to all chains.
    """
    levels = [
        _level(level, table, starts, named)
        for level, (table, named) in enumerate(zip(tables, names, strict=True), 1)
    ]
    write_parquet(path, pa.concat_tables(levels).replace_schema_metadata({UNIT: unit}))


def _level(level: int, table: np.ndarray, starts: np.ndarray, names: Sequence[str]) -> pa.Table:
    """Return the rows of a level."""
    # Noise is the last row of the table, and comes first in the file, as -1 does.
    table = np.roll(table, 1, axis=0)
    label, period = np.nonzero(table)
    known = period < len(starts)
    days = np.append(starts, np.datetime64("NaT"))[period]
    chains = table[label, period]
    return pa.table(
        {
            "level": pa.array(np.full(len(label), level, np.int32)),
            "label": pa.array((label - 1).astype(np.int32)),
            "name": pa.array([None, *names], pa.string()).take(pa.array(label)),
            "period": pa.array(days, pa.date32(), mask=~known),
            "chains": pa.array(chains),
            "share": pa.array(chains / table.sum(axis=0)[period]),
        }
    )
