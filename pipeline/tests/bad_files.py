"""Bad Parquet files of every kind that we could think of, made from a good one.

The kinds are those of https://github.com/apache/parquet-testing/tree/master/bad_data and more.
"""

import copy
import struct

import compact
import pyarrow as pa
from bad_pages import bombs, contents, headers
from compact import put
from spoil import HUGE, TEXTS, chunk, element, good, spoiled, written

PART = 16  # a file is cut at each sixteenth


def footers() -> dict[str, bytes]:
    """Return files whose end is wrong."""
    whole = good()
    (size,) = struct.unpack("<I", whole[-8:-4])
    start = len(whole) - 8 - size
    body, footer = whole[:start], whole[start:-8]

    def with_footer(footer: bytes, size: int | None = None) -> bytes:
        length = struct.pack("<I", len(footer) if size is None else size)
        return body + footer + length + b"PAR1"

    lists = footer.index(b"\x19")  # field 2, the schema: a list
    return {
        "zero": b"",
        "one byte": b"P",
        "magic only": b"PAR1",
        "no footer": b"PAR1\0\0\0\0PAR1",
        "bad magic": b"PAR2" + whole[4:],
        "bad magic at the end": whole[:-4] + b"PARX",
        "encrypted footer": whole[:-4] + b"PARE",
        "not Parquet": b"chain_id,text\n1,hello\n" * 50,
        "footer length 0": with_footer(footer, 0),
        "footer length too small": with_footer(footer, size - 1),
        "footer length too large": with_footer(footer, size + 1),
        "footer longer than the file": with_footer(footer, len(whole) + 100),
        "footer of 4 GB": with_footer(footer, 2**32 - 1),
        "footer with an endless varint": with_footer(footer[:1] + b"\xff" * 40),
        "footer of zeros": with_footer(bytes(size)),
        "schema of 2 billion elements": with_footer(
            footer[: lists + 1] + b"\xfc\xff\xff\xff\xff\x07" + footer[lists + 2 :]
        ),
        "2 billion row groups": with_footer(b"\x49\xfc\xff\xff\xff\xff\x07\0"),
        "2 billion unknown booleans": with_footer(b"\xe9\xf1\xff\xff\xff\xff\x07\0"),
        "structs in structs": with_footer(b"\xec" + b"\x1c" * 8_000_000),
        "lists in lists": with_footer(b"\xe9" + b"\x19" * 8_000_000),
        "a million empty columns": with_footer(
            footer[: lists + 1] + b"\xfc\xc0\x84\x3d" + bytes(10**6)
        ),
    }


def cut() -> dict[str, bytes]:
    """Return files that end too early."""
    whole = good()
    files = {f"cut at {n} of {PART}": whole[: len(whole) * n // PART] for n in range(1, PART)}
    return files | {"without its last byte": whole[:-1]}


def flipped() -> dict[str, bytes]:
    """Return files with one byte flipped: in the page's header, in its content, in the footer."""
    whole = good()
    (size,) = struct.unpack("<I", whole[-8:-4])
    header = len(compact.write_struct(compact.take_apart(whole).pages[0][0]))
    places = {
        "page header": range(4, 4 + header),
        "data": range(4 + header, len(whole) - 8 - size, 97),
        "footer": range(len(whole) - 8 - size, len(whole), 7),
    }
    return {
        f"flipped at {at}, {place}": whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        for place, ats in places.items()
        for at in ats
    }


def metadata() -> dict[str, bytes]:
    """Return files whose footers lie about what is in the file."""

    def rows(file) -> None:
        put(file.footer, 3, 41)

    def group_rows(file) -> None:
        put(file.group, 3, 39)

    def no_column(file) -> None:
        put(file.group, 1, (12, []))

    def two_columns(file) -> None:
        put(file.group, 1, (12, file.group[1][1][1] * 2))

    def no_metadata(file) -> None:
        file.group[1][1][1][0].pop(3)

    def no_schema(file) -> None:
        put(file.footer, 2, (12, []))

    def own_child(file) -> None:
        file.schema.append(copy.deepcopy(file.schema[0]))

    def deep(file) -> None:
        inner = [{4: (8, b"g"), 3: (5, 2), 5: (5, 1)} for _ in range(2000)]
        file.schema[1:1] = inner

    def wide(file) -> None:
        put(file.schema[0], 5, 1_000_001)
        file.schema.extend([{1: (5, 1), 3: (5, 0), 4: (8, b"x")}] * 1_000_000)

    changes = {
        "more rows than the file has": rows,
        "fewer rows in the group": group_rows,
        "a group without columns": no_column,
        "a group with a column too many": two_columns,
        "a column without metadata": no_metadata,
        "no schema": no_schema,
        "the root within the schema": own_child,
        "a schema of 2,000 levels": deep,
        "a schema of a million columns": wide,
        "more children than elements": element(5, HUGE, which=0),
        "negative children": element(5, -3, which=0),
        "no repetition": lambda f: f.schema[1].pop(3),
        "repetition unknown": element(3, 99),
        "type unknown": element(1, 99),
        "a decimal of text": lambda f: (
            f.schema[1].pop(10, None), element(6, 5)(f), element(7, 2, kind=5)(f),
            element(8, 9, kind=5)(f), element(1, 0)(f),
        ),
        "another type in the chunk": chunk(1, 2),
        "codec unknown": chunk(4, 99),
        "another codec": chunk(4, 6),
        "LZO": chunk(4, 3),
        "negative number of values in the chunk": chunk(5, -1),
        "negative size of the chunk": chunk(7, -100),
        "size of the chunk 0": chunk(7, 0),
        "chunk longer than the file": chunk(7, 10**12),
        "chunk beyond the file": chunk(9, 10**9),
        "negative offset of the chunk": chunk(9, -50),
        "chunk begins in its middle": chunk(9, 30),
        "dictionary beyond the file": lambda f: f.chunk.update({11: (6, 10**9)}),
        "negative offset of the dictionary": lambda f: f.chunk.update({11: (6, -9)}),
        "negative rows": lambda f: put(f.footer, 3, -40),
        "negative rows in the group": lambda f: put(f.group, 3, -40),
    }  # fmt: skip
    return {name: spoiled(change) for name, change in changes.items()}


def columns() -> dict[str, bytes]:
    """Return good files that have no column of texts."""
    text = pa.array(TEXTS)
    other = {
        "text missing": pa.table({"body": text}),
        "text is a number": pa.table({"text": range(40)}),
        "text is a list": pa.table({"text": [[t] for t in TEXTS]}),
        "text is a struct": pa.table({"text": [{"en": t} for t in TEXTS]}),
        "text is a map": pa.table(
            {"text": pa.array([[("en", t)] for t in TEXTS], pa.map_(pa.string(), pa.string()))}
        ),
        "text is nested": pa.table({"chain": [{"text": t} for t in TEXTS]}),
        "text is only nulls": pa.table({"text": pa.nulls(40)}),
        "text is of fixed length": pa.table({"text": pa.array([b"abc"] * 40, pa.binary(3))}),
        "text is a date": pa.table({"text": pa.array([1] * 40, pa.date32())}),
    }
    return {name: written(table) for name, table in other.items()}


#: Files that are not damaged, or only where no reader looks. They are embedded as a whole.
HARMLESS = (
    "text is only nulls",
    "version 2: 2 billion rows",
    "the root within the schema",
    "negative number of values in the chunk",
)
#: The codes that the files of each part may have.
CODES = {
    footers: {"empty", "not_parquet", "encrypted", "damaged", "too_large"},
    cut: {"damaged"},
    flipped: {"damaged", "too_large", "unsupported_codec", "unsupported_encoding", "not_parquet",
              "no_text_column", "text_column_type"},
    headers: {"damaged", "too_large", "unsupported_encoding"},
    contents: {"damaged", "too_large"},
    metadata: {"damaged", "too_large", "unsupported_codec"},
    columns: {"no_text_column", "text_column_type"},
    bombs: {"damaged", "too_large", "value_too_large"},
}  # fmt: skip
#: The codes of some of them.
EXACTLY = {
    "zero": "empty",
    "magic only": "not_parquet",
    "not Parquet": "not_parquet",
    "encrypted footer": "encrypted",
    "footer of 4 GB": "damaged",
    "structs in structs": "too_large",
    "a schema of 2,000 levels": "too_large",
    "LZO": "unsupported_codec",
    "codec unknown": "unsupported_codec",
    "encoding unknown": "unsupported_encoding",
    "level encoding unknown": "unsupported_encoding",
    "page of 2 billion values": "too_large",
    "text missing": "no_text_column",
    "text is a number": "text_column_type",
    "text is of fixed length": "text_column_type",
    "zstd: 2,000 pages of 64 MB": "too_large",
    "delta: 300 times 1 MB from 1 MB": "too_large",
    "3,000 times 50 MB in another column": "value_too_large",
}
