"""points.parquet: a row for each chain, as other programs read it."""

import datetime

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.files import points
from threadloom.cluster.files.points import Named, write_points
from threadloom.cluster.methods import fit
from threadloom.cluster.methods.model import Votes
from threadloom.cluster.methods.places import places
from threadloom.cluster.settings import Settings, outputs
from threadloom.cluster.step import cluster_files


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Five chains at two levels, in parts of two rows."""
    monkeypatch.setattr(points, "_ROWS", 2)
    path = str(tmp_path / "points.parquet")
    keys = pa.table(
        {
            "chain_id": [f"c{i}" for i in range(5)],
            "X": [1, 2, 3, 4, 5],
            "name": ["t3_a", None, "t3_c", "t3_d", "t3_e"],
            "subreddit": ["golang"] * 5,
        }
    )
    coarse, fine = np.array([0, 0, -1, 1, 0], np.int32), np.array([0, 1, -1, 2, -1], np.int32)
    write_points(
        path,
        keys,
        pa.chunked_array([pa.array([1_700_000_000 + i for i in range(5)])]),
        np.arange(10, dtype=np.float32).reshape(5, 2),
        Named(coarse, ["gears, chain", 'crust & "crumb"']),
        np.array([1, 0.5, 0, 0.25, 1], np.float32),
        [Named(coarse, ["gears, chain", 'crust & "crumb"']), Named(fine, ["a", "b", "c"])],
        "abc",
    )
    return path


def test_other_programs_read_it_as_it_is(written):
    expected = {
        "chain_id": ["c0", "c1", "c2", "c3", "c4"],
        "input_X": [1, 2, 3, 4, 5],
        "input_name": ["t3_a", None, "t3_c", "t3_d", "t3_e"],
        "subreddit": ["golang"] * 5,
        "created_utc": [1_700_000_000 + i for i in range(5)],
        "x": [0.0, 2.0, 4.0, 6.0, 8.0],
        "y": [1.0, 3.0, 5.0, 7.0, 9.0],
        "label": [0, 0, -1, 1, 0],
        "name": ["gears, chain", "gears, chain", None, 'crust & "crumb"', "gears, chain"],
        "label_level_1": [0, 0, -1, 1, 0],
        "name_level_1": ["gears, chain", "gears, chain", None, 'crust & "crumb"', "gears, chain"],
        "label_level_2": [0, 1, -1, 2, -1],
        "name_level_2": ["a", "b", None, "c", None],
        "probability": [1.0, 0.5, 0.0, 0.25, 1.0],
    }
    assert pl.read_parquet(written).to_dict(as_series=False) == expected
    rows = duckdb.sql(f"SELECT * FROM '{written}'")
    assert dict(zip(rows.columns, map(list, zip(*rows.fetchall(), strict=True)), strict=True)) == (
        expected
    )
    frame = pd.read_parquet(written)
    assert list(frame.columns) == list(expected)
    for name, values in expected.items():
        assert [None if pd.isna(v) else v for v in frame[name]] == values
    footer = pq.read_metadata(written)
    assert footer.metadata[b"threadloom.clusters.fingerprint"] == b"abc"
    assert footer.num_row_groups == 3


def test_the_step_gives_each_chain_its_place(folder, tmp_path, make_blobs, monkeypatch):
    vectors, texts = make_blobs(90)
    vectors[89] = vectors[0]  # a copy
    folder.write("part.parquet", vectors, texts)
    source = folder.write("part.parquet", vectors, texts)
    times = [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)] * 90
    chains = pq.read_table(source.chains).append_column("created_utc", pa.array(times))
    pq.write_table(chains, source.chains)
    monkeypatch.setattr(fit, "MAP_ROWS", 60)
    monkeypatch.setattr(fit, "_LAID_OUT", 60)
    settings = Settings(clusters_dir=str(tmp_path / "clusters"), seed=7, sample=80)
    summary = cluster_files([source], settings)
    points = pl.read_parquet(outputs(settings, "all").points)
    labels = pl.read_parquet(summary["labels"])
    for column in ("chain_id", "subreddit", "label", "probability"):
        assert points[column].equals(labels[column])
    assert points["created_utc"].to_list() == times
    with np.load(outputs(settings, "all").model + "/anchors.npz") as model:
        drawn, anchors = model["points"], model["anchors"].astype(np.float64)
        weight = np.where(model["finest"] < 0, 1, model["probabilities"])
    assert (len(drawn), len(anchors)) == (60, 80)
    weight[60:] = 0  # they vote on the cluster, but lie nowhere themselves
    got = points.select("x", "y").to_numpy()
    assert (got[89] == got[0]).all()
    # The expected place, with the neighbours that scikit-learn finds.
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=16, metric="cosine", algorithm="brute")
    distances, nearest = search.fit(anchors).kneighbors(vectors.astype(np.float64))
    # The anchors are kept as float16.
    itself = distances[:, 0] < 1e-6
    fitted = itself & (nearest[:, 0] < 60)
    assert 60 <= fitted.sum() <= 61
    np.testing.assert_allclose(got[fitted], drawn[nearest[fitted, 0]], atol=1e-6)
    for row in np.flatnonzero(~fitted):
        voters = slice(1, 16) if itself[row] else slice(0, 15)
        who = nearest[row, voters]
        weights = (1 - distances[row, voters]) * weight[who]
        mean = (drawn[np.minimum(who, 59)] * weights[:, None]).sum(axis=0) / weights.sum()
        np.testing.assert_allclose(got[row], mean, atol=1e-3)


def test_a_row_without_a_voter_on_the_map_lies_where_the_nearest_lies():
    anchors = np.eye(4, dtype=np.float32)
    placed = np.array([[1, 2], [3, 4]], np.float32)
    vectors = np.array([*anchors, [0.1, 0.9, 2, 0], [0.9, 0.1, 0, 3], [0, 0, 0, 0]], np.float32)
    # The second anchor votes on row 4, and two anchors without a place vote on the others.
    votes = Votes(
        np.array([[1, 2], [2, 3], [2, 3], [2, 3], [1, 2], [2, 3], [3, 2]], np.int32),
        np.ones((7, 2), np.float32),
    )
    got = places(vectors, anchors, placed, np.arange(7), np.array([0, 1, 2, 3, 4, 5, 6, 4]), votes)
    assert got.tolist() == [[1, 2], [3, 4], [1, 2], [1, 2], [3, 4], [1, 2], [1, 2], [3, 4]]
