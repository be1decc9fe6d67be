"""Reading the files: the order, all kinds of columns, and errors that name the file."""

import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.files import texts, vectors
from threadloom.cluster.files.key_columns import read_keys
from threadloom.cluster.files.left_out import FILE, TEXTS, Findings
from threadloom.cluster.files.sources import Source, models, of_one_model, open_sources
from threadloom.cluster.files.texts import read_texts
from threadloom.cluster.files.vectors import read_vectors


def load(*sources):
    """Open sources that can all take part."""
    findings = Findings()
    files = open_sources(sources, "text", findings)
    assert not findings.lines()
    return files


def vectors_of(files):
    """Return the vectors of files that are all good."""
    findings = Findings()
    good, read = read_vectors(files, findings)
    assert good == files and not findings.lines()
    return read


def texts_of(files):
    """Return the texts of files that can all be read."""
    findings = Findings()
    read = list(read_texts(files, findings))
    assert not findings.lines()
    return read


def left_out(*sources, text_column="text"):
    """Read files and return what is left out, as (file, part, reason), and what is kept."""
    findings = Findings()
    files = of_one_model(open_sources(sources, text_column, findings), findings)
    files, read = read_vectors(files, findings)
    list(read_texts(files, findings))
    assert len(read) == sum(f.rows for f in files)
    for found in findings.left_out:
        assert "\n" not in str(found)
    return [(f.file, f.part, f.reason) for f in findings.left_out], [f.source for f in files]


def test_files_are_read_in_the_order_of_their_paths(folder, make_blobs):
    vectors, texts = make_blobs(30)
    b = folder.write("b.parquet", vectors[:10], texts[:10])
    a = folder.write("a.parquet", vectors[10:], texts[10:])
    files = load(b, a, b)  # a job delivered twice counts once
    expected = np.vstack([vectors[10:], vectors[:10]])
    assert (vectors_of(files) == expected).all()
    assert texts_of(files) == texts[10:] + texts[:10]
    assert read_keys(files, Findings())["chain_id"][0].as_py() == "golang/a.parquet/0"


@pytest.mark.parametrize("text_type", [pa.string(), pa.large_string()])
def test_several_row_groups_and_batches(folder, make_blobs, text_type, monkeypatch):
    monkeypatch.setattr(vectors, "_ROWS", 16)
    monkeypatch.setattr(texts, "_ROWS", 16)
    wanted, written = make_blobs(100)
    source = folder.write("a.parquet", wanted, written, text_type=text_type, row_group_size=30)
    assert pq.ParquetFile(source.embeddings).num_row_groups == 4
    files = load(source)
    read = vectors_of(files)
    assert read.dtype == np.float32 and (read == wanted).all()
    assert texts_of(files) == written


@pytest.mark.parametrize("kind", ["large", "fixed", "double"])
def test_other_list_types(folder, make_blobs, kind):
    vectors, _ = make_blobs(20)
    flat, ends = vectors.ravel(), np.arange(21) * vectors.shape[1]
    lists = {
        "large": lambda: pa.LargeListArray.from_arrays(ends, flat),
        "fixed": lambda: pa.FixedSizeListArray.from_arrays(pa.array(flat), vectors.shape[1]),
        "double": lambda: pa.ListArray.from_arrays(ends.astype(np.int32), flat.astype(np.float64)),
    }[kind]()
    read = vectors_of(load(folder.write("a.parquet", vectors, lists=lists)))
    assert read.dtype == np.float32 and (read == vectors).all()


def test_key_columns_are_the_union(folder, make_blobs):
    vectors, _ = make_blobs(2)
    a = folder.write("a.parquet", vectors, keys={"chain_id": ["x", "y"], "score": [1, 2]})
    b = folder.write(
        "b.parquet",
        vectors,
        keys={"chain_id": pa.array(["z", None], pa.large_string()), "title": ["t", "u"]},
    )
    c = folder.write("c.parquet", vectors, keys={})
    keys = read_keys(load(a, b, c), Findings()).to_pydict()
    nothing = [None, None]
    assert keys == {
        "chain_id": ["x", "y", "z", None, *nothing],
        "score": [1, 2, *nothing, *nothing],
        "title": [*nothing, "t", "u", *nothing],
    }


def test_a_null_text_is_empty(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2)[0], [None, "b"])
    assert texts_of(load(source)) == ["", "b"]


def test_an_empty_file_is_no_error(folder, make_blobs):
    vectors, _ = make_blobs(30)
    empty = folder.write("a.parquet", vectors[:0])
    full = folder.write("b.parquet", vectors)
    assert (vectors_of(load(empty, full)) == vectors).all()
    assert vectors_of(load(empty)).shape[0] == 0


def test_models_are_counted(folder, make_blobs):
    vectors, _ = make_blobs(2)
    sources = [folder.write(f"{i}.parquet", vectors) for i in range(2)]
    sources.append(folder.write("old.parquet", vectors, model=None))
    assert [(m["model"], m["files"]) for m in models(load(*sources))] == [
        ("all-MiniLM-L6-v2", 2),
        (None, 1),
    ]


def test_a_missing_file_is_left_out(folder, make_blobs):
    a, b = (folder.write(f"{name}.parquet", make_blobs(2)[0]) for name in "ab")
    os.remove(a.embeddings)
    assert left_out(a, b) == ([(a.embeddings, FILE, "no such file")], [b])


def test_a_missing_chains_file_takes_only_its_texts_along(folder, make_blobs):
    a, b = (folder.write(f"{name}.parquet", make_blobs(2)[0], ["x", "y"]) for name in "ab")
    os.remove(a.chains)
    assert left_out(a, b) == ([(a.chains, TEXTS, "no such file")], [a, b])
    findings = Findings()
    files = open_sources([a, b], "text", findings)
    assert list(read_texts(files, findings)) == ["", "", "x", "y"]


@pytest.mark.parametrize("size", [0, 3, 1000, -20])
def test_a_file_that_is_no_whole_parquet_is_left_out(folder, make_blobs, size):
    a, b = (folder.write(f"{name}.parquet", make_blobs(200)[0]) for name in "ab")
    os.truncate(a.embeddings, size if size >= 0 else os.path.getsize(a.embeddings) + size)
    out, kept = left_out(a, b)
    assert [(path, part) for path, part, _ in out] == [(a.embeddings, FILE)] and kept == [b]


@pytest.mark.parametrize("damaged", "ab")
def test_a_damaged_page_leaves_its_file_out_and_no_row_of_it(folder, make_blobs, damaged):
    files = {name: folder.write(f"{name}.parquet", make_blobs(2000)[0]) for name in "abc"}
    bad = files.pop(damaged)
    with open(bad.embeddings, "r+b") as file:
        file.seek(4)
        file.write(os.urandom(os.path.getsize(bad.embeddings) // 2))
    out, kept = left_out(bad, *files.values())
    assert [path for path, _, _ in out] == [bad.embeddings] and kept == list(files.values())
    findings = Findings()
    read = read_vectors(open_sources([bad, *kept], "text", findings), findings)[1]
    assert (read == np.vstack([make_blobs(2000)[0]] * 2)).all()


def test_another_number_of_rows_is_left_out(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(5)[0], texts=["only", "three", "texts"])
    (found,), kept = left_out(source)
    assert found[:2] == (source.embeddings, FILE) and not kept
    assert "5 rows" in found[2] and "3 in " + source.chains in found[2]


def test_a_file_without_vectors_is_left_out(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2)[0])
    out, kept = left_out(Source("golang", source.chains, source.chains))
    assert out == [(source.chains, FILE, "no column 'embedding'")] and not kept
    numbers = folder.write("b.parquet", make_blobs(2)[0], lists=pa.array([1.0, 2.0]))
    out, kept = left_out(numbers)
    assert "not a list of numbers" in out[0][2] and not kept


def test_texts_that_cannot_be_read_leave_the_vectors(folder, make_blobs):
    a, b = (folder.write(f"{name}.parquet", make_blobs(2)[0]) for name in "ab")
    twice = pa.Table.from_arrays([pa.array(["x", "y"])] * 2, names=["text", "text"])
    pq.write_table(twice, a.chains)
    pq.write_table(pa.table({"text": [1, 2]}), b.chains)
    out, kept = left_out(a, b)
    assert [(path, part) for path, part, _ in out] == [(a.chains, TEXTS), (b.chains, TEXTS)]
    assert "2 columns are called 'text'" in out[0][2] and "is int64, not text" in out[1][2]
    assert kept == [a, b]
    out, kept = left_out(a, text_column="body")
    assert out == [(a.chains, TEXTS, "no text column 'body'")] and kept == [a]


@pytest.mark.parametrize(
    "kind", [pa.null(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.string_view(),
             pa.json_(), pa.dictionary(pa.int32(), pa.string())], ids=str)  # fmt: skip
def test_texts_of_all_types(folder, make_blobs, kind):
    source = folder.write("a.parquet", make_blobs(2)[0])
    written = [None, None] if pa.types.is_null(kind) else ["é", None]
    texts_in = pa.array(written, pa.string()).cast(kind) if written[0] else pa.nulls(2)
    if isinstance(kind, pa.BaseExtensionType):
        texts_in = pa.ExtensionArray.from_storage(kind, pa.array(written, pa.string()))
    pq.write_table(pa.table({"n": [1, 2], "text": texts_in}), source.chains)
    assert texts_of(load(source)) == [written[0] or "", ""]


def test_texts_that_are_not_utf8_are_repaired(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(1)[0])
    broken = pa.array([b"caf\xe9"])
    buffers = broken.buffers()
    pq.write_table(
        pa.table({"text": pa.StringArray.from_buffers(1, buffers[1], buffers[2])}), source.chains
    )
    assert texts_of(load(source)) == ["caf\ufffd"]


@pytest.mark.parametrize("other", [{"precision": "bf16"}, {"weights_sha256": "bb"}])
def test_the_model_of_most_rows_takes_part(folder, make_blobs, made_by, other):
    few = [folder.write(f"{i}.parquet", make_blobs(2)[0]) for i in range(2)]
    many = folder.write("many.parquet", make_blobs(5)[0], model=made_by | other)
    none = folder.write("none.parquet", make_blobs(1)[0][:0], model={"model": "x"})
    out, kept = left_out(*few, many, none)
    assert [path for path, _, _ in out] == [s.embeddings for s in few]
    assert all("those of most rows" in reason for _, _, reason in out)
    assert kept == [many, none]


def test_of_equally_many_rows_the_first_name_takes_part(folder, make_blobs, made_by):
    z = folder.write("a.parquet", make_blobs(2)[0], model=made_by | {"model": "z"})
    a = folder.write(
        "b.parquet", make_blobs(2)[0], model=made_by | {"model": "a", "model_sha256": "zz"}
    )
    assert left_out(z, a)[1] == [a]


def test_other_dimensions_are_left_out(folder, make_blobs, made_by):
    a = folder.write("a.parquet", np.ones((3, 8), np.float32))  # the footer says 16
    b = folder.write("b.parquet", make_blobs(3)[0])
    (found,), kept = left_out(a, b)
    assert found[0] == a.embeddings and "8 dimensions" in found[2] and "16" in found[2]
    assert kept == [b]
    nameless = [
        folder.write(f"{d}.parquet", np.ones((d, d), np.float32), model=None) for d in (8, 16)
    ]
    assert left_out(*nameless)[1] == [nameless[1]]


@pytest.mark.parametrize(
    ("bad", "row", "what"),
    [([1.0], 2, "1 dimensions"), (None, 2, "no vector"), ([float("nan"), 0.0], 2, "not finite"),
     ([None, 0.0], 2, "not finite")],
)  # fmt: skip
def test_a_bad_vector_leaves_its_file_out(folder, made_by, bad, row, what):
    lists = pa.array([[1.0, 0.0], [0.0, 1.0], bad, [1.0, 1.0]], pa.list_(pa.float32()))
    model = made_by | {"dimension": 2}
    a = folder.write("a.parquet", np.ones((4, 2)), lists=lists, model=model)
    b = folder.write("b.parquet", np.ones((4, 2)), model=model)
    (found,), kept = left_out(a, b)
    assert found[0] == a.embeddings and f"row {row} " in found[2] and what in found[2]
    assert kept == [b]


@pytest.mark.parametrize("mark", ["no JSON", "[1]", "3", "[" * 100_000])
def test_a_broken_fingerprint_is_left_out(folder, make_blobs, mark):
    a, b = (folder.write(f"{name}.parquet", make_blobs(2)[0]) for name in "ab")
    table = pq.read_table(a.embeddings)
    broken = table.replace_schema_metadata({"threadloom.fingerprint": mark})
    pq.write_table(broken, a.embeddings)
    out, kept = left_out(a, b)
    assert "fingerprint" in out[0][2] and out[0][0] == a.embeddings and kept == [b]


def test_a_name_that_is_not_utf8_is_read_as_it_is(folder, make_blobs):
    wanted, written = make_blobs(5)
    source = folder.write("caf\udce9.parquet", wanted, written, keys={"n": range(5)})
    files = load(source)
    assert (vectors_of(files) == wanted).all() and texts_of(files) == written
    assert read_keys(files, Findings()).num_rows == 5
    os.remove(source.embeddings)
    assert left_out(source)[0][0][0] == source.embeddings.replace("\udce9", r"\xe9")


def test_a_name_of_two_lines_is_shown_as_one(folder, make_blobs):
    source = folder.write("a\n\x1b[2Jb.parquet", make_blobs(2)[0])
    os.remove(source.embeddings)
    ((file, _, _),), _ = left_out(source)
    assert file.endswith(r"a\n\x1b[2Jb.parquet")


def test_a_column_with_the_name_of_the_vectors_parts_is_not_taken_for_them(folder, make_blobs):
    wanted, written = make_blobs(5)
    keys = {"embedding.list": range(5), "embedding.list.element": [0.5] * 5, "": range(5, 10)}
    files = load(folder.write("a.parquet", wanted, written, keys=keys))
    assert (vectors_of(files) == wanted).all()
    assert read_keys(files, Findings()).to_pydict() == {k: list(v) for k, v in keys.items()}


@pytest.mark.parametrize("job", ['{"subreddit": "a", "input": "b"}', "[1]", "no JSON"])
def test_a_job_that_lacks_something_is_refused(job):
    with pytest.raises(ValueError):
        Source.from_job(json.loads(job))


def test_a_job_is_read():
    job = b'{"subreddit": "a", "input": "b", "output": "c", "bytes": 7}'
    assert Source.from_job(json.loads(job)) == Source("a", "b", "c")
