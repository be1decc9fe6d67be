"""The method for large groups: EVoC, straight on the vectors, at several granularities.

EVoC (Tutte Institute, https://github.com/TutteInstitute/evoc) lays out the graph of nearest
neighbours in a dozen dimensions and finds dense regions there, as UMAP and HDBSCAN do, in a tenth
of the time. It gives several layers of labels, each with its persistence: the range of densities
over which its clusters last. If several layers last about as long, chance decides which lasts
longest, and that may be the coarsest. So the clusters are the finest of these layers, and the
coarser layers are their levels.
"""

from collections.abc import Sequence

import numpy as np

from threadloom.cluster.clustering import Found
from threadloom.cluster.methods.neighbor_votes import adopt
from threadloom.cluster.methods.rows import Rows

NEIGHBORS = 30
NOISE_LEVEL = 0.2
EPOCHS = 200
# A layer with at least this share of the highest persistence lasts about as long.
LASTING = 0.75
# A row of noise goes to a cluster that has more than this share of its neighbours.
MAJORITY = 0.5
SMALLEST = 10
# A cluster of its finest layer has at least this share of the rows.
SMALLEST_SHARE = 0.003


def smallest(rows: int) -> int:
    """Return the least number of rows that make a cluster of the finest layer."""
    return max(SMALLEST, int(rows * SMALLEST_SHARE))


def find(rows: Rows, seed: int, min_cluster_size: int) -> Found:
    """Find clusters among the rows of `rows`; see `registry`."""
    from evoc import EVoC

    k = min(NEIGHBORS, len(rows) - 1)
    model = EVoC(
        n_neighbors=k,
        noise_level=NOISE_LEVEL,
        base_min_cluster_size=min_cluster_size,
        n_epochs=EPOCHS,
        random_state=seed,
    )
    model.fit(rows.vectors)
    finest = finest_lasting(model.persistence_scores_)
    labels, *coarser = model.cluster_layers_[finest:]
    strengths = np.nan_to_num(np.asarray(model.membership_strength_layers_[finest], np.float32))
    # EVoC has no outlier scores, so a row that hardly belongs to its cluster counts as an outlier.
    probabilities = np.where(labels >= 0, strengths, 0).clip(0, 1).astype(np.float32)
    labels, probabilities = adopt(rows, labels, probabilities, MAJORITY)
    return Found(labels, probabilities, 1 - probabilities, tuple(coarser))


def finest_lasting(persistences: Sequence[float]) -> int:
    """Return the index of the first layer that lasts about as long as the one that lasts longest.

    persistences: of each layer, finest first. EVoC gives the layer of all leaves the persistence 0,
    so that one is taken only if there is no other.
    """
    scores = np.asarray(persistences)
    return int(np.flatnonzero(scores >= LASTING * scores.max())[0])
