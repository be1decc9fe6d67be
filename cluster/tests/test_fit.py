"""Clear clusters are found, the same each time, and odd input does no harm."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from threadloom.cluster.clustering import Clustering
from threadloom.cluster.methods import fit
from threadloom.cluster.methods.neighbors import (
    Index,
    different_rows,
    means,
    nearest_means,
)


def cluster_vectors(vectors: np.ndarray, seed: int, **more: object) -> Clustering:
    return fit.cluster_vectors(vectors, seed, **more).clustering


def test_blobs_become_clusters_numbered_by_size():
    random = np.random.default_rng(3)
    centres = random.normal(size=(4, 16)) * 3
    # The largest blob comes last in the rows, and the sizes are all different.
    truth = np.repeat([0, 1, 2, 3], [40, 60, 50, 80])
    vectors = (centres[truth] + random.normal(size=(230, 16)) * 0.2).astype(np.float32)
    found = cluster_vectors(vectors, seed=1)
    assert found.count == 4
    assert found.labels.dtype == np.int32 and found.probabilities.dtype == np.float32
    assert (found.labels == np.array([3, 1, 2, 0])[truth]).mean() > 0.98
    clustered = found.labels >= 0
    assert (found.probabilities[clustered] > 0).all() and found.probabilities.max() <= 1
    assert (found.probabilities[~clustered] == 0).all()
    assert found.noise_rows == (~clustered).sum()


def test_equal_sizes_are_numbered_by_first_row(make_blobs):
    vectors, _ = make_blobs(120)
    assert cluster_vectors(vectors, seed=1).labels[:3].tolist() == [0, 1, 2]


def test_a_seed_gives_the_same_labels_again():
    # Without clear blobs, so that chance has something to decide.
    vectors = np.random.default_rng(5).normal(size=(300, 8)).astype(np.float32)
    one, two = (cluster_vectors(vectors, seed=7) for _ in range(2))
    assert (one.labels == two.labels).all()
    assert (one.probabilities == two.probabilities).all()


def test_groups_may_be_clustered_from_several_threads(make_blobs):
    vectors, _ = make_blobs(120)
    alone = cluster_vectors(vectors, seed=1).labels
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: cluster_vectors(vectors, seed=1), range(4)):
            assert (result.labels == alone).all()


@pytest.mark.parametrize("rows", [0, 1, 2, 19])
def test_too_few_rows_are_noise(rows):
    found = cluster_vectors(np.ones((rows, 4), np.float32), seed=0)
    assert found.labels.tolist() == [-1] * rows
    assert found.count == 0 and found.noise_rows == rows


def test_identical_rows_are_no_error():
    found = cluster_vectors(np.ones((100, 8), np.float32), seed=0)
    assert found.noise_rows == 100


def test_copies_count_once(make_blobs):
    vectors, _ = make_blobs(120)
    copies = np.repeat(vectors[7:8], 500, axis=0)
    alone = cluster_vectors(vectors, seed=1)
    found = cluster_vectors(np.vstack([vectors, copies]), seed=1)
    same = {(a, b) for a, b in zip(alone.labels, found.labels, strict=False)}
    assert len(same) == alone.count  # the same clusters, numbered by their new sizes
    assert (found.labels[120:] == found.labels[7]).all()
    assert found.labels[7] == 0


def test_the_order_of_the_rows_does_not_matter():
    # Without clear blobs, so that chance has something to decide.
    vectors = np.random.default_rng(5).normal(size=(300, 8)).astype(np.float32)
    order = np.random.default_rng(6).permutation(300)
    one, two = cluster_vectors(vectors, seed=7), cluster_vectors(vectors[order], seed=7)
    assert ((one.labels < 0)[order] == (two.labels < 0)).all()
    assert (one.probabilities[order] == two.probabilities).all()
    pairs = {(a, b) for a, b in zip(one.labels[order], two.labels, strict=True)}
    assert len(pairs) == len(set(two.labels.tolist()))


def test_different_rows_are_found_whatever_their_order():
    vectors = np.array([[1, 2], [0, 0], [1, 2], [3, 4]], np.float32)
    first, copy_of = different_rows(vectors)
    assert sorted(first.tolist()) == [0, 1, 3]
    assert (vectors[first][copy_of] == vectors).all()
    again, _ = different_rows(vectors[::-1])
    assert (vectors[::-1][again] == vectors[first]).all()


def test_noise_has_a_nearest_cluster():
    vectors = np.array([[1, 0], [2, 0.1], [0, 1], [0.1, 3], [1, 0.4], [0, 0]], np.float32)
    labels = np.array([0, 0, 1, 1, -1, -1], np.int32)
    nearest, distances = nearest_means(vectors, labels, means(vectors, labels, 2))
    assert nearest[:5].tolist() == [0, 0, 1, 1, 0]
    assert distances[:4].max() < 0.01 < distances[4] < 0.1
    assert distances[5] == 1  # this row is all zeros
    nothing = cluster_vectors(vectors[:2], seed=0)
    assert nothing.nearest.tolist() == [-1, -1] and nothing.distances.tolist() == [2, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused(value, make_blobs):
    vectors, _ = make_blobs(60)
    vectors[41, 3] = value
    with pytest.raises(ValueError, match="row 41 "):
        cluster_vectors(vectors, seed=0)


def test_neighbors_are_the_nearest():
    vectors = np.random.default_rng(2).normal(size=(200, 5)).astype(np.float32)
    vectors[7] = vectors[150]  # a copy must not push the row itself from the first place
    vectors[9] = 0
    indices, distances = Index(vectors).neighbors(6)
    norms = np.linalg.norm(vectors, axis=1)
    norms[9] = 1
    all_distances = 1 - (vectors @ vectors.T) / np.outer(norms, norms)
    np.fill_diagonal(all_distances, 0)
    assert (indices[:, 0] == np.arange(200)).all()
    assert indices[7, 1] == 150 and indices[150, 1] == 7
    assert np.allclose(distances, np.sort(all_distances, axis=1)[:, :6], atol=1e-5)
    assert (distances >= 0).all()
