"""Files that arrow-rs writes, through arro3: each codec, encoding and version of the format."""

import pyarrow as pa
import rows
from arro3.io import write_parquet

TYPES = {
    "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint32": pa.uint32(), "uint64": pa.uint64(), "float32": pa.float32(),
    "float64": pa.float64(), "flag": pa.bool_(), "name": pa.string(), "one": pa.string_view(),
    "bytes": pa.binary(), "day": pa.date32(), "moment": pa.timestamp("us"),
    "instant": pa.timestamp("ns", tz="UTC"), "clock": pa.time64("us"), "nothing": pa.null(),
    "decimal9": pa.decimal128(9, 2), "decimal38": pa.decimal128(38, 10),
}  # fmt: skip


def main() -> None:
    """Write all of them."""
    for codec in ("uncompressed", "snappy", "gzip(6)", "zstd(3)", "brotli(4)", "lz4", "lz4_raw"):
        for version in ("parquet_1_0", "parquet_2_0"):
            write(f"{codec.split('(')[0]}_{version[8]}", 300, compression=codec,
                  writer_version=version)  # fmt: skip
    for encoding in ("plain", "delta_byte_array", "delta_length_byte_array"):
        texts = {"text": encoding, "name": encoding}
        write(encoding, 300, dictionary_enabled=False, column_encoding=texts)
    numbers = dict.fromkeys(("int32", "int64", "uint64", "moment"), "delta_binary_packed")
    reals = dict.fromkeys(("float32", "float64"), "byte_stream_split")
    write("packed", 300, dictionary_enabled=False, column_encoding=numbers | reals)
    write("groups", 1000, max_row_group_size=300, data_page_size_limit=256, write_batch_size=32)


def write(name: str, count: int, **options: object) -> None:
    """Write two files, with nulls and without."""
    for nulls in (False, True):
        columns = rows.rows("arro3", count, nulls, list(TYPES))
        kinds = {n: TYPES.get(n, pa.string()) for n in columns}
        table = pa.table({n: pa.array(v, kinds[n]) for n, v in columns.items()})
        full = f"{name}{'_nulls' * nulls}"
        write_parquet(table, rows.folder() / f"{full}.parquet", **options)
        rows.expect(rows.folder(), full, columns)


main()
