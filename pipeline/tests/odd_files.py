"""Odd but valid files, which other readers read, and a few with an unknown type of text column."""

import datetime
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
from compact import BINARY, I32, LIST, MAGIC, STRUCT, read_struct, write_struct
from spoil import PLAIN, TEXTS, content, spoiled, written

FEW = ["the first text", "", None, "a fourth text, the last"]
ENUM, JSON, BSON = 4, 19, 20  # converted types


@dataclass
class Odd:
    """A file, its texts and kept columns, or the code of its dead letter."""

    content: bytes
    texts: list = field(default_factory=lambda: FEW)
    kept: dict[str, list] = field(default_factory=dict)
    code: str = ""
    by_worker: bool = True  # false if pyarrow, or JSON, cannot hold it: it is embedded here


def with_footer(data: bytes, change: Callable[[dict], object]) -> bytes:
    """Return a file with a footer that change(footer) has changed."""
    (size,) = struct.unpack("<I", data[-8:-4])
    footer, _ = read_struct(data[-8 - size : -8])
    change(footer)
    new = write_struct(footer)
    return data[: -8 - size] + new + struct.pack("<I", len(new)) + MAGIC


def annotated(converted: int) -> bytes:
    """Return a file whose text has a converted type, as older writers set it."""

    def change(footer: dict) -> None:
        element = footer[2][1][1][1]
        element.pop(10, None)
        element[6] = (I32, converted)

    return with_footer(written(pa.table({"text": FEW})), change)


def boolean_with_dictionary() -> bytes:
    """Return a file whose footer lists a dictionary for a boolean, as Impala's do."""

    def change(footer: dict) -> None:
        for chunk in footer[4][1][1][0][1][1][1]:
            chunk[3][1][2] = (LIST, (I32, [3, 2, 0]))

    return with_footer(written(pa.table({"text": FEW, "k": [True, None, False, True]})), change)


def named(*names: str) -> bytes:
    """Return a file with columns of these names beside the text."""
    columns = [pa.array([f"{i} {row}" for row in range(4)]) for i in range(len(names))]
    return written(pa.Table.from_arrays([pa.array(FEW), *columns], ["text", *names]))


def values(at: int) -> list[str]:
    """Return the values of the column with this index in `named`."""
    return [f"{at} {row}" for row in range(4)]


def odd_pages() -> dict[str, Odd]:
    """Return files whose pages hold more than they need."""
    dictionary = {"use_dictionary": True}

    def padded(page: bytes) -> bytes:
        width, packed = page[PLAIN], page[PLAIN + 2 :]
        return page[: PLAIN + 1] + b"\x41" + packed + bytes(32 * width - len(packed))

    files = {
        "bytes after the last value": spoiled(content(lambda b: b + bytes(8))),
        "an empty run first": spoiled(
            content(lambda b: b[: PLAIN + 1] + b"\x01" + b[PLAIN + 1 :], page=1), **dictionary
        ),
        "a run of 256 for 40 values": spoiled(content(padded, page=1), **dictionary),
    }
    return {
        name: Odd(data, TEXTS, by_worker=name != "an empty run first")
        for name, data in files.items()
    }


def odd_texts() -> dict[str, Odd]:
    """Return files whose text column has an unusual type, but is a text column."""
    types = {
        "binary": pa.binary(), "large string": pa.large_string(), "string view": pa.string_view(),
        "binary view": pa.binary_view(), "dictionary": pa.dictionary(pa.int32(), pa.string()),
        "json": pa.json_(),
    }  # fmt: skip
    files = {f"text as {n}": written(pa.table({"text": column(k)})) for n, k in types.items()}
    files |= {"text as ENUM": annotated(ENUM), "text as old JSON": annotated(JSON)}
    blank = " " * (70 << 10)
    marks = "\u0301" * (40 << 10)
    return {name: Odd(data) for name, data in files.items()} | {
        "text of null type": Odd(written(pa.table({"text": pa.nulls(4)})), [None] * 4),
        "blanks first": Odd(
            written(pa.table({"text": [blank + "a river", marks + "a river", "a river"]})),
            ["a river"] * 3,
        ),
    }


def column(kind: pa.DataType) -> pa.Array:
    """Return the few texts as a type."""
    texts = [t and t.encode() for t in FEW] if pa.types.is_binary(kind) else FEW
    if kind == pa.binary_view():
        return pa.array([None if t is None else t.encode() for t in FEW], kind)
    if isinstance(kind, pa.JsonType):
        return kind.wrap_array(pa.array(FEW))
    return (
        pa.array(FEW).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(texts, kind)
    )


def odd_columns() -> dict[str, Odd]:
    """Return files whose kept columns are odd."""
    moments = [datetime.datetime(2024, 1, 1, 0, 0, n, 123456) for n in range(4)]
    legacy = written(
        pa.table({"text": FEW, "k": pa.array(moments)}), use_deprecated_int96_timestamps=True
    )
    without = written(pa.table({"text": FEW, "k": [1, 2, 3, 4]}))
    return {
        "INT96": Odd(legacy, kept={"k": moments}),
        "boolean with a dictionary": Odd(
            boolean_with_dictionary(), kept={"k": [True, None, False, True]}
        ),
        "key without value": Odd(
            with_footer(
                without,
                lambda f: f.update({5: (LIST, (STRUCT, [{1: (BINARY, b"PANDAS")}]))}),
            ),
            kept={"k": [1, 2, 3, 4]},
        ),
        "two columns of one name": Odd(
            named("k", "k", "other"), kept={"k": values(0), "other": values(2)}
        ),
        "no name": Odd(named("", "k"), kept={"": values(0), "k": values(1)}),
        "names with dots": Odd(
            named("embedding.list", "text.k", "a.b"),
            kept={"embedding.list": values(0), "text.k": values(1), "a.b": values(2)},
        ),
        "names of our own": Odd(
            named("n_tokens", "truncated", "n_chunks", "embedding", "k"), kept={"k": values(4)}
        ),
        "lists beside": Odd(
            written(pa.table({"l": [[1], [], None, [2, 3]], "text": FEW, "k": values(0)})),
            kept={"k": values(0)},
        ),
        "a list named text beside": Odd(
            written(pa.table({"s": [{"text": "x"}] * 4, "text": FEW})), kept={}
        ),
        "created as a number": Odd(
            written(pa.table({"text": FEW, "created_utc": [1, 2, 3, 4]})),
            kept={"created_utc": [1, 2, 3, 4]},
        ),
        "created as a text": Odd(
            written(pa.table({"text": FEW, "created_utc": ["1", "2", "3", "4"]})),
            kept={"created_utc": ["1", "2", "3", "4"]},
        ),
        # Not UTF-8, as Python names such a file.
        "caf\udce9": Odd(written(pa.table({"text": FEW})), by_worker=False),
    }


def wide_deltas() -> Odd:
    """Return a file of DuckDB's, whose deltas of 32-bit numbers have more than 32 bits."""
    numbers = [(-1) ** i * (2**31 - 1 - i) for i in range(40)]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder, "a.parquet")
        rows = "SELECT unnest($texts) AS text, unnest($numbers)::INTEGER AS k"
        options = "(FORMAT parquet, parquet_version v2)"
        connection.execute(
            f"COPY ({rows}) TO '{path}' {options}", {"texts": TEXTS, "numbers": numbers}
        )
        return Odd(path.read_bytes(), TEXTS, {"k": numbers}, by_worker=False)


def refused() -> dict[str, Odd]:
    """Return files that are dead letters, with their codes."""
    two = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["text", "text"])
    return {
        "two texts": Odd(written(two), code="ambiguous_text_column"),
        "no text": Odd(written(pa.table({"words": FEW})), code="no_text_column"),
        "text as numbers": Odd(written(pa.table({"text": [1, 2]})), code="text_column_type"),
        "text as lists": Odd(written(pa.table({"text": [["a"]]})), code="text_column_type"),
        "text as BSON": Odd(annotated(BSON), code="text_column_type"),
    }


def all_files() -> dict[str, Odd]:
    """Return all of them, by name."""
    files = odd_pages() | odd_texts() | odd_columns() | refused()
    return files | {"wide deltas": wide_deltas()}
