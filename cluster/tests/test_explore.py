"""The data of the page that `explore` shows; pipeline/tests has the page itself in a browser."""

import json
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.explore import dataset, page
from threadloom.cluster.explore.__main__ import explore
from threadloom.cluster.files.points import Named
from threadloom.cluster.settings import Settings
from threadloom.cluster.step import cluster_files

ROWS = 90


@pytest.fixture(scope="module")
def clustered(tmp_path_factory, make_folder, make_blobs):
    """Return the sources of a clustering, its folder, and the chains' texts."""
    folder = make_folder(tmp_path_factory.mktemp("explore"))
    vectors, texts = make_blobs(ROWS)
    keys = {
        "chain_id": [f"c{i}" for i in range(ROWS)],
        "Text": ["a key column with a name of ours"] * ROWS,
        "permalink": [f"/r/golang/comments/{i}/" for i in range(ROWS)],
        "score": list(range(ROWS)),
        "created_utc": [str(1_700_000_000 + i) for i in range(ROWS)],
        "payload": [b"\xff\xfe"] * ROWS,
    }
    source = folder.write("part.parquet", vectors, texts, keys=keys)
    bad = folder.write("absent.parquet", vectors[:5])
    Path(bad.embeddings).write_bytes(b"PAR1")
    clusters = str(folder.root / "clusters")
    cluster_files([source, bad], Settings(clusters_dir=clusters, seed=7))
    return [source, bad], clusters, texts, vectors


def made(clusters: str) -> tuple[pl.DataFrame, dict]:
    """Return the two files that the page reads."""
    metadata = json.loads(Path(clusters, "explore", "metadata.json").read_text())
    return pl.read_parquet(os.path.join(clusters, "explore", "dataset.parquet")), metadata


def test_the_page_has_all_chains_with_texts_and_links(clustered):
    sources, clusters, texts, _ = clustered
    said = explore(sources, clusters, "all")
    assert (said["rows"], said["shown"], said["reused"]) == (ROWS, ROWS, False)
    assert Path(said["page"], "index.html").exists()
    table, metadata = made(clusters)
    points = pl.read_parquet(os.path.join(clusters, "points.parquet"))
    assert table["text"].to_list() == texts
    assert table["chain_id"].to_list() == points["chain_id"].to_list()
    assert table["cluster"].to_list() == points["name"].fill_null("(noise)").to_list()
    for column in ("x", "y", "score", "probability"):
        assert table[column].to_list() == points[column].to_list()
    assert table["link"][3] == "https://www.reddit.com/r/golang/comments/3/"
    assert table["created_utc"][1] == datetime(2023, 11, 14, 22, 13, 21)
    assert table.columns[:4] == ["text", "link", "subreddit", "created_utc"]
    assert "input_Text" in table.columns and "payload" not in table.columns
    props = metadata["props"]
    assert metadata["isStatic"] and metadata["database"] == {"type": "wasm", "load": True}
    used = {props["data"]["id"], *props["data"]["projection"].values(), props["data"]["text"]}
    assert {*used, props["data"]["neighbors"]} <= set(table.columns)
    charts = props["initialState"]["charts"].values()
    assert next(c for c in charts if c["type"] == "embedding")["data"]["category"] == "cluster"
    fields = [c["data"]["field"] for c in charts if c.get("type") == "count-plot"]
    fields += [c["layers"][0]["encoding"]["x"]["field"] for c in charts if "layers" in c]
    # All chains are of one subreddit, and a chart of one value says nothing.
    assert {"cluster", "score", "created_utc"} <= set(fields) and "subreddit" not in fields
    report = json.loads(Path(clusters, "clusters.json").read_text())
    shown = [label["content"] for label in props["embeddingViewLabels"]]
    assert shown[: len(report["clusters"])] == [c["name"] for c in report["clusters"]]


def test_the_page_is_made_once(clustered):
    sources, clusters, _, _ = clustered
    explore(sources, clusters, "all")
    stamp = os.stat(os.path.join(clusters, "explore", "dataset.parquet")).st_mtime_ns
    assert explore(sources, clusters, "all")["reused"]
    assert os.stat(os.path.join(clusters, "explore", "dataset.parquet")).st_mtime_ns == stamp
    os.remove(os.path.join(clusters, "explore", "dataset.parquet"))
    assert not explore(sources, clusters, "all")["reused"]
    os.utime(os.path.join(clusters, "points.parquet"))
    assert not explore(sources, clusters, "all")["reused"]


def test_more_chains_than_the_page_takes_are_an_even_sample(clustered, monkeypatch):
    sources, clusters, texts, vectors = clustered
    monkeypatch.setattr(dataset, "MOST", 30)
    said = explore(sources, clusters, "all")
    assert (said["rows"], said["shown"]) == (ROWS, 30)
    table, metadata = made(clusters)
    # Row i has topic i % 3.
    rows = [int(chain[1:]) for chain in table["chain_id"]]
    assert np.bincount(np.array(rows) % 3).tolist() == [10, 10, 10]
    assert table["text"].to_list() == [texts[row] for row in rows]
    units = vectors[rows].astype(np.float64)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -2)
    for i, near in enumerate(table["__neighbors"]):
        assert near["ids"] == np.argsort(-cosines[i])[:10].tolist()
    note = metadata["props"]["initialState"]["charts"]["3"]["content"]
    assert "**30 of 90**" in note


def test_clusters_of_other_files_are_refused(clustered, tmp_path):
    sources, clusters, _, _ = clustered
    with pytest.raises(ValueError, match="run the pipeline first"):
        explore(sources, str(tmp_path), "all")
    changed = pq.read_table(sources[0].embeddings)
    before = Path(sources[0].embeddings).read_bytes()
    os.utime(os.path.join(clusters, "points.parquet"))  # so that the page's data are made again
    try:
        ids = pa.array([f"other{i}" for i in range(ROWS)])
        pq.write_table(changed.set_column(0, "chain_id", ids), sources[0].embeddings)
        with pytest.raises(ValueError, match="changed since: run the pipeline again"):
            explore(sources, clusters, "all")
        with pytest.raises(ValueError, match="changed since: run the pipeline again"):
            explore(sources[1:], clusters, "all")
    finally:
        Path(sources[0].embeddings).write_bytes(before)


def test_links_lead_to_reddit_only():
    links = dataset._links(
        pa.chunked_array([["/r/a/1/", "javascript:x", "//evil.example/r/", "/r/a b", "", None]])
    )
    assert links.to_pylist() == ["https://www.reddit.com/r/a/1/", *[None] * 5]


def test_names_refine_with_the_zoom():
    coarse = np.repeat([0, 1], 50)
    middle, fine = np.repeat(np.arange(10), 10), np.arange(100)
    places = np.stack([np.arange(100), np.zeros(100)], axis=1).astype(np.float32)
    levels = [
        Named(coarse, ["a", "b"]),
        Named(middle, [f"m{i}" for i in range(10)]),
        Named(fine, [f"f{i}" for i in range(100)]),
    ]
    labels = page.map_labels(levels, 1, places)
    # The first view has the names of the colours, and the next level comes with the zoom.
    assert [label["content"] for label in labels if label["level"] == 0] == levels[1].names
    assert [label["content"] for label in labels if label["level"] == 1] == levels[2].names
    assert all(abs(label["x"] - (10 * i + 4.5)) < 1 for i, label in enumerate(labels[:10]))
    assert {label["priority"] for label in labels[:10]} == {10}
    # A hundred names would cover each other, so the level above comes first.
    labels = page.map_labels(levels, 2, places)
    assert [label["content"] for label in labels if label["level"] == 0] == levels[1].names


def test_markdown_shows_a_name_as_it_is():
    assert page.as_markdown("<b>*x*\n[a](b)") == r"&lt;b&gt;\*x\* \[a\]\(b\)"
