"""Reading the files: the order, all kinds of columns, and errors that name the file."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster import files as reading
from threadloom.cluster.files import (
    Source,
    models,
    open_sources,
    read_keys,
    read_texts,
    read_vectors,
)


def load(*sources):
    return open_sources(sources, "text")


def test_files_are_read_in_the_order_of_their_paths(folder, make_blobs):
    vectors, texts = make_blobs(30)
    b = folder.write("b.parquet", vectors[:10], texts[:10])
    a = folder.write("a.parquet", vectors[10:], texts[10:])
    files = load(b, a, b)  # a job delivered twice counts once
    expected = np.vstack([vectors[10:], vectors[:10]])
    assert (read_vectors(files) == expected).all()
    assert list(read_texts(files, "text")) == texts[10:] + texts[:10]
    assert read_keys(files)["chain_id"][0].as_py() == "golang/a.parquet/0"


@pytest.mark.parametrize("text_type", [pa.string(), pa.large_string()])
def test_several_row_groups_and_batches(folder, make_blobs, text_type, monkeypatch):
    monkeypatch.setattr(reading, "_VECTOR_ROWS", 16)
    monkeypatch.setattr(reading, "_TEXT_ROWS", 16)
    vectors, texts = make_blobs(100)
    source = folder.write("a.parquet", vectors, texts, text_type=text_type, row_group_size=30)
    assert pq.ParquetFile(source.embeddings).num_row_groups == 4
    files = load(source)
    read = read_vectors(files)
    assert read.dtype == np.float32 and (read == vectors).all()
    assert list(read_texts(files, "text")) == texts


@pytest.mark.parametrize("kind", ["large", "fixed", "double"])
def test_other_list_types(folder, make_blobs, kind):
    vectors, _ = make_blobs(20)
    flat, ends = vectors.ravel(), np.arange(21) * vectors.shape[1]
    lists = {
        "large": lambda: pa.LargeListArray.from_arrays(ends, flat),
        "fixed": lambda: pa.FixedSizeListArray.from_arrays(pa.array(flat), vectors.shape[1]),
        "double": lambda: pa.ListArray.from_arrays(ends.astype(np.int32), flat.astype(np.float64)),
    }[kind]()
    read = read_vectors(load(folder.write("a.parquet", vectors, lists=lists)))
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
    keys = read_keys(load(a, b, c)).to_pydict()
    nothing = [None, None]
    assert keys == {
        "chain_id": ["x", "y", "z", None, *nothing],
        "score": [1, 2, *nothing, *nothing],
        "title": [*nothing, "t", "u", *nothing],
    }


def test_a_null_text_is_empty(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2)[0], [None, "b"])
    assert list(read_texts(load(source), "text")) == ["", "b"]


def test_an_empty_file_is_no_error(folder, make_blobs):
    vectors, _ = make_blobs(30)
    empty = folder.write("a.parquet", vectors[:0])
    full = folder.write("b.parquet", vectors)
    assert (read_vectors(load(empty, full)) == vectors).all()
    assert read_vectors(load(empty)).shape[0] == 0


def test_models_are_counted(folder, make_blobs):
    vectors, _ = make_blobs(2)
    sources = [folder.write(f"{i}.parquet", vectors) for i in range(2)]
    sources.append(folder.write("old.parquet", vectors, model=None))
    assert [(m["model"], m["files"]) for m in models(load(*sources))] == [
        ("all-MiniLM-L6-v2", 2),
        (None, 1),
    ]


def one_line(error, *parts):
    text = str(error.value)
    assert "\n" not in text
    for part in parts:
        assert part in text


@pytest.mark.parametrize("which", ["chains", "embeddings"])
def test_a_missing_file_is_named(folder, make_blobs, which):
    source = folder.write("a.parquet", make_blobs(2)[0])
    os.remove(getattr(source, which))
    with pytest.raises(FileNotFoundError) as error:
        load(source)
    one_line(error, getattr(source, which))


def test_a_file_that_is_no_parquet_is_named(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2)[0])
    with open(source.embeddings, "w") as file:
        file.write("no Parquet")
    with pytest.raises(ValueError) as error:
        load(source)
    one_line(error, source.embeddings)


def test_a_damaged_page_is_named(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2000)[0])
    with open(source.embeddings, "r+b") as file:
        file.seek(4)
        file.write(os.urandom(os.path.getsize(source.embeddings) // 2))
    with pytest.raises(ValueError) as error:
        read_vectors(load(source))
    one_line(error, source.embeddings)


def test_another_number_of_rows_is_refused(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(5)[0], texts=["only", "three", "texts"])
    with pytest.raises(ValueError) as error:
        load(source)
    one_line(error, source.embeddings, source.chains, "5 rows", "3")


def test_a_missing_column_is_named(folder, make_blobs):
    source = folder.write("a.parquet", make_blobs(2)[0])
    with pytest.raises(ValueError) as error:
        open_sources([source], "body")
    one_line(error, source.chains, "'body'")
    with pytest.raises(ValueError) as error:
        load(Source("golang", source.chains, source.chains))
    one_line(error, source.chains, "'embedding'")


def test_other_dimensions_are_refused(folder, make_blobs):
    a = folder.write("a.parquet", make_blobs(3)[0])
    b = folder.write("b.parquet", np.ones((3, 8), np.float32))
    with pytest.raises(ValueError) as error:
        read_vectors(load(a, b))
    one_line(error, b.embeddings, "8 dimensions", "16")


@pytest.mark.parametrize(
    ("bad", "row", "what"),
    [([1.0], 2, "1 dimensions"), (None, 2, "no vector"), ([float("nan"), 0.0], 2, "not finite")],
)
def test_a_bad_vector_is_named(folder, bad, row, what):
    lists = pa.array([[1.0, 0.0], [0.0, 1.0], bad, [1.0, 1.0]], pa.list_(pa.float32()))
    source = folder.write("a.parquet", np.ones((4, 2)), lists=lists)
    with pytest.raises(ValueError) as error:
        read_vectors(load(source))
    one_line(error, source.embeddings, f"row {row} ", what)


def test_columns_that_do_not_go_together_are_named(folder, make_blobs):
    vectors, _ = make_blobs(2)
    a = folder.write("a.parquet", vectors, keys={"score": [1, 2]})
    b = folder.write("b.parquet", vectors, keys={"score": ["x", "y"]})
    with pytest.raises(ValueError) as error:
        read_keys(load(a, b))
    one_line(error, b.embeddings, "score")


@pytest.mark.parametrize("job", ['{"subreddit": "a", "input": "b"}', "[1]", "no JSON"])
def test_a_job_that_lacks_something_is_refused(job):
    with pytest.raises(ValueError):
        Source.from_json(job)


def test_a_job_is_read():
    job = b'{"subreddit": "a", "input": "b", "output": "c", "bytes": 7}'
    assert Source.from_json(job) == Source("a", "b", "c")
