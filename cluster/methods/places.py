"""Put rows that UMAP did not lay out among those that it did, on one plane."""

import numpy as np

from threadloom.cluster.methods.model import Votes
from threadloom.cluster.methods.neighbors import unit

# Rows that are placed at a time.
_ROWS = 8192
# Rows without a voter that has a place, of which there are few, and the anchors with which they are
# compared at a time.
_ALONE, _ANCHORS = 1024, 4096


def places(
    vectors: np.ndarray,
    anchors: np.ndarray,
    points: np.ndarray,
    first: np.ndarray,
    copy_of: np.ndarray,
    votes: Votes,
) -> np.ndarray:
    """Return where all rows lie, float32[n, 2].

    vectors: float32[n, d]. anchors: float[m, d], of length 1; points: float32[p, 2], where the
    first p of the anchors lie. first: int[k], the rows with different vectors, the anchors' before
    the others. copy_of: int[n], which of them each row is a copy of. votes: on these k rows.

    A row with the vector of one of these p anchors lies where that lies. Another row lies at the
    mean of the places of those of them that vote on its cluster, weighted by their votes. If none
    of them does, it lies where the nearest of them lies.
    """
    shown = len(points)
    if not shown:
        return np.zeros((len(copy_of), 2), np.float32)
    found = np.empty((len(first), 2), np.float32)
    found[:shown] = points
    for start in range(shown, len(first), _ROWS):
        part = slice(start, min(start + _ROWS, len(first)))
        voters, weights = votes.voters[part], votes.weights[part]
        weights = np.where(voters < shown, weights, 0)
        found[part], alone = _means(points, np.minimum(voters, shown - 1), weights)
        for block in np.split(start + alone, range(_ALONE, len(alone), _ALONE)):
            found[block] = points[_nearest(vectors[first[block]], anchors[:shown])]
    return found[copy_of]


def _nearest(vectors: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Return which of the anchors, float[p, d], is nearest to each row of float32[n, d]: int[n]."""
    units = unit(vectors)
    nearest, best = np.zeros(len(units), np.int64), np.full(len(units), -np.inf, np.float32)
    for start in range(0, len(anchors) if len(units) else 0, _ANCHORS):
        cosines = units @ unit(anchors[start : start + _ANCHORS]).T
        here = cosines.argmax(axis=1)
        most = np.take_along_axis(cosines, here[:, None], axis=1)[:, 0]
        nearer = most > best
        nearest[nearer], best[nearer] = start + here[nearer], most[nearer]
    return nearest


def _means(
    points: np.ndarray, voters: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted means of the voters' places, and the rows whose weights are all 0.

    points: float32[p, 2]; voters: int[n, v]; weights: float32[n, v], not negative.
    """
    sums = weights.sum(axis=1)
    shares = weights / np.where(sums > 0, sums, 1)[:, None]
    return np.einsum("nv,nvd->nd", shares, points[voters]), np.flatnonzero(sums <= 0)
