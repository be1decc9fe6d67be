"""Neighbours, their graph and consensus Leiden are right, nested, and the same every time."""

import itertools

import faiss
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from threadloom.cluster.methods import leiden, neighbors, registry
from threadloom.cluster.methods.fit import cluster_vectors
from threadloom.cluster.methods.graph import Graph, fuzzy_union
from threadloom.cluster.methods.neighbors import Index, different_rows
from threadloom.cluster.methods.rows import Rows


def nested(rows: int = 600, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors float32[rows, 16] of 4 topics with 5 smaller ones in each, and the latter."""
    random = np.random.default_rng(seed)
    coarse = np.repeat(random.normal(size=(4, 16)) * 3, 5, axis=0)
    centres = coarse + random.normal(size=(20, 16)) * 0.4
    topics = np.arange(rows) % 20
    vectors = centres[topics] + random.normal(size=(rows, 16)) * 0.4
    return vectors.astype(np.float32), topics


@pytest.mark.parametrize("exact", [20_000, 100])
def test_an_index_finds_the_nearest(monkeypatch, exact):
    monkeypatch.setattr(neighbors, "EXACT_ROWS", exact)
    vectors = np.random.default_rng(2).normal(size=(1000, 8)).astype(np.float32)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units[:200] @ units[200:].T
    best = np.argsort(-cosines, axis=1)[:, :10]
    indices, found = Index(vectors[200:]).search(vectors[:200], 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(indices, best, strict=True)])
    assert recall == 1 if exact > 1000 else recall > 0.6
    inside = indices >= 0
    expected = np.take_along_axis(cosines, np.maximum(indices, 0), axis=1)
    assert np.allclose(found[inside], expected[inside], atol=1e-5)
    assert (np.diff(found, axis=1) <= 0).all()
    rows, distances = Index(vectors).neighbors(6)
    assert (rows[:, 0] == np.arange(1000)).all() and (distances >= 0).all()


def test_the_graph_is_that_of_umap():
    import umap

    vectors = np.random.default_rng(3).normal(size=(300, 6)).astype(np.float32)
    indices, distances = Index(vectors).neighbors(16)
    graph = fuzzy_union(indices[:, 1:], distances[:, 1:])
    theirs, *_ = umap.umap_.fuzzy_simplicial_set(
        vectors, 15, np.random.RandomState(0), "cosine", knn_indices=indices, knn_dists=distances
    )
    theirs = theirs.tolil()
    theirs.setdiag(0)
    assert abs(theirs.tocsr() - graph.matrix()).max() < 1e-3


def test_levels_nest_and_are_the_topics():
    vectors, topics = nested()
    found, agreements = leiden.levels(Rows(vectors).graph, 1, 10)
    assert len(set(zip(found[0], topics // 5, strict=True))) == found[0].max() + 1 < 12
    assert adjusted_rand_score(found[-1], topics) > 0.85
    for coarse, fine in itertools.pairwise(found):
        assert len(set(zip(coarse, fine, strict=True))) == fine.max() + 1
    assert all(0 < agreed <= 1 for agreed in agreements)
    assert all((np.diff(np.bincount(labels)) <= 0).all() for labels in found)


def test_finer_levels_keep_the_given_clusters_and_their_noise():
    vectors, topics = nested()
    labels = topics // 5
    labels[::50] = -1
    levels = leiden.finer(Rows(vectors).graph, labels, 1, 10)
    assert adjusted_rand_score(levels[-1][labels >= 0], topics[labels >= 0]) > 0.85
    for level in levels:
        assert ((level < 0) == (labels < 0)).all()
        assert len(set(zip(labels, level, strict=True))) == level.max() + 2


def test_small_clusters_join_those_that_they_touch_most():
    # 0 1 2 are a cluster, 3 4 5 another, 6 is alone beside the second, 7 touches nothing.
    ends = np.array([[0, 1], [1, 2], [3, 4], [4, 5], [2, 6], [5, 6]], np.int32)
    weights = np.array([1, 1, 1, 1, 0.2, 0.6])
    graph = Graph(8, ends[:, 0], ends[:, 1], weights)
    labels = leiden.merge_small(np.array([0, 0, 0, 1, 1, 1, 2, 3]), graph, 2)
    assert labels.tolist() == [1, 1, 1, 0, 0, 0, 0, 2]


@pytest.mark.parametrize("method", ["leiden", "hdbscan"])
@pytest.mark.parametrize("exact", [20_000, 100])
def test_order_and_threads_change_no_level(monkeypatch, method, exact):
    monkeypatch.setattr(neighbors, "EXACT_ROWS", exact)
    # Without clear blobs, so that chance has something to decide.
    vectors = np.random.default_rng(5).normal(size=(400, 8)).astype(np.float32)
    one = cluster_vectors(vectors, 7, method, sample=300).clustering
    order = np.random.default_rng(6).permutation(400)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    threads = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(1)
        two = cluster_vectors(vectors[order], 7, method, sample=300).clustering
    finally:
        faiss.omp_set_num_threads(threads)
    assert len(one.levels) == len(two.levels) >= 2
    for before, after in zip(one.levels, two.levels, strict=True):
        # Equal sizes are numbered by first rows, so that numbers may differ.
        pairs = set(zip(before.labels[order], after.labels, strict=True))
        assert len(pairs) == len(set(before.labels)) == len(set(after.labels))
        assert ((before.labels[order] < 0) == (after.labels < 0)).all()


def test_the_last_digit_of_a_vector_changes_no_order_and_no_cluster():
    vectors, _ = nested(300)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    random = np.random.default_rng(8)
    other = vectors * (1 + random.normal(size=vectors.shape) * 1e-7).astype(np.float32)
    assert (other != vectors).any()
    assert (different_rows(vectors)[0] == different_rows(other)[0]).all()
    one, two = (cluster_vectors(v, 42) for v in (vectors, other))
    assert one.method == "leiden"
    for before, after in zip(one.clustering.levels, two.clustering.levels, strict=True):
        assert (before.labels == after.labels).all()


def test_the_first_rows_are_a_fair_sample():
    random = np.random.default_rng(9)
    # Five topics, one of them very dense.
    topics = np.repeat(np.arange(5), 2000)
    vectors = random.normal(size=(5, 64))[topics] + random.normal(size=(10_000, 64)) * np.where(
        topics == 0, 0.01, 0.8
    ).reshape(-1, 1)
    first, _ = different_rows(vectors.astype(np.float32), sample=1000)
    shares = np.bincount(topics[first[:1000]], minlength=5)
    # Five standard deviations of a draw without replacement.
    assert abs(shares - 200).max() < 5 * np.sqrt(1000 * 0.2 * 0.8 * 0.9)


def test_auto_takes_hdbscan_between_its_limits():
    assert registry.resolve("auto", registry.AUTO_LEAST - 1) == "leiden"
    assert registry.resolve("auto", registry.AUTO_LEAST) == "hdbscan"
    assert registry.resolve("auto", registry.AUTO_MOST) == "hdbscan"
    assert registry.resolve("auto", registry.AUTO_MOST + 1) == "leiden"
    assert registry.resolve("auto", registry.AUTO_MOST, sample=5000) == "leiden"
    assert registry.resolve("evoc", 10) == "evoc"
