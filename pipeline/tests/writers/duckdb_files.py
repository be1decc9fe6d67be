"""Files that DuckDB writes: each codec, both versions of the format, few and many rows."""

import csv
import decimal

import duckdb
import rows

# The type of a column in DuckDB, by the name of its values.
TYPES = {
    "text": "VARCHAR", "int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER",
    "int64": "BIGINT", "uint32": "UINTEGER", "uint64": "UBIGINT", "float32": "FLOAT",
    "float64": "DOUBLE", "flag": "BOOLEAN", "day": "DATE", "moment": "TIMESTAMP",
    "instant": "TIMESTAMPTZ", "clock": "TIME", "decimal4": "DECIMAL(4, 1)",
    "decimal9": "DECIMAL(9, 2)", "decimal18": "DECIMAL(18, 3)", "decimal38": "DECIMAL(38, 10)",
    "name": "VARCHAR", "one": "VARCHAR", "bytes": "BLOB", "uuid": "UUID", "nothing": "INTEGER",
}  # fmt: skip
CODECS = ("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4", "lz4_raw")


MORE = (
    "['glad', 'sad'][1 + rowid % 2]::mood AS mood, rowid::HUGEINT AS huge,"
    " to_days(rowid::INTEGER) AS span"
)  # what no value of Python's becomes


def main() -> None:
    """Write all of them."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
    both = {"": "", "v2_": ", parquet_version v2"}
    if duckdb.__version__.startswith("1.1."):
        del both["v2_"]
    for count in (1, 40, 256, 1000):
        for nulls in (False, True):
            columns = fill(connection, count, nulls)
            for prefix, version in both.items():
                write(connection, f"{prefix}{count}{'_nulls' * nulls}", columns, version)
    columns = fill(connection, 300, nulls=True)
    for codec in CODECS:
        for prefix, version in both.items():
            write(connection, f"{prefix}{codec}", columns, f"{version}, codec {codec}")
    write(connection, "groups", fill(connection, 5000, nulls=True), ", row_group_size 2048")


def fill(connection, count: int, nulls: bool) -> dict[str, list]:
    """Make the table of so many rows, and return its columns."""
    columns = rows.rows("duckdb", count, nulls, list(TYPES)[1:])
    listed = ", ".join(f'"{n}" {kind}' for n, kind in TYPES.items())
    connection.execute(f"CREATE OR REPLACE TABLE t ({listed})")
    source = rows.folder() / "rows.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows(zip(*(map(field, c) for c in columns.values()), strict=True))
    connection.execute(f"COPY t FROM '{source}' (HEADER false, NULLSTR 'none')")
    source.unlink()
    columns["mood"] = [("glad", "sad")[row % 2] for row in range(count)]
    columns["huge"] = [float(row) for row in range(count)]
    columns["span"] = [bytes(4) + row.to_bytes(4, "little") + bytes(4) for row in range(count)]
    return columns


def field(value: object) -> str:
    """Return a value as a field of the CSV file."""
    if value is None:
        return "none"
    if isinstance(value, bytes):
        return "".join(f"\\x{byte:02X}" for byte in value)
    return f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)


def write(connection, name: str, columns: dict[str, list], options: str) -> None:
    """Write a file."""
    path = rows.folder() / f"{name}.parquet"
    query = f"COPY (SELECT *, {MORE} FROM t) TO '{path}' (FORMAT parquet{options})"
    connection.execute(query)
    rows.expect(rows.folder(), name, columns)


main()
