"""The same method as `hdbscan` on an NVIDIA GPU: UMAP and HDBSCAN of RAPIDS cuML.

Written from cuML's documentation and never run, because there was no GPU. cuML's UMAP differs a
little from run to run, even with a seed.
"""

import numpy as np

from threadloom.cluster.clustering import Found
from threadloom.cluster.methods.hdbscan import RECIPE
from threadloom.cluster.methods.rows import Rows


def find(rows: Rows, seed: int, min_cluster_size: int) -> Found:
    """Find clusters among the rows of `rows`; see `registry`."""
    from cuml.cluster import HDBSCAN
    from cuml.manifold import UMAP

    points = UMAP(
        n_components=RECIPE.dimensions,
        n_neighbors=RECIPE.neighborhood(len(rows)),
        min_dist=RECIPE.min_dist,
        metric="cosine",
        random_state=seed,
        output_type="numpy",
    ).fit_transform(rows.vectors)
    found = HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=RECIPE.min_samples(len(rows)),
        output_type="numpy",
    ).fit(points)
    probabilities = np.asarray(found.probabilities_, np.float32)
    # cuML has no outlier scores, so a row that hardly belongs to its cluster counts as an outlier.
    return Found(np.asarray(found.labels_), probabilities, 1 - probabilities)
