"""How `pipeline verify` compares kept columns of every type, however their pages are encoded."""

import datetime
import decimal
import itertools
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ("none", "snappy", "gzip", "zstd", "brotli", "lz4")
NUMBERS = ("int8", "uint32", "uint64", "date", "time", "local", "utc")
FIXED = ("half", "zero", "nan", "money", "great", "fixed", "uuid")
ENCODINGS = (
    dict.fromkeys(NUMBERS, "DELTA_BINARY_PACKED")
    | dict.fromkeys(FIXED, "BYTE_STREAM_SPLIT")
    | {"boolean": "RLE", "bytes": "DELTA_BYTE_ARRAY", "text": "DELTA_BYTE_ARRAY"},
    dict.fromkeys(NUMBERS, "BYTE_STREAM_SPLIT")
    | dict.fromkeys(("great", "fixed", "uuid"), "DELTA_BYTE_ARRAY")
    | {"bytes": "DELTA_LENGTH_BYTE_ARRAY", "text": "DELTA_LENGTH_BYTE_ARRAY"},
    None,  # plain
)


def typed() -> dict[str, tuple[pa.Array, object]]:
    """Return a column of each type, and another value for its first row."""
    at = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
    utc = at.replace(tzinfo=datetime.UTC)
    small, great = decimal.Decimal("12.34"), decimal.Decimal("-98765432109876543210.123")
    nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    types = {
        "boolean": (pa.bool_(), True, False),
        "int8": (pa.int8(), -128, 127),
        "uint32": (pa.uint32(), 2**32 - 1, 2**31 - 1),
        "uint64": (pa.uint64(), 2**64 - 1, 2**63 - 1),
        "half": (pa.float16(), np.float16(0.5), np.float16(0.25)),
        "zero": (pa.float32(), 0.0, -0.0),
        "date": (pa.date32(), at.date(), at.date() + datetime.timedelta(days=1)),
        "time": (pa.time64("us"), at.time(), at.time().replace(microsecond=1)),
        "local": (pa.timestamp("ns"), at, at + datetime.timedelta(microseconds=1)),
        "utc": (pa.timestamp("ms", "UTC"), utc, utc + datetime.timedelta(seconds=1)),
        "money": (pa.decimal128(9, 2), small, -small),
        "great": (pa.decimal128(38, 3), great, great.copy_negate()),
        "fixed": (pa.binary(3), b"abc", b"abd"),
        "bytes": (pa.binary(), b"\xff\x00", b"\xff"),
        "uuid": (pa.uuid(), uuid.UUID(int=2**120).bytes, uuid.UUID(int=2**119).bytes),
    }
    columns = {n: (pa.array([x, None, x], t), y) for n, (t, x, y) in types.items()}
    columns["nan"] = (pa.array(np.concatenate([np.array([np.nan]), nan, nan])), nan[0])
    columns["nothing"] = (pa.nulls(3), None)
    return columns


def changed(column: pa.Array, value: object) -> pa.Array:
    """Return a column with another first value, bit for bit."""
    first = pa.array(np.array([value])) if column.type == pa.float64() else None
    first = pa.array([value], column.type) if first is None else first
    return pa.concat_arrays([first, column[1:]])


def test_kept_values_are_compared_by_what_they_mean(program, new_root, tmp_path, run, made):
    root = new_root(tmp_path / "root")
    columns = {name: column for name, (column, _) in typed().items()}
    texts = run["a"].source["text"].to_pylist()[:3]
    own = run["a"].output.slice(0, 3).select(["n_tokens", "truncated", "embedding"])
    vectors = made.vectors_of(own)

    def place(name: str, kept: dict[str, pa.Array]) -> None:
        source = root.chains / f"{name}.parquet"
        pq.write_table(
            pa.table(columns | {"text": texts}), source, use_deprecated_int96_timestamps=True
        )
        output = pa.table(
            [*kept.values(), *own.columns],
            pa.schema(
                [*(pa.field(n, c.type) for n, c in kept.items()), *own.schema], own.schema.metadata
            ),
        )
        place_at = root.path / "embeddings" / "test" / "all" / source.name
        made.write_output(place_at, output, source, texts, vectors, store_decimal_as_integer=True)

    # INT96 has neither unit nor zone.
    right = columns | {"local": columns["local"], "utc": columns["utc"].cast(pa.timestamp("ns"))}
    place("right", right)
    for name, (_, value) in typed().items():
        if name != "nothing":
            place(
                f"value_{name}", right | {name: changed(right[name], value_of(right[name], value))}
            )
    others = {
        "half": pa.array([b"\x00\x38", None, b"\x00\x38"], pa.binary(2)),
        "uint32": columns["uint32"].cast(pa.int64()),
        "local": columns["local"].cast(pa.timestamp("us")),
        "utc": columns["utc"],
        "money": columns["money"].cast(pa.decimal128(10, 2)),
        "uuid": columns["uuid"].storage,
        "nothing": pa.nulls(3, pa.int32()),
    }
    for name, column in others.items():
        place(f"type_{name}", right | {name: column})
    code, _, reasons = program.found(root)
    assert code == 3
    wanted = {f"value_{n}" for n in columns if n != "nothing"} | {f"type_{n}" for n in others}
    assert set(reasons) == wanted
    for file, reason in reasons.items():
        kind, name = file.split("_")
        rest = "is not the input's" if kind == "value" else ", the input's is "
        assert f'the column "{name}" is' in reason, file
        assert rest in reason, file


def value_of(column: pa.Array, value: object) -> object:
    """Return a value without its zone if the column has none."""
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        return value.replace(tzinfo=None)
    return value


def test_every_encoding_and_codec_is_read_right(program, new_root, tmp_path, run, made):
    root = new_root(tmp_path / "root")
    output, texts = run["a"].output, run["a"].source["text"]
    columns = {n: pa.concat_arrays([c] * 8) for n, (c, _) in typed().items()}
    own = output.select(["n_tokens", "truncated", "embedding"])
    fields = [pa.field(n, c.type) for n, c in columns.items()]
    table = pa.table(
        [*columns.values(), *own.columns], pa.schema([*fields, *own.schema], own.schema.metadata)
    )
    vectors = made.vectors_of(output)
    ways = [{"use_dictionary": True}]
    ways += [{"use_dictionary": False, "column_encoding": e} for e in ENCODINGS]
    for codec, version, way in itertools.product(CODECS, ("1.0", "2.0"), range(len(ways))):
        source = root.chains / f"{codec}_{version}_{way}.parquet"
        pq.write_table(
            pa.table(columns | {"text": texts}),
            source,
            compression=codec,
            data_page_version=version,
            data_page_size=64,
            write_batch_size=5,
            row_group_size=10,
            **ways[way],
        )
        place = root.path / "embeddings" / "test" / "all" / source.name
        made.write_output(place, table, source, texts.to_pylist(), vectors)
    code, verdict, reasons = program.found(root)
    assert (code, reasons, verdict["not_audited"]) == (0, {}, 0)
    assert verdict["files"] == len(CODECS) * 2 * len(ways)
