"""The columns of an output are those that the golden file says, in worker and pipeline."""

import io
import json

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.worker.tests.golden_columns import ROWS, input_of, input_of_all, values

SHORT = {"milliseconds": "MILLIS", "microseconds": "MICROS", "nanoseconds": "NANOS"}
TYPES = {"None": "", "Null": "UNKNOWN"}


def name_of(row: dict) -> str:
    return "-".join(str(v) for v in row["input"].values())


def described(leaf: pq.ColumnSchema) -> dict:
    """Return a column as the golden file describes it."""
    meaning = json.loads(leaf.logical_type.to_json())
    kind = TYPES.get(meaning["Type"], meaning["Type"].upper())
    match kind:
        case "DECIMAL":
            kind = f"DECIMAL({meaning['precision']},{meaning['scale']})"
        case "TIME" | "TIMESTAMP":
            zone = "utc" if meaning["isAdjustedToUTC"] else "local"
            kind += f"({SHORT[meaning['timeUnit']]},{zone})"
        case "INT":
            sign = "signed" if meaning["isSigned"] else "unsigned"
            kind += f"({meaning['bitWidth']},{sign})"
    found = {"physical": leaf.physical_type, "type": kind}
    if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY":
        found["length"] = leaf.length
    found["repetition"] = ("REQUIRED", "OPTIONAL")[leaf.max_definition_level]
    return found


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_columns_are_written_as_the_golden_ones(row, write):
    data = input_of(row)
    made = write(data)
    file = pq.ParquetFile(io.BytesIO(made))
    chunk = file.metadata.row_group(0).column(0)
    got = described(file.schema.column(0)) | {"encoding": "PLAIN"}
    assert got == row.get("worker", row["output"])
    assert set(chunk.encodings) - {"RLE"} == {"PLAIN"}  # RLE is for levels
    assert chunk.compression == "ZSTD"
    same_values(data, made, row)


def same_values(data: bytes, made: bytes, row: dict) -> None:
    want, got = (pq.read_table(io.BytesIO(d), columns=["k"])["k"] for d in (data, made))
    if pa.types.is_timestamp(got.type) or pa.types.is_time64(got.type):
        want, got = want.cast(pa.int64()), got.cast(pa.int64())
    if isinstance(want.type, pa.BaseExtensionType) and want.type != got.type:
        want = want.cast(want.type.storage_type)
    if row["input"]["physical"] == "BYTE_ARRAY" and pa.types.is_binary(got.type):
        want = want.cast(pa.binary())
    assert got.to_pylist() == want.to_pylist()
    read = pq.read_table(io.BytesIO(made)).num_rows
    if not pa.types.is_decimal256(got.type):  # which polars does not know
        assert len(polars.read_parquet(io.BytesIO(made))) == read


def test_duckdb_reads_them_all(write, tmp_path):
    for i, row in enumerate(ROWS):
        file = tmp_path / f"{i}.parquet"
        file.write_bytes(write(input_of(row)))
        try:
            (rows, _), *_ = duckdb.sql(
                f"select count(*), any_value(k) from read_parquet('{file}')"
            ).fetchall()
        except duckdb.Error as error:
            pytest.fail(f"{name_of(row)}: {error}")
        assert rows == len(values(row["input"])), name_of(row)


@pytest.mark.parametrize("repetition", ["OPTIONAL", "REQUIRED"])
def test_fixed_size_lists_change_no_other_column(repetition, write, tmp_path):
    data, golden = input_of_all(repetition)
    lists, fixed = tmp_path / "lists.parquet", tmp_path / "fixed.parquet"
    lists.write_bytes(write(data))
    fixed.write_bytes(write(data, fixed_size_lists=True))
    a, b = pq.ParquetFile(lists), pq.ParquetFile(fixed)
    assert b.schema.equals(a.schema)
    vectors = a.schema_arrow.field("embedding")
    assert vectors.type == pa.list_(pa.float32()) and not vectors.nullable
    place = a.schema_arrow.get_field_index("embedding")
    want = a.schema_arrow.set(place, vectors.with_type(pa.list_(pa.float32(), 384)))
    assert b.schema_arrow.equals(want, check_metadata=False)
    for file in (a, b):
        mark = file.metadata.metadata[b"threadloom.fingerprint"]
        assert file.schema_arrow.metadata == {b"threadloom.fingerprint": mark}
    plain = pq.ParquetFile(fixed, arrow_extensions_enabled=False).schema_arrow
    arrow = {name: str(plain.field(name).type) for name in golden}
    assert arrow == {name: row["arrow"] for name, row in golden.items()}
    for name in a.schema_arrow.names:
        assert b.read([name])[name].to_pylist() == a.read([name])[name].to_pylist(), name
    read = "select * from read_parquet('{}')"
    assert duckdb.sql(read.format(fixed)).types == duckdb.sql(read.format(lists)).types
    assert duckdb.sql(read.format(fixed)).fetchall() == duckdb.sql(read.format(lists)).fetchall()
    for name, row in golden.items():
        if not row["arrow"].startswith("decimal256"):  # which polars does not know
            x, y = (polars.read_parquet(f, columns=[name])[name] for f in (lists, fixed))
            assert y.cast(x.dtype).equals(x, null_equal=True), name
    vectors = polars.read_parquet(fixed, columns=["embedding"])["embedding"]
    assert vectors.dtype == polars.Array(polars.Float32, 384)


def test_what_arrow_stores_in_the_footer_changes_nothing(write):
    n = 3
    table = pa.table({
        "text": pa.array(["a"] * n).dictionary_encode(),
        "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
        "large": pa.array(["a"] * n, pa.large_string()),
        "view": pa.array(["a"] * n, pa.string_view()),
        "large binary": pa.array([b"a"] * n, pa.large_binary()),
        "binary view": pa.array([b"a"] * n, pa.binary_view()),
        "duration": pa.array([1, None, 2], pa.duration("us")),
        "zone": pa.array([1, 2, 3], pa.timestamp("ms", "Europe/Berlin")),
        "seconds": pa.array([1, 2, 3], pa.timestamp("s")), "day": pa.array([0, 1, 2], pa.date64()),
        "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"a" * 16] * n, pa.binary(16))),
        "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, 1, None], pa.int8())),
    })  # fmt: skip
    stored, plain = io.BytesIO(), io.BytesIO()
    pq.write_table(table, stored)
    pq.write_table(table, plain, store_schema=False)
    made = [pq.ParquetFile(io.BytesIO(write(f.getvalue()))) for f in (stored, plain)]
    assert made[0].schema.equals(made[1].schema)
    assert made[0].read().equals(made[1].read())
    assert b"ARROW:schema" not in (made[0].metadata.metadata or {})
    broken = stored.getvalue().replace(b"/////", b"!!!!!")  # what it begins with, in base64
    assert pq.ParquetFile(io.BytesIO(write(broken))).schema.equals(made[1].schema)


def test_names_that_look_like_other_columns_are_kept_apart(write):
    names = ["text", "embedding.list", "embedding.list.element", "", "s.a", "s", "twice", "twice",
             "n_tokens", "embedding", "text.x"]  # fmt: skip
    columns = [pa.array(["t"] * 3)]
    columns += [pa.array([{"a": 7}] * 3) if n == "s" else pa.array([i] * 3)
                for i, n in enumerate(names[1:], 1)]  # fmt: skip
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=names), file)
    made = pq.ParquetFile(io.BytesIO(write(file.getvalue()))).read()
    kept = ["embedding.list", "embedding.list.element", "", "s.a", "twice", "text.x"]
    assert made.column_names == [*kept, "n_tokens", "truncated", "embedding"]
    for i, name in enumerate(kept):
        assert made.column(i).to_pylist() == [names.index(name)] * 3
    assert made.column(len(kept)).to_pylist() == [3] * 3
    polars.read_parquet(io.BytesIO(write(file.getvalue())))
