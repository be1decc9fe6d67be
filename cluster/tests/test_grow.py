"""New clusters of chains that fit no old one."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from threadloom.cluster.assign import assign_files
from threadloom.cluster.methods import fit
from threadloom.cluster.methods.grow import grow, strangers
from threadloom.cluster.settings import Settings
from threadloom.cluster.step import cluster_files


def topic(centre: int, rows: int, seed: int, spread: float = 0.35, width: int = 24) -> np.ndarray:
    """Return vectors of one topic; centres 0 and 9 lie near to each other."""
    random = np.random.default_rng(1)
    centres = random.normal(size=(10, width)) / np.sqrt(width)
    centres[9] = centres[0] + 0.5 * centres[9]
    noise = np.random.default_rng(seed).normal(size=(rows, width)) / np.sqrt(width)
    return (centres[centre] + spread * noise).astype(np.float32)


@pytest.fixture(scope="module")
def month() -> np.ndarray:
    return np.concatenate([topic(c, 150, c) for c in range(4)])


@pytest.fixture(scope="module")
def fitted(month) -> fit.Fitted:
    found = fit.cluster_vectors(month, 3, "hdbscan")
    assert found.clustering.count == 4
    return found


@pytest.mark.parametrize("centre", [5, 9], ids=["far from the others", "near to one"])
def test_a_new_topic_is_one_new_cluster_and_old_numbers_stay(fitted, centre):
    old = np.concatenate([topic(c, 120, 50 + c) for c in range(4)])
    new = topic(centre, 60, 99)
    grown = grow(fitted.model, np.concatenate([old, new]))
    assert list(grown.new) == [4]
    labels = grown.clustering.labels
    assert (labels[480:] == 4).mean() > 0.95
    assert (labels[:480] == 4).mean() < 0.01
    before = fitted.model.assign(old).labels
    assert (labels[:480] == before).mean() > 0.99
    for level, now, then in zip(
        range(9), grown.clustering.levels, fitted.clustering.levels, strict=False
    ):
        count = len(np.unique(then.labels[then.labels >= 0]))
        assert (now.labels[480:] == count).mean() > 0.95, level


def test_the_next_month_of_the_same_topics_has_no_new_cluster(fitted):
    for seed in range(5):
        old = np.concatenate([topic(c, 120, 100 * seed + c + 60) for c in range(4)])
        assert not grow(fitted.model, old).new


def test_more_new_chains_than_fitted_ones(fitted):
    """Among very many new rows each has only new neighbours, which alone makes no new topic."""
    old = np.concatenate([topic(c, 2000, 300 + c) for c in range(4)])
    assert not grow(fitted.model, old).new
    grown = grow(fitted.model, np.concatenate([old, topic(5, 400, 7)]))
    assert list(grown.new) == [4]


def test_the_order_does_not_matter_and_twice_gives_the_same(fitted):
    rows = np.concatenate([topic(c, 100, 400 + c) for c in (0, 1, 5, 6)])
    first = grow(fitted.model, rows)
    order = np.random.default_rng(2).permutation(len(rows))
    other = grow(fitted.model, rows[order])
    assert len(first.new) == 2
    assert (first.clustering.labels[order] == other.clustering.labels).all()
    assert not grow(first.model, rows).new, "what is known by now is no new topic"


def test_strangers_are_those_of_a_plain_count(fitted):
    """Return the same by sorting all cosines."""
    rows = np.concatenate([topic(0, 40, 1), topic(5, 40, 2)])
    anchors = fitted.model.anchors.astype(np.float32)
    everything = np.concatenate([rows, anchors])
    everything /= np.linalg.norm(everything, axis=1, keepdims=True)
    cosines = everything[:80] @ everything.T
    cosines[np.arange(80), np.arange(80)] = -2
    new = (np.argsort(-cosines, axis=1)[:, :15] < 80).sum(axis=1)
    from scipy.stats import binom

    share = 80 / len(everything)
    least = next(k for k in range(16) if 1 - binom.cdf(k - 1, 15, share) <= 1e-3)
    assert (strangers(fitted.model, rows) == (new >= least)).all()


def test_no_chains_and_hardly_any(fitted):
    assert not grow(fitted.model, np.empty((0, 24), np.float32)).new
    assert not grow(fitted.model, topic(5, 3, 1)).new
    assert not grow(fitted.model, np.zeros((100, 24), np.float32)).new


WORDS = ["bread oven yeast", "pedal chain saddle", "orbit comet moon", "goal keeper ball"]


def write(folder, name: str, topics: list[int], rows: int, seed: int):
    """Write a file of topics with texts of their own words."""
    vectors = np.concatenate([topic(c, rows, seed + c, width=16) for c in topics])
    random = np.random.default_rng(seed)
    names = [WORDS[c] if c < 3 else WORDS[3] for c in topics for _ in range(rows)]
    texts = [" ".join(random.permutation(words.split())) + f" {i}" for i, words in enumerate(names)]
    return folder.write(name, vectors, texts)


def test_assign_grows_a_model_that_the_month_after_uses(folder):
    november = write(folder, "november.parquet", [0, 1, 2], 100, 10)
    done = cluster_files([november], Settings(str(folder.root / "11")))
    model = Path(done["labels"]).with_name("model")
    december = write(folder, "december.parquet", [0, 1, 2, 5], 80, 500)
    plain = assign_files([december], str(model), str(folder.root / "12"))
    assert plain["grown"] == ""
    assert not any(cluster["new"] for cluster in plain["clusters"])
    report = assign_files([december], str(model), str(folder.root / "12"), grow=True)
    assert report["grown"] == str(folder.root / "12" / "grown")
    *old, new = report["clusters"]
    assert [c["name"] for c in old] == [c["name"] for c in plain["clusters"]]
    assert (new["new"], new["label"], new["fitted_share"] > 0) == (True, len(old), True)
    assert set(new["name"].split(", ")) <= set(WORDS[3].split())
    assert 70 <= new["rows"] <= 85
    path = folder.root / "12" / "assigned.parquet"
    rows = duckdb.sql(f"SELECT label, count(*) FROM '{path}' GROUP BY ALL").fetchall()
    assert dict(rows)[new["label"]] == new["rows"]
    january = write(folder, "january.parquet", [0, 5], 70, 900)
    after = assign_files([january], report["grown"], str(folder.root / "01"), grow=True)
    assert after["grown"] == ""
    assert [c["name"] for c in after["clusters"]] == [c["name"] for c in report["clusters"]]
    assert 60 <= after["clusters"][-1]["rows"] <= 75
    assert json.loads((folder.root / "01" / "assigned.json").read_text())["rows"] == 140


def test_tight_topics_have_a_fair_part_among_more_rows_than_anchors():
    """The sample of the rows has rows of every topic, however close the rows of a topic are."""
    month = np.concatenate([topic(c, 60, c, spread=0.002) for c in range(4)])
    model = fit.cluster_vectors(month, 3, "leiden").model
    old = np.concatenate([topic(c, 400, 700 + c, spread=0.002) for c in range(4)])
    new = topic(5, 400, 9, spread=0.002)
    assert not grow(model, old).new
    grown = grow(model, np.concatenate([old, new]))
    assert len(grown.new) == 1
    assert (grown.clustering.labels[1600:] == grown.new[0]).mean() > 0.95
