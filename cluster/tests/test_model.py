"""A saved model puts new vectors into its clusters, and refuses those that it was not made for."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.assign import assign_files
from threadloom.cluster.files.left_out import NothingLeft
from threadloom.cluster.methods.fit import cluster_vectors
from threadloom.cluster.methods.model import FORMAT, load, save
from threadloom.cluster.methods.neighbor_votes import tally
from threadloom.cluster.settings import Settings, outputs
from threadloom.cluster.step import cluster_files


@pytest.fixture
def fitted(folder, tmp_path):
    """Cluster three blobs; returns the model's folder and the labels of the sources' rows."""
    settings = Settings(clusters_dir=str(tmp_path / "clusters"), seed=7)
    summary = cluster_files(folder.write_topics(), settings)
    return outputs(settings, "all").model, pq.read_table(summary["labels"])


def test_new_rows_go_where_their_like_are(fitted, folder, make_blobs, tmp_path):
    model_dir, labels = fitted
    vectors, texts = make_blobs(120)
    random = np.random.default_rng(4)
    # Rows 0, 1, 2 again, a little off, and one that is like nothing.
    new = np.vstack([vectors[:3] + random.normal(size=(3, 16)) * 0.01, -vectors[:3].sum(axis=0)])
    source = folder.write("new.parquet", new.astype(np.float32), texts[:4], subreddit="new")
    report = assign_files([source], model_dir, str(tmp_path / "next"))
    assigned = pq.read_table(tmp_path / "next" / "assigned.parquet")
    # The first rows are in the first file, that of "baking".
    first = labels["subreddit"].to_pylist().index("baking")
    assert assigned["label"].to_pylist()[:3] == labels["label"].to_pylist()[first : first + 3]
    assert set(labels.column_names) == set(assigned.column_names)
    assert (report["rows"], len(report["clusters"])) == (4, 3)
    assert json.loads((tmp_path / "next" / "assigned.json").read_text()) == report
    assert report["drift"] == pytest.approx(report["noise_share"] - report["fitted_noise_share"])


@pytest.mark.parametrize("other", [{"precision": "bf16"}, {"model_sha256": "bb"}])
def test_vectors_of_another_model_or_precision_are_left_out(
    fitted, folder, make_blobs, made_by, tmp_path, other
):
    bad = folder.write("other.parquet", make_blobs(6)[0], model=made_by | other)
    good = folder.write("same.parquet", make_blobs(3)[0])
    report = assign_files([bad, good], fitted[0], str(tmp_path / "next"))
    assert (report["rows"], report["files"], report["files_left_out"]) == (3, 1, 1)
    (left,) = report["left_out"]
    assert left["file"] == bad.embeddings and "cluster again" in left["reason"]
    assert pq.read_metadata(tmp_path / "next" / "assigned.parquet").num_rows == 3
    with pytest.raises(NothingLeft, match=r"no file.*other\.parquet.*cluster again") as error:
        assign_files([bad], fitted[0], str(tmp_path / "nothing"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "nothing").exists()


def test_texts_are_not_needed_to_assign(fitted, folder, make_blobs, tmp_path):
    source = folder.write("a.parquet", make_blobs(3)[0])
    Path(source.chains).write_bytes(b"no Parquet")
    report = assign_files([source], fitted[0], str(tmp_path / "next"))
    assert (report["rows"], report["left_out"], report["warnings"]) == (3, [], [])


def test_types_that_differ_do_not_end_an_assignment(fitted, folder, make_blobs, tmp_path):
    sources = [
        folder.write(f"{i}.parquet", make_blobs(1)[0], keys={"created_utc": [value]})
        for i, value in enumerate([1, "2"])
    ]
    report = assign_files(sources, fitted[0], str(tmp_path / "next"))
    assert report["rows"] == 2 and "'created_utc'" in report["warnings"][0]
    assigned = pq.read_table(tmp_path / "next" / "assigned.parquet")
    assert assigned["created_utc"].to_pylist() == ["1", "2"]


def test_a_model_is_read_as_it_was_written(make_blobs, made_by, tmp_path):
    vectors, _ = make_blobs(120)
    model = cluster_vectors(vectors, 1, draw=True).model
    model = replace(model, names=(("a", "b", "c"),), embedding=made_by, about={"seed": 1})
    save(str(tmp_path), model)
    again = load(str(tmp_path))
    assert (again.names, again.embedding, again.about) == (model.names, made_by, {"seed": 1})
    for name in ("anchors", "finest", "probabilities", "outlier_scores", "points", "middles"):
        assert (getattr(again, name) == getattr(model, name)).all(), name
    one, two = model.assign(vectors), again.assign(vectors)
    assert (one.labels == two.labels).all() and (one.distances == two.distances).all()


def test_a_damaged_model_is_refused_in_one_line(make_blobs, tmp_path):
    with pytest.raises(ValueError, match="no model of clusters"):
        load(str(tmp_path))
    save(str(tmp_path), cluster_vectors(make_blobs(60)[0], 1).model)
    with (tmp_path / "anchors.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="does not belong to it") as refused:
        load(str(tmp_path))
    assert "\n" not in str(refused.value)
    facts = json.loads((tmp_path / "model.json").read_text())
    Path(tmp_path / "model.json").write_text(json.dumps(facts | {"format": FORMAT - 1}))
    with pytest.raises(ValueError, match=f"format {FORMAT - 1}, want {FORMAT}: cluster again$"):
        load(str(tmp_path))
    Path(tmp_path / "model.json").write_text("{}")
    with pytest.raises(ValueError, match="not a usable model"):
        load(str(tmp_path))


def test_a_model_without_clusters_calls_everything_noise(make_blobs):
    vectors, _ = make_blobs(6)
    found = cluster_vectors(vectors, 1).model.assign(vectors)
    assert found.labels.tolist() == [-1] * 6 and found.nearest.tolist() == [-1] * 6


def test_votes_are_counted_by_cluster_with_noise_last():
    votes = tally(np.array([[0, 1, -1], [1, 1, 0]]), np.array([[0.5, 0.2, 1], [0.3, 0.3, 0.4]]), 2)
    assert np.allclose(votes, [[0.5, 0.2, 1], [0.4, 0.6, 0]])
