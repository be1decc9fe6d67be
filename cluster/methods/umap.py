"""Lay vectors out in few dimensions with UMAP.

McInnes, Healy & Melville 2018, arXiv:1802.03426.
"""

import warnings

import numpy as np

from threadloom.cluster.methods.neighbors import nearest_neighbors

# Up to this many rows the neighbours are computed exactly. With a seed UMAP searches on one thread.
# The exact search is several times faster (4 s instead of 31 s at 11,000 rows), until its quadratic
# cost is higher.
EXACT_LIMIT = 50_000


class Rows:
    """Different vectors, float32[m, d], and their nearest neighbours, which are computed once."""

    def __init__(self, vectors: np.ndarray) -> None:
        """Take the vectors; nothing is computed yet."""
        self.vectors = vectors
        self._known: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.vectors)

    def neighbors(self, k: int) -> tuple:
        """Return the k nearest of each row as `neighbors.nearest_neighbors` does.

        Two Nones above EXACT_LIMIT rows, so that UMAP searches by itself.
        """
        if len(self) > EXACT_LIMIT:
            return None, None
        if self._known is None or self._known[0].shape[1] < k:
            self._known = nearest_neighbors(self.vectors, k)
        return self._known[0][:, :k], self._known[1][:, :k]


def lay_out(rows: Rows, k: int, dimensions: int, seed: int, min_dist: float = 0.0) -> np.ndarray:
    """Return the UMAP coordinates of m rows: float64[m, dimensions].

    k: neighbours of a row, itself included. min_dist: the least distance between neighbours; 0
    packs clusters as densely as they are. The coordinates are scaled: their mean is 0, and the root
    mean square distance of the rows from it is 1.
    """
    # Not at the top, because it imports numba, which takes seconds.
    import umap

    reducer = umap.UMAP(
        n_components=dimensions,
        n_neighbors=k,
        min_dist=min_dist,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(*rows.neighbors(k), None),
    )
    with warnings.catch_warnings():
        # UMAP warns that it cannot place new rows later, and that it cannot lay out a graph in
        # several pieces from its spectrum. Neither matters here.
        warnings.simplefilter("ignore")
        points = reducer.fit_transform(rows.vectors).astype(np.float64)
    points -= points.mean(axis=0)
    spread = np.sqrt((points**2).sum(axis=1).mean())
    return points / (spread or 1)
