"""The method for large groups: EVoC, straight on the vectors, at several granularities.

EVoC (Tutte Institute, https://github.com/TutteInstitute/evoc) lays the graph of nearest neighbours
out in a dozen dimensions and finds dense regions there, as UMAP and HDBSCAN do, in a tenth of the
time. It gives several layers of labels; those that last over the widest range of densities are
the clusters, the coarser ones their levels.
"""

import numpy as np

from threadloom.cluster.clustering import Found
from threadloom.cluster.layout import Rows
from threadloom.cluster.votes import adopt

NEIGHBORS = 30
NOISE_LEVEL = 0.2
EPOCHS = 200
# Noise goes where so many of its neighbours are: EVoC means to be sure, more so than HDBSCAN.
MAJORITY = 2 / 3
SMALLEST = 10
# A cluster of its finest layer has at least this share of the rows.
SMALLEST_SHARE = 0.003


def smallest(rows: int) -> int:
    """Return the least number of rows that make a cluster of the finest layer."""
    return max(SMALLEST, int(rows * SMALLEST_SHARE))


def find(rows: Rows, seed: int, min_cluster_size: int) -> Found:
    """Find clusters among the rows of `rows`; see `methods`."""
    from evoc import EVoC

    k = min(NEIGHBORS, len(rows) - 1)
    model = EVoC(
        n_neighbors=k,
        noise_level=NOISE_LEVEL,
        base_min_cluster_size=min_cluster_size,
        n_epochs=EPOCHS,
        random_state=seed,
    )
    labels = np.asarray(model.fit_predict(rows.vectors))
    strengths = np.nan_to_num(np.asarray(model.membership_strengths_, np.float32))
    coarser = tuple(
        np.asarray(layer)
        for layer in model.cluster_layers_
        if layer.max(initial=-1) < labels.max(initial=-1)
    )
    # It has no outlier scores of its own: what is not in a cluster's heart lies out of it.
    probabilities = np.where(labels >= 0, strengths, 0).clip(0, 1).astype(np.float32)
    labels, probabilities = adopt(rows, labels, probabilities, MAJORITY)
    return Found(labels, probabilities, 1 - probabilities, coarser)
