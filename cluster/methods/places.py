"""Put rows that UMAP did not lay out among those that it did, on one plane."""

import numpy as np

from threadloom.cluster.methods.model import Votes
from threadloom.cluster.methods.neighbors import unit

# Rows that are placed at a time.
_ROWS = 8192
# Rows without a placed voter are compared with all places, so many at a time.
_ALONE = 1024


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
    alone = np.zeros(len(first), bool)
    for start in range(shown, len(first), _ROWS):
        part = slice(start, min(start + _ROWS, len(first)))
        voters, weights = votes.voters[part], votes.weights[part]
        weights = np.where(voters < shown, weights, 0)
        found[part], alone[part] = _means(points, np.minimum(voters, shown - 1), weights)
    if alone.any():  # seldom: all of the places' vectors are copied for it
        near, rows = unit(anchors[:shown]), np.flatnonzero(alone)
        for block in np.split(rows, range(_ALONE, len(rows), _ALONE)):
            cosines = unit(vectors[first[block]]) @ near.T
            found[block] = points[cosines.argmax(axis=1)]
    return found[copy_of]


def _means(
    points: np.ndarray, voters: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted means of the voters' places, and whether a row's weights are all 0.

    points: float32[p, 2]; voters: int[n, v]; weights: float32[n, v], not negative. Gives
    float[n, 2] and bool[n].
    """
    sums = weights.sum(axis=1)
    shares = weights / np.where(sums > 0, sums, 1)[:, None]
    return np.einsum("nv,nvd->nd", shares, points[voters]), sums <= 0
