"""Key columns of all types come together, and the labels that hold them are readable."""

import datetime
import decimal
import json
import uuid
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.files.key_columns import read_keys, row_values
from threadloom.cluster.files.left_out import Findings
from threadloom.cluster.files.sources import open_sources
from threadloom.cluster.settings import Settings
from threadloom.cluster.step import cluster_files

DAY, TIME = datetime.date(2024, 2, 29), datetime.time(1, 2, 3)
MOMENT = datetime.datetime(2024, 2, 29, 1, 2, 3)
D = decimal.Decimal


@pytest.fixture
def keys_of(folder, make_blobs):
    """Return keys_of(*columns): read files that each have one of the columns, called "k"."""

    def keys_of(*columns):
        sources = [
            folder.write(f"{i}.parquet", make_blobs(len(c))[0], keys={"k": c})
            for i, c in enumerate(columns)
        ]
        findings = Findings()
        keys = read_keys(open_sources(sources, "text", findings), findings)
        assert not findings.left_out
        return keys, findings.warnings

    return keys_of


def stamps(values, unit, zone=None):
    return pa.array(values, pa.timestamp(unit, zone))


NUMBERS = [
    ([pa.array([1], pa.int8()), pa.array([2**40])], pa.int64(), [1, 2**40]),
    ([pa.array([1], pa.uint8()), pa.array([-1], pa.int8())], pa.int16(), [1, -1]),
    ([pa.array([2**32 - 1], pa.uint32()), pa.array([-1])], pa.int64(), [2**32 - 1, -1]),
    ([pa.array([2**64 - 1], pa.uint64()), pa.array([-1])], pa.decimal128(20, 0), [2**64 - 1, -1]),
    ([pa.array([1]), pa.array([0.5])], pa.float64(), [1, 0.5]),
    ([pa.array([0.5], pa.float16()), pa.array([0.1], pa.float32())], pa.float32(),
     [0.5, np.float32(0.1)]),
    ([pa.array([D("1.5")]), pa.array([D("0.25")])], pa.decimal128(3, 2), [D("1.5"), D("0.25")]),
    ([pa.array([D("1.5")]), pa.array([7], pa.int8())], pa.decimal128(4, 1), [D("1.5"), 7]),
    ([pa.array([D("1.5")], pa.decimal256(60, 2))] * 2, pa.decimal128(38, 2), [D("1.5")] * 2),
    ([pa.array([1]), pa.nulls(1)], pa.int64(), [1, None]),
]  # fmt: skip
TIMES = [
    ([stamps([1], "ms"), stamps([1], "ns")], pa.timestamp("ns"),
     [datetime.datetime(1970, 1, 1, 0, 0, 0, 1000), None]),
    ([pa.array([TIME], pa.time32("ms")), pa.array([TIME], pa.time64("us"))], pa.time64("us"),
     [TIME, TIME]),
    ([stamps([MOMENT], "ms", "UTC"), stamps([MOMENT], "us", "UTC")], pa.timestamp("us", "UTC"),
     [MOMENT.replace(tzinfo=datetime.UTC)] * 2),
]  # fmt: skip
BYTES = [
    ([pa.array([b"\xff"]), pa.array([b"ab"], pa.binary(2))], pa.large_binary(), [b"\xff", b"ab"]),
    ([pa.array([b"\xff"]), pa.array(["a"])], pa.large_binary(), [b"\xff", b"a"]),
    ([pa.array([b"a"]), pa.array(["b"])], pa.large_string(), ["a", "b"]),
    ([pa.array(["a"]).dictionary_encode(), pa.array(["b"])], pa.large_string(), ["a", "b"]),
    ([pa.array([uuid.UUID(int=1).bytes], pa.uuid()), pa.array([uuid.UUID(int=2).bytes], pa.uuid())],
     pa.uuid(), [uuid.UUID(int=1), uuid.UUID(int=2)]),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "kind", "values"), [*NUMBERS, *TIMES[1:], *BYTES])
def test_types_come_together_without_loss(keys_of, columns, kind, values):
    for order in (columns, columns[::-1]):
        keys, _ = keys_of(*order)
        assert keys.schema.field("k").type == kind
        assert keys["k"].to_pylist() == (values if order is columns else values[::-1])


def test_timestamps_come_to_the_finer_unit(keys_of):
    columns, kind, _ = TIMES[0]
    keys, warnings = keys_of(*columns)
    assert keys["k"].type == kind and keys["k"].cast(pa.int64()).to_pylist() == [1_000_000, 1]
    assert not warnings


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ([pa.array([1]), pa.array(["1"])], ["1", "1"]),
        ([pa.array([True, None]), pa.array([3.5])], ["true", None, "3.5"]),
        ([pa.array([2**53 + 1]), pa.array([0.5])], ["9007199254740993", "0.5"]),
        ([pa.array([D("1.50")]), pa.array([0.5])], ["1.50", "0.5"]),
        ([pa.array([DAY]), pa.array([1])], ["2024-02-29", "1"]),
        ([pa.array([TIME]), pa.array([b"a"], pa.binary(1))], ["01:02:03.000000", "a"]),
        ([stamps([MOMENT], "us"), stamps([MOMENT], "us", "UTC")],
         ["2024-02-29 01:02:03.000000", "2024-02-29 01:02:03.000000Z"]),
        ([stamps([-(2**62)], "us"), stamps([1], "ns")], None),
        ([pa.array([D(10) ** 40]), pa.array([1])], ["1" + "0" * 40, "1"]),
    ],
)  # fmt: skip
def test_what_nothing_else_holds_is_text_and_the_user_is_told(keys_of, columns, values):
    keys, warnings = keys_of(*columns)
    assert keys["k"].type == pa.large_string()
    assert values is None or keys["k"].to_pylist() == values
    assert len(warnings) == 1 and "'k'" in warnings[0]
    assert "0.parquet" in warnings[0] and "1.parquet" in warnings[0]


def test_a_column_that_no_type_holds_is_left_out(keys_of):
    keys, warnings = keys_of(pa.array([1]), pa.array([2]), pa.array([b"\xff"]))
    assert keys.column_names == []
    assert len(warnings) == 1 and "'k' is left out" in warnings[0]
    assert "bytes in" in warnings[0] and "2.parquet" in warnings[0]
    assert "int64 in" in warnings[0] and "0.parquet" in warnings[0]


def test_of_columns_with_one_name_the_first_is_read(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2)[0])
    table = pq.read_table(source.embeddings)
    pq.write_table(table.append_column("chain_id", pa.array([1, 2])), source.embeddings)
    findings = Findings()
    keys = read_keys(open_sources([source], "text", findings), findings)
    assert keys.to_pydict() == {"chain_id": ["golang/a.parquet/0", "golang/a.parquet/1"]}


def test_a_column_that_cannot_be_read_is_null_in_its_file(folder, make_blobs):
    a, b = (
        folder.write(f"{n}.parquet", make_blobs(2)[0], keys={"id": [7, 8], "k": [n, n * 2]})
        for n in "ab"
    )
    with open(a.embeddings, "r+b") as file:  # spoil the pages of "k" alone
        chunk = pq.read_metadata(a.embeddings).row_group(0).column(1)
        file.seek(chunk.dictionary_page_offset)
        file.write(b"\xff" * chunk.total_compressed_size)
    findings = Findings()
    keys = read_keys(open_sources([a, b], "text", findings), findings)
    assert keys.to_pydict() == {"id": [7, 8, 7, 8], "k": [None, None, "b", "bb"]}
    (warning,) = findings.warnings
    assert "'k'" in warning and a.embeddings in warning


def test_texts_that_are_not_utf8_are_repaired(keys_of):
    buffers = pa.array([b"caf\xe9", b"a"]).buffers()
    broken = pa.StringArray.from_buffers(2, buffers[1], buffers[2])
    keys, warnings = keys_of(broken)
    assert keys["k"].to_pylist() == ["caf\ufffd", "a"]
    assert len(warnings) == 1 and "0.parquet" in warnings[0]


ODD = {
    "": [1, 2, 3],
    "a.b": ["x", "y", None],
    "embedding.list": [1, 2, 3],
    "embedding.list.element": [0.5, 1.5, 2.5],
    "label": [7, 8, 9],
    "Label": ["u", "v", "w"],
    "input_label": [True, False, None],
    "Subreddit": [1, 2, 3],
    "subreddit": [1, None, 3],
    "label_level_1": [1, 2, 3],
    "null": pa.nulls(3),
    "half": pa.array([0.5, 1.5, None], pa.float16()),
    "uuid": pa.array([uuid.UUID(int=i).bytes for i in range(3)], pa.uuid()),
    "json": pa.array(["{}", "[]", None], pa.json_()),
    "bytes": [b"\xff\xfe", b"", None],
    "fixed": pa.array([b"ab", b"\xff\xff", None], pa.binary(2)),
    "flag": pa.array([True, False, None]).dictionary_encode(),
    "decimal": [D("1.50"), D("2.25"), None],
    "wide": pa.array([D(10) ** 40, D(1), None], pa.decimal256(60, 2)),
    "date": pa.array([10**8, 0, None], pa.int32()).cast(pa.date32()),
    "time": pa.array([1, 2, None], pa.time64("ns")),
    "moment": pa.array([1, 2, None], pa.timestamp("ns")),
    "zoned": pa.array([2**62, 2, None], pa.timestamp("us", "UTC")),
    "unsigned": pa.array([2**64 - 1, 0, None], pa.uint64()),
}


def test_labels_and_report_of_odd_columns_are_readable(folder, make_blobs, tmp_path):
    vectors, texts = make_blobs(60)
    odd = {
        name: pa.concat_arrays([pa.array(v) if isinstance(v, list) else v] * 20)
        for name, v in ODD.items()
    }
    sources = [folder.write("a.parquet", vectors, texts, keys=odd), *folder.write_topics()]
    summary = cluster_files(sources, Settings(clusters_dir=str(tmp_path / "clusters"), seed=7))
    assert (summary["files"], summary["files_left_out"], summary["rows"]) == (4, 0, 180)
    labels = pq.read_table(summary["labels"])
    assert labels.num_rows == 180
    names = labels.column_names
    assert len(names) == len({n.lower() for n in names})
    assert {"label", "input_input_label", "input_label", "subreddit"} <= set(names)
    mine = labels.filter(pa.compute.is_valid(labels["unsigned"]))
    assert mine["unsigned"].to_pylist()[:2] == [2**64 - 1, 0]
    first = labels["embedding.list.element"].to_pylist().index(0.5)
    assert labels["subreddit"].slice(first, 3).to_pylist() == ["1", "golang", "3"]
    rows = duckdb.sql(f"select * from '{summary['labels']}'").fetchall()
    assert len(rows) == 180
    assert duckdb.sql(f"select max(label) from '{summary['labels']}'").fetchall() == [(2,)]
    frame = polars.read_parquet(summary["labels"])
    assert frame.height == 180 and frame["label"].max() == 2
    report = json.loads(Path(summary["report"]).read_text())
    assert len(report["clusters"]) == 3 and report["files_left_out"] == 0


def test_values_that_python_cannot_hold_are_texts():
    table = pa.table(
        {
            "moment": pa.array([1], pa.timestamp("ns")),
            "date": pa.array([10**8], pa.int32()).cast(pa.date32()),
            "n": [1],
        }
    )
    values = row_values(table, 0)
    assert values["moment"] == "1970-01-01 00:00:00.000000001" and values["n"] == 1
    assert isinstance(values["date"], str)
