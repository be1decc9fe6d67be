"""Files that fastparquet writes from pandas: each codec, few and many rows, legacy timestamps."""

import fastparquet
import pandas as pd
import rows

# fastparquet writes 8 bytes after the last value of a page, and timestamps as INT96 if asked to.
TYPES = {
    "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "uint32": "UInt32",
    "uint64": "UInt64", "float32": "float32", "float64": "float64", "flag": "boolean",
    "moment": "datetime64[ns]", "instant": "datetime64[ns, UTC]", "name": "object",
    "one": "category", "bytes": "object",
}  # fmt: skip


def main() -> None:
    """Write all of them."""
    for codec in ("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4_RAW"):
        write(codec.lower(), 300, compression=codec)
    for count in (1, 40, 1000):
        write(f"{count}", count)
    write("groups", 1000, row_group_offsets=300)
    write("int96", 300, times="int96")


def write(name: str, count: int, **options: object) -> None:
    """Write two files, with nulls and without."""
    for nulls in (False, True):
        columns = rows.rows("fastparquet", count, nulls, list(TYPES))
        frame = pd.DataFrame(
            {n: pd.Series(v, dtype=TYPES.get(n, "object")) for n, v in columns.items()}
        )
        full = f"{name}{'_nulls' * nulls}"
        fastparquet.write(
            str(rows.folder() / f"{full}.parquet"), frame, write_index=False,
            object_encoding={"text": "utf8", "name": "utf8", "bytes": "bytes"}, **options,
        )  # fmt: skip
        # pandas has NaN for a missing number, and fastparquet stores both as missing.
        columns["float32"] = [None if v != v else v for v in columns["float32"]]
        if options.get("times") == "int96":  # it knows no time zone
            columns["instant"] = [v and v.replace(tzinfo=None) for v in columns["instant"]]
        rows.expect(rows.folder(), full, columns)


main()
