"""Lay vectors out in few dimensions with UMAP.

McInnes, Healy & Melville 2018, arXiv:1802.03426.
"""

import warnings

import numpy as np

from threadloom.cluster.methods.rows import Rows


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
