"""Files that ClickHouse writes, through chdb: each codec, both encoders, its other settings."""

import json

import chdb
import rows

TYPES = {
    "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "uint32": "UInt32",
    "uint64": "UInt64", "float32": "Float32", "float64": "Float64", "flag": "Bool",
    "day": "Date32", "moment": "DateTime64(6, 'UTC')", "decimal9": "Decimal(9, 2)",
    "decimal18": "Decimal(18, 3)", "decimal38": "Decimal(38, 10)", "name": "String",
    "one": "LowCardinality(String)",
}  # fmt: skip
PREFIX = "output_format_parquet_"


def main() -> None:
    """Write all of them."""
    for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
        write(codec, 300, compression_method=codec)
    write("arrow", 300, use_custom_encoder=0)
    write("version1", 300, version="1.0")
    write("plain", 300, max_dictionary_size=0)
    write("bytes", 300, string_as_string=0)
    write("fixed", 300, fixed_string_as_fixed_byte_array=0)
    write("groups", 1000, row_group_size=300, data_page_size=256, batch_size=32)
    write("one", 1)


def write(name: str, count: int, **settings: object) -> None:
    """Write two files, with nulls and without."""
    for nulls in (False, True):
        columns = rows.rows("chdb", count, nulls, list(TYPES))
        # ClickHouse has no time of day, and its moments are in a time zone.
        columns["moment"] = [v and v.isoformat() + "+00:00" for v in columns["moment"]]
        full = f"{name}{'_nulls' * nulls}"
        source = rows.folder() / f"{full}.jsonl"
        with source.open("w") as file:
            for row in zip(*columns.values(), strict=True):
                json.dump({n: field(v) for n, v in zip(columns, row, strict=True)}, file)
                file.write("\n")
        chdb.query(statement(source, full, nulls, settings))
        source.unlink()
        if settings.get("string_as_string") == 0:
            columns |= {n: [v and v.encode() for v in columns[n]] for n in ("name", "one")}
        rows.expect(rows.folder(), full, columns)


def statement(source, name: str, nulls: bool, settings: dict[str, object]) -> str:
    """Return what has a file written."""
    kinds = {n: TYPES.get(n, "String") for n in ["text", *TYPES]}
    if nulls:
        kinds = {
            n: f"LowCardinality(Nullable({k[15:-1]}))" if k.startswith("Low") else f"Nullable({k})"
            for n, k in kinds.items()
        }
    listed = ", ".join(f"{n} {k}" for n, k in kinds.items()).replace("'", "\\'")
    chosen = "".join(f", {PREFIX}{n} = {v!r}" for n, v in settings.items())
    return (
        f"INSERT INTO FUNCTION file('{rows.folder()}/{name}.parquet', Parquet)"
        f" SELECT * FROM file('{source}', JSONEachRow, '{listed}')"
        f" SETTINGS date_time_input_format = 'best_effort',"
        f" input_format_json_read_numbers_as_strings = 1,"
        f" engine_file_truncate_on_insert = 1{chosen}"
    )


def field(value: object) -> object:
    """Return a value for ClickHouse's JSON."""
    return value if isinstance(value, int | str | None) else rows.plain(value)


main()
