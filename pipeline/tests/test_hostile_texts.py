"""A file of texts is embedded, whatever its writer, codec and encoding, and whatever its texts."""

import io
from collections import Counter
from dataclasses import dataclass

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CODECS = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")
LONG = 50_000_000  # bytes
MEMORY = 1500  # MB
DIMENSION = 384
#: Each beside another text whose vector must be the same.
SAME = {
    "NUL": (b"bread\0 and butter", b"bread and butter"),
    "CRLF": (b"bread\r\nand\r\nbutter", b"bread and butter"),
    "white space": (b" \t\n  bread  and butter \n", b"bread and butter"),
    "only white space": (b" \n\t ", b""),
    "only NUL": (b"\0\0\0", b""),
    "invalid UTF-8": (b"bread\xff\xfe and butter\xc3", b"bread and butter"),
    "lone surrogates": (b"bread\xed\xa0\x80\xed\xb0\x80 and butter", b"bread and butter"),
    "overlong": (b"bread\xc0\xaf and butter", b"bread and butter"),
    "byte order mark": ("\ufeffbread and butter".encode(), b"bread and butter"),
    "right-to-left mark": ("bread\u200f and butter\u202e".encode(), b"bread and butter"),
}
#: These need only be embedded.
OTHER = [
    "👩‍👩‍👧‍👦 a family 🏳️‍🌈",
    "مرحبا بالعالم",
    "שלום עולם",
    "e" + "\u0301" * 5000,
    "\U0010ffff\ufffe\u0000",
    "a" * 100_000,
    "[CLS] [SEP] [MASK] ##ing",
    "\u1e9b\u0323 ﷺ",
]


def binary_as_text(values: list[bytes]) -> pa.Table:
    """Return a table whose strings are not all UTF-8, which pyarrow does not check."""
    array = pa.array(values, pa.binary())
    return pa.table({"text": pa.StringArray.from_buffers(len(values), *array.buffers()[1:])})


def by_pyarrow(spoil) -> dict[str, bytes]:
    """Return the texts in files of every kind that pyarrow writes."""
    files = {}
    for codec in CODECS:
        for version in ("1.0", "2.0"):
            for dictionary in (True, False):
                files[f"pyarrow {codec} v{version} dictionary {dictionary}"] = spoil.good(
                    compression=codec, data_page_version=version, use_dictionary=dictionary
                )
    for encoding in ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        for version in ("1.0", "2.0"):
            files[f"pyarrow {encoding} v{version}"] = spoil.good(
                column_encoding={"text": encoding}, data_page_version=version
            )
    types = (pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view())
    for kind in (*types, pa.dictionary(pa.int8(), pa.string())):
        table = pa.table({"text": pa.array(spoil.TEXTS).cast(kind)})
        files[f"pyarrow {kind}".replace("/", " ")] = spoil.written(table)
    files["pyarrow small pages"] = spoil.good(data_page_size=100, write_batch_size=3)
    files["pyarrow small groups"] = spoil.good(row_group_size=7, compression="zstd")
    files["pyarrow checksums"] = spoil.good(write_page_checksum=True, write_page_index=True)
    return files


def by_polars(spoil) -> dict[str, bytes]:
    """Return the texts in files of every codec that polars writes."""
    files = {}
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"):
        buffer = io.BytesIO()
        pl.DataFrame({"text": spoil.TEXTS}).write_parquet(buffer, compression=codec)
        files[f"polars {codec}"] = buffer.getvalue()
    return files


def by_duckdb(spoil, folder) -> dict[str, bytes]:
    """Return the texts in files of every codec that DuckDB writes."""
    texts = pa.table({"text": spoil.TEXTS})  # noqa: F841  DuckDB finds it by its name
    files = {}
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"):
        for version in ("V1", "V2"):
            path = folder / "duckdb.parquet"
            duckdb.sql(
                f"COPY texts TO '{path}' (FORMAT parquet, CODEC {codec}, PARQUET_VERSION {version})"
            )
            files[f"duckdb {codec} {version}"] = path.read_bytes()
    return files


@dataclass
class Embedded:
    root: object
    ended: object
    memory: float  # MB
    copies: list[str]  # files that all have the same texts


@pytest.fixture(scope="module")
def embedded(program, spoil, new_root, tmp_path_factory) -> Embedded:
    root = new_root(tmp_path_factory.mktemp("texts"))
    copies = by_pyarrow(spoil) | by_polars(spoil) | by_duckdb(spoil, root.path)
    root.put(copies)
    pairs = [text for pair in SAME.values() for text in pair]
    one_group = pa.table({"text": ["a"] * 50_000 + ["b" * LONG]})
    repeated = pa.DictionaryArray.from_arrays([0] * 3000, ["word " * (LONG // 5)])
    files = {
        "pairs": binary_as_text(pairs),
        "other": pa.table({"text": [*OTHER, None, ""]}),
        "no rows": pa.table({"text": pa.array([], pa.string())}),
        "50 MB": pa.table({"text": ["so " * (LONG // 3), "b" * LONG]}),
        "50 MB beside 50,000": one_group,
        "50 MB 3,000 times": pa.table({"text": repeated}),
        "only nulls": pa.table({"text": pa.array([None] * 30, pa.string())}),
    }
    for name, table in files.items():
        pq.write_table(table, root.chains / f"{name}.parquet", compression="zstd")
    pq.write_table(pa.table({}), root.chains / "no columns.parquet")
    ended, memory = program.watched(*root.flags)
    return Embedded(root, ended, memory, list(copies))


def vectors(embedded: Embedded, name: str):
    """Return the vectors of a file, row by row."""
    column = pq.read_table(embedded.root.outputs[name])["embedding"].combine_chunks()
    return column.values.to_numpy().reshape(-1, DIMENSION)


def test_all_but_the_file_without_columns_are_embedded(embedded):
    assert embedded.ended.code == 3, embedded.ended.errors[-2000:]
    assert set(embedded.root.letters) == {"no columns"}
    assert 'no text column "text"' in embedded.root.letters["no columns"]
    of = Counter(name.split()[0] for name in embedded.copies)
    assert of["pyarrow"] >= 36 and (of["polars"], of["duckdb"]) == (6, 12)
    assert embedded.root.unfinished == []


def test_every_writer_codec_and_encoding_gives_the_same_vectors(embedded):
    first = vectors(embedded, embedded.copies[0])
    different = [c for c in embedded.copies if abs(vectors(embedded, c) - first).max() > 1e-5]
    assert different == []
    assert abs(first[0] - first[1]).max() > 1e-3


@pytest.mark.parametrize("name", SAME)
def test_a_spoiled_text_has_the_vector_of_its_clean_self(embedded, name):
    row = 2 * list(SAME).index(name)
    both = vectors(embedded, "pairs")[row : row + 2]
    assert abs(both[0] - both[1]).max() < 1e-5


def test_any_text_has_a_unit_vector(embedded):
    for name in ("pairs", "other", "50 MB", "only nulls"):
        lengths = (vectors(embedded, name) ** 2).sum(axis=1)
        assert abs(lengths - 1).max() < 1e-5, name
    assert len(vectors(embedded, "other")) == len(OTHER) + 2
    assert len(vectors(embedded, "no rows")) == 0


def test_of_long_texts_only_the_beginning_is_read(embedded):
    table = pq.read_table(embedded.root.outputs["50 MB"])
    assert table["truncated"].to_pylist() == [True, True]
    beside = pq.read_table(embedded.root.outputs["50 MB beside 50,000"])
    assert beside["truncated"].to_pylist() == [False] * 50_000 + [True]
    again = pq.read_table(embedded.root.outputs["50 MB 3,000 times"])
    assert again["truncated"].to_pylist() == [True] * 3000


def test_long_texts_do_not_take_the_memory(embedded):
    assert embedded.memory < MEMORY


def test_a_row_group_of_a_million_rows_is_never_in_memory_as_a_whole(program, new_root, tmp_path):
    root = new_root(tmp_path)
    texts = pa.array([f"reply {n}" for n in range(1000)] * 1000)
    pq.write_table(pa.table({"text": texts}), root.chains / "million.parquet")
    assert pq.read_metadata(root.chains / "million.parquet").num_row_groups == 1
    ended, memory = program.watched(*root.flags)
    assert ended.code == 0, ended.errors
    assert pq.read_metadata(root.outputs["million"]).num_rows == 10**6
    assert memory < MEMORY / 2
