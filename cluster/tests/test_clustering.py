"""What every method's clusters have: numbers by size, and coarser levels that nest."""

import numpy as np
import pytest

from threadloom.cluster.clustering import (
    at_level,
    coarser_levels,
    levels_of_layers,
    numbers_by_size,
)
from threadloom.cluster.methods import registry
from threadloom.cluster.methods.evoc import finest_lasting
from threadloom.cluster.methods.fit import cluster_vectors
from threadloom.cluster.methods.neighbor_votes import adopt
from threadloom.cluster.methods.rows import Rows


def test_clusters_are_numbered_by_size_then_by_first_row():
    labels = np.array([2, 0, 0, 1, 1, -1, 2])
    new = numbers_by_size(labels)
    assert at_level(new, labels).tolist() == [0, 1, 1, 2, 2, -1, 0]
    assert numbers_by_size(np.array([-1, -1])).tolist() == []
    # Cluster 0 has no row, because all its members are copies that went elsewhere. It comes last.
    assert numbers_by_size(np.array([1, 1, 2])).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("persistences", "chosen"),
    [
        ([0.0], 0),  # only the leaves
        ([0.0, 9.0], 1),
        ([0.0, 2.9, 4.8, 5.0], 2),  # the coarsest lasts longest, by chance
        ([0.0, 2.9, 3.5, 5.0], 3),  # by far
        ([0.0, 5.0, 4.9], 1),
    ],
)
def test_the_finest_layer_that_lasts_about_as_long_is_chosen(persistences, chosen):
    assert finest_lasting(persistences) == chosen


def test_levels_join_what_is_near_and_nest():
    angles = np.repeat([0.0, 1.0, 2.0], 6) + np.tile(np.arange(6) * 0.01, 3)
    middles = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    levels = coarser_levels(middles)
    assert [int(level.max()) + 1 for level in levels] == [6, 2]
    fine, coarse = levels
    for group in range(6):
        assert len(set(coarse[fine == group])) == 1
        assert len({c // 6 for c in np.flatnonzero(fine == group)}) == 1
    assert coarser_levels(middles[:5]) == ()


def test_layers_of_a_method_become_levels():
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3, -1])
    layers = (
        np.array([0, 0, 0, 0, 1, 1, -1, -1, 1]),  # joins 0 and 1; 3 is noise there
        np.array([0, 0, 0, 0, 0, 0, 0, -1, 0]),  # all in one, so it makes no level
    )
    (level,) = levels_of_layers(labels, layers)
    assert level.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("method", [m for m in registry.METHODS if not registry.METHODS[m].lacks()])
def test_each_method_finds_blobs(make_blobs, method):
    vectors, _ = make_blobs(300)
    found = cluster_vectors(vectors, 3, method).clustering
    topic = np.arange(300) % 3
    assert found.count >= 3  # one may be cut in several, but none holds two
    clustered = found.labels >= 0
    assert clustered.mean() > 0.5
    for label in range(found.count):
        assert len(set(topic[found.labels == label])) == 1
    assert set(topic[clustered]) == {0, 1, 2}
    assert (found.probabilities[~clustered] == 0).all()
    for values in (found.probabilities, found.outlier_scores):
        assert values.dtype == np.float32 and 0 <= values.min() <= values.max() <= 1
    again = cluster_vectors(vectors, 3, method).clustering
    assert (found.labels == again.labels).all()


def test_a_sample_is_fitted_and_the_others_go_where_they_belong(make_blobs):
    vectors, _ = make_blobs(900)
    fitted = cluster_vectors(vectors, 3, sample=200)
    assert len(fitted.rows) == len(fitted.model.labels) == 200
    assert fitted.clustering.count == 3
    topic = np.arange(900) % 3
    for label in range(3):
        assert len(set(topic[fitted.clustering.labels == label])) == 1
    assert fitted.clustering.noise_rows < 90


def test_a_method_that_cannot_run_here_is_refused():
    with pytest.raises(ValueError, match="use one of auto, hdbscan, leiden, evoc, cuml"):
        registry.check("k-means")
    if registry.METHODS["cuml"].lacks():
        with pytest.raises(ValueError, match="cuml is not installed; use auto, hdbscan, leiden"):
            cluster_vectors(np.zeros((3, 2), np.float32), 0, "cuml")


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 16, 40])
def test_few_rows_have_a_place_on_the_map(make_blobs, rows):
    fitted = cluster_vectors(make_blobs(40)[0][:rows], 1, draw=True)
    assert fitted.model.points.shape == (rows, 2)
    assert np.isfinite(fitted.model.points).all()


def test_noise_goes_where_most_of_its_neighbours_are():
    # Two bundles of directions. Noise are one row in the middle of each, and one between them.
    angles = np.concatenate([np.linspace(0, 0.1, 20), np.linspace(1, 1.1, 20), [0.05, 1.05, 0.55]])
    rows = Rows(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))
    labels = np.array([0] * 20 + [1] * 20 + [-1] * 3)
    found, probabilities = adopt(rows, labels, np.ones(43), 0.9)
    assert found[40:].tolist()[:2] == [0, 1]
    assert (found[:40] == labels[:40]).all()
    assert 0.9 < probabilities[40] <= 1
    nothing, _ = adopt(rows, np.full(43, -1), np.zeros(43), 0.5)
    assert (nothing == -1).all()
