"""Files that polars writes: each codec, few and many rows, small pages and row groups."""

import polars as pl
import rows

TYPES = {
    "int8": pl.Int8, "int16": pl.Int16, "int32": pl.Int32, "int64": pl.Int64,
    "uint32": pl.UInt32, "uint64": pl.UInt64, "float32": pl.Float32, "float64": pl.Float64,
    "flag": pl.Boolean, "day": pl.Date, "moment": pl.Datetime("us"),
    "instant": pl.Datetime("ns", "UTC"), "clock": pl.Time, "decimal9": pl.Decimal(9, 2),
    "decimal38": pl.Decimal(38, 10), "name": pl.String, "one": pl.Categorical,
    "bytes": pl.Binary, "nothing": pl.Null,
}  # fmt: skip


def main() -> None:
    """Write all of them."""
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4"):
        write(codec, 300, compression=codec, data_page_size=512)
    for count in (1, 1000):
        write(f"{count}", count, statistics="full", row_group_size=400)


def write(name: str, count: int, **options: object) -> None:
    """Write two files, with nulls and without."""
    for nulls in (False, True):
        columns = rows.rows("polars", count, nulls, list(TYPES))
        frame = pl.DataFrame(
            {n: pl.Series(n, v, TYPES.get(n, pl.String)) for n, v in columns.items()}
        )
        full = f"{name}{'_nulls' * nulls}"
        frame.write_parquet(rows.folder() / f"{full}.parquet", **options)
        rows.expect(rows.folder(), full, columns)


main()
