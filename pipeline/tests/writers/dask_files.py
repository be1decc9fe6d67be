"""Files that dask and pandas write, through fastparquet and pyarrow, with an index or without."""

import shutil

import dask
import pandas as pd
import rows

# Its newer planner writes through pyarrow alone.
dask.config.set({"dataframe.query-planning": False})
import dask.dataframe as dd  # noqa: E402

TYPES = {
    "int32": "Int32", "int64": "Int64", "flag": "boolean", "moment": "datetime64[us]",
    "name": "object", "one": "category",
}  # fmt: skip


def main() -> None:
    """Write all of them."""
    for engine in ("fastparquet", "pyarrow"):
        for nulls in (False, True):
            columns = rows.rows("dask", 300, nulls, list(TYPES))
            frame = pd.DataFrame(
                {n: pd.Series(v, dtype=TYPES.get(n, "object")) for n, v in columns.items()}
            )
            name = f"{engine}{'_nulls' * nulls}"
            write_dask(f"dask_{name}", frame, columns, engine)
            write_pandas(f"pandas_{name}", frame, columns, engine)


def write_dask(name: str, frame: pd.DataFrame, columns: dict[str, list], engine: str) -> None:
    """Write a file as dask does: a part of a folder."""
    parts = rows.folder() / name
    dd.from_pandas(frame, npartitions=1).to_parquet(parts, engine=engine, write_index=False)
    (part,) = parts.glob("*.parquet")
    part.rename(rows.folder() / f"{name}.parquet")
    shutil.rmtree(parts)
    rows.expect(rows.folder(), name, columns)


def write_pandas(name: str, frame: pd.DataFrame, columns: dict[str, list], engine: str) -> None:
    """Write a file as pandas does, with an index that is no range."""
    index = [f"row {i}" for i in range(len(frame))]
    indexed = frame.set_index(pd.Index(index, name="at"))
    indexed.to_parquet(rows.folder() / f"{name}.parquet", engine=engine)
    rows.expect(rows.folder(), name, columns | {"at": index})


main()
