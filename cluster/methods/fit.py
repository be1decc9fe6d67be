"""Find the clusters of a group of vectors: what every method shares.

Nothing here depends on the order of the rows or on the files that hold them. Identical vectors
count once, and the methods see the different rows in an order that only their values decide. If
there are more rows than a method takes, it fits the first in that order as a sample. The others go
to the clusters of their nearest fitted rows.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np

from threadloom.cluster import clustering as results
from threadloom.cluster.clustering import Clustering, Found
from threadloom.cluster.methods import registry
from threadloom.cluster.methods.model import Model
from threadloom.cluster.methods.neighbors import (
    different_rows,
    first_not_finite,
    means,
    unit,
)
from threadloom.cluster.methods.places import places
from threadloom.cluster.methods.umap import Rows, lay_out

_LOG = logging.getLogger(__name__)

# Rows that the map shows, at most.
MAP_ROWS = 50_000
# How UMAP lays out the map: neighbourhoods of 15 rows, and room between the points.
_MAP_NEIGHBORS, _MAP_DISTANCE = 15, 0.1


@dataclass(frozen=True)
class Fitted:
    """What was found.

    clustering: of all n rows. model: holds the m fitted rows. rows: int[m], the first row that has
    the vector of each anchor. places: float32[n, 2], where all rows lie on the map; (0, 0) without
    a map.
    """

    clustering: Clustering
    model: Model
    rows: np.ndarray
    places: np.ndarray

    @property
    def drawn(self) -> np.ndarray:
        """The rows that the map shows, int[p]: those of the anchors that have points."""
        return self.rows[: len(self.model.points)]


def cluster_vectors(
    vectors: np.ndarray,
    seed: int,
    method: str = registry.DEFAULT,
    min_size: int = 0,
    sample: int = 0,
    draw: bool = False,
) -> Fitted:
    """Cluster the rows of `vectors`, float32[n, d], by cosine.

    seed: 0 .. 2**32 - 1. min_size: the least fitted rows of a cluster; 0: the method's share of
    them. sample: the most different rows that are fitted; 0: as many as the method takes. draw: lay
    the fitted rows out for a map, too.

    The same vectors in any order with the same seed give the same clusters on the same machine. If
    there are too few different rows for two clusters, everything is noise. Raises ValueError if a
    value is not finite, or if the method cannot run here.
    """
    chosen = registry.named(method)
    if (bad := first_not_finite(vectors)) is not None:
        raise ValueError(f"row {bad} of the vectors has a value that is not finite")
    first, copy_of = different_rows(vectors)
    first_fitted = first[: sample or chosen.most]
    rows = Rows(np.ascontiguousarray(vectors[first_fitted], dtype=np.float32))
    smallest = min_size or chosen.smallest(len(rows))
    with registry.ONE_AT_A_TIME:
        found = _nothing(len(rows))
        if len(rows) >= 2 * smallest:
            found = chosen.find(rows, seed, smallest)
        points = _map_points(rows, seed) if draw else np.empty((0, 2), np.float32)
    model = _model(rows, found, points)
    labels, probabilities, scores = _assign_others(model, vectors, first, copy_of)
    fitted = _finish(vectors, model, found, first_fitted, labels, probabilities, scores)
    return replace(fitted, places=places(vectors, model.anchors, points, first, copy_of))


def _assign_others(
    model: Model, vectors: np.ndarray, first: np.ndarray, copy_of: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return labels, probabilities and outlier scores of all rows.

    Fitted rows have what the method found, and other rows what their neighbours vote for. A copy
    has what its first row has.
    """
    fitted = len(model.labels)
    values = [model.labels, model.probabilities, model.outlier_scores]
    if len(first) > fitted:
        new = [np.empty(len(first) - fitted, v.dtype) for v in values]
        block = 65_536  # vectors copied at a time
        for start in range(fitted, len(first), block):
            _LOG.info("%s of %s different rows are done", f"{start:,}", f"{len(first):,}")
            part = slice(start - fitted, start - fitted + block)
            for array, got in zip(new, model.vote(vectors[first[start : start + block]]),
                                  strict=True):  # fmt: skip
                array[part] = got
        values = [np.concatenate(pair) for pair in zip(values, new, strict=True)]
    return tuple(v[copy_of] for v in values)


def _finish(
    vectors: np.ndarray,
    model: Model,
    found: Found,
    first_fitted: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    scores: np.ndarray,
) -> Fitted:
    """Number the clusters by size, and compute what follows from their rows."""
    new = results.numbers_by_size(labels)
    labels = results.at_level(new, labels)
    anchors = results.at_level(new, model.labels)
    middles = means(vectors, labels, len(new))
    layers = found.layers
    levels = (
        results.levels_of_layers(anchors, layers) if layers else results.coarser_levels(middles)
    )
    model = replace(model, labels=anchors, middles=middles, levels=levels)
    model = replace(model, noise_share=model.expected_noise())
    nearest, distances = model.nearest(vectors, labels)
    clustering = Clustering(labels, probabilities, scores, nearest, distances, levels)
    return Fitted(clustering, model, first_fitted, np.empty((0, 2), np.float32))


def _model(rows: Rows, found: Found, points: np.ndarray) -> Model:
    """Return the model of what was found, with the method's own numbers of clusters."""
    labels = np.asarray(found.labels, np.int32)
    count = int(labels.max(initial=-1)) + 1
    return Model(
        unit(rows.vectors).astype(np.float16),
        labels,
        np.asarray(found.probabilities, np.float32),
        np.asarray(found.outlier_scores, np.float32),
        points,
        means(rows.vectors, labels, count),
    )


def _nothing(rows: int) -> Found:
    return Found(np.full(rows, -1), np.zeros(rows), np.zeros(rows))


def _map_points(rows: Rows, seed: int) -> np.ndarray:
    """Return where the first rows lie on a map, float32[min(m, MAP_ROWS), 2]."""
    shown = rows if len(rows) <= MAP_ROWS else Rows(rows.vectors[:MAP_ROWS])
    if len(shown) <= _MAP_NEIGHBORS:  # too few for UMAP: take their two main directions
        centred = shown.vectors - shown.vectors.mean(axis=0) if len(shown) else shown.vectors
        main = np.linalg.svd(centred, full_matrices=False)[2][:2]
        return np.pad(centred @ main.T, ((0, 0), (0, 2 - len(main)))).astype(np.float32)
    return lay_out(shown, _MAP_NEIGHBORS, 2, seed, _MAP_DISTANCE).astype(np.float32)
