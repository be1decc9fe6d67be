"""Put rows that UMAP did not lay out among those that it did, on one plane."""

import numpy as np

from threadloom.cluster.methods.neighbor_votes import VOTERS
from threadloom.cluster.methods.neighbors import nearest_of, unit

# Vectors that are copied at a time.
_ROWS = 65_536


def places(
    vectors: np.ndarray,
    anchors: np.ndarray,
    points: np.ndarray,
    first: np.ndarray,
    copy_of: np.ndarray,
) -> np.ndarray:
    """Return where all rows lie, float32[n, 2].

    vectors: float32[n, d]. anchors: float[m, d], of length 1; points: float32[p, 2], where the
    first p of the anchors lie. first: int[k], the rows with different vectors, the anchors' before
    the others. copy_of: int[n], which of them each row is a copy of.

    A row with the vector of one of these p anchors lies where that lies. Another row lies at the
    mean of the places of those anchors that vote on its cluster, weighted by their cosines.
    """
    shown = len(points)
    if not shown:
        return np.zeros((len(copy_of), 2), np.float32)
    found = np.empty((len(first), 2), np.float32)
    found[:shown] = points
    near = unit(anchors[:shown])
    for start in range(shown, len(first), _ROWS):
        voters, closeness = nearest_of(vectors[first[start : start + _ROWS]], near, VOTERS)
        # The least weight is for a row of zeros, which is near to none.
        weights = np.maximum(closeness, np.finfo(np.float32).eps)
        weights /= weights.sum(axis=1, keepdims=True)
        found[start : start + _ROWS] = np.einsum("nv,nvd->nd", weights, points[voters])
    return found[copy_of]
