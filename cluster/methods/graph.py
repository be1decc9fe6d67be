"""The graph of nearest neighbours: UMAP's fuzzy union of the neighbourhoods.

Source: McInnes, Healy & Melville 2018, arXiv:1802.03426, algorithms 2 and 3.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

# Halvings in the search for a row's scale.
_HALVINGS = 40


@dataclass(frozen=True)
class Graph:
    """An undirected graph of n rows.

    a, b: int32[e], the rows at the ends of each edge, a < b. weights: float64[e] in 0..1.
    """

    rows: int
    a: np.ndarray
    b: np.ndarray
    weights: np.ndarray

    def matrix(self) -> csr_matrix:
        """Return the symmetric matrix of the weights, float64, with sorted columns."""
        ends = np.concatenate([self.a, self.b]), np.concatenate([self.b, self.a])
        weights = np.concatenate([self.weights, self.weights])
        found = coo_matrix((weights, ends), shape=(self.rows, self.rows)).tocsr()
        found.sort_indices()
        return found

    def within(self, labels: np.ndarray) -> "Graph":
        """Return the graph without the edges between different labels int[n], or of noise (-1)."""
        keep = (labels[self.a] == labels[self.b]) & (labels[self.a] >= 0)
        return Graph(self.rows, self.a[keep], self.b[keep], self.weights[keep])


def fuzzy_union(indices: np.ndarray, distances: np.ndarray) -> Graph:
    """Return the graph of rows and their k nearest others.

    indices: int[n, k]; an index that is the row itself means no neighbour. distances: float[n, k],
    nearest first. The weight of a neighbour falls from 1, at the distance of the nearest, so that
    the weights of a row sum to log2(k). An edge that both ends see with p and q gets p + q - p q.
    """
    rows, k = indices.shape
    itself = indices == np.arange(rows)[:, None]
    weights = np.where(itself, 0, _memberships(distances.astype(np.float64), k))
    ends = np.repeat(np.arange(rows), k), indices.ravel().astype(np.int64)
    one_way = coo_matrix((weights.ravel(), ends), shape=(rows, rows)).tocsr()
    other_way = one_way.T.tocsr()
    both = (one_way + other_way - one_way.multiply(other_way)).tocoo()
    upper = (both.row < both.col) & (both.data > 0)
    order = np.lexsort((both.col[upper], both.row[upper]))
    return Graph(
        rows,
        both.row[upper][order].astype(np.int32),
        both.col[upper][order].astype(np.int32),
        both.data[upper][order],
    )


def _memberships(distances: np.ndarray, k: int) -> np.ndarray:
    """Return exp(-(d - nearest) / scale) with a scale for each row, so that a row sums to log2(k).

    distances: float64[n, k]. A scale is at least a thousandth of the row's mean distance, so that
    copies, whose distances are 0, have one, too.
    """
    wanted = np.log2(max(k, 2))
    # A distance of 0 is that to a copy; weights begin to fall at the nearest row that is no copy.
    positive = np.where(distances > 0, distances, np.inf).min(axis=1, keepdims=True)
    beyond = np.maximum(distances - np.where(np.isfinite(positive), positive, 0), 0)
    low = np.zeros((len(distances), 1))
    high = np.full_like(low, np.inf)
    scale = np.ones_like(low)
    for _ in range(_HALVINGS):
        much = np.exp(-beyond / scale).sum(axis=1, keepdims=True) > wanted
        high = np.where(much, scale, high)
        low = np.where(much, low, scale)
        scale = np.where(np.isinf(high), scale * 2, (low + high) / 2)
    mean = np.maximum(distances.mean(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.exp(-beyond / np.maximum(scale, mean / 1000))
