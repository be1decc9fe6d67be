"""Find new clusters among chains that fit none of an earlier clustering.

If the new chains are about what the fitted ones are about, new and fitted rows lie mixed: among a
row's neighbours there are as many new ones as among all rows. A new topic lies apart, and the
neighbours of its rows are all new. So a new row is a stranger if more of its neighbours are new
than chance gives. This is the nearest-neighbour test of whether two samples are of one distribution
(Schilling 1986, doi:10.2307/2289012), row by row. Distances play no part, because a new topic may
lie as near to an old one as hockey does to baseball.

Two strangers belong to one new cluster if each is among the nearest of the other. The cluster gets
the next free number at every level, and no old number changes.
"""

from dataclasses import dataclass, replace

import numpy as np

from threadloom.cluster.clustering import Clustering, at_level, compact, numbers_by_size
from threadloom.cluster.methods.model import Model
from threadloom.cluster.methods.neighbor_votes import VOTERS
from threadloom.cluster.methods.neighbors import Index, different_rows, means, unit

# A row is a stranger if chance gives it as many new neighbours with at most this probability.
_CHANCE = 1e-3
# Two strangers have the same topic if each is among this many nearest strangers of the other.
_MUTUAL = 10
# A new cluster has at least max(SMALLEST, share x n) of n new chains: about as many
# as a cluster of the finest level.
_SMALLEST, _SMALLEST_SHARE = 20, 0.001


@dataclass(frozen=True)
class Grown:
    """A model with new clusters, and the clustering of the rows that it was grown on.

    first_new_at: the number of the first new cluster at each level, coarsest first.
    """

    model: Model
    clustering: Clustering
    first_new_at: list[int]

    @property
    def new(self) -> range:
        """The numbers of the new clusters at the method's level."""
        return range(self.first_new_at[self.model.method_level], len(self.model.middles))


def grow(model: Model, vectors: np.ndarray) -> Grown:
    """Put the rows of float32[n, d] into the clusters of a model and into new ones.

    A row of an old cluster that is near to a new one may move there. The new clusters are numbered
    by size, and have no names yet. The same rows in any order give the same.
    """
    # Only the values decide the order. So the first rows, as many as there are anchors, are a fair
    # sample of all.
    rows = vectors[different_rows(vectors, len(model.anchors))[0]]
    strange = rows[strangers(model, rows)]
    labels = topics(strange, max(_SMALLEST, int(_SMALLEST_SHARE * len(rows))))
    first_new_at = [model.count_at(level) for level in range(len(model.parents))]
    if labels.max(initial=-1) >= 0:
        inside = labels >= 0
        model = with_clusters(model, strange[inside], labels[inside])
    return Grown(model, model.assign(vectors), first_new_at)


def strangers(model: Model, rows: np.ndarray) -> np.ndarray:
    """Return which of the different rows, float32[n, d], are around new rows only, bool[n].

    If there are more new rows than fitted ones, only as many of them as there are fitted ones are
    compared: among very many new rows each would have only new neighbours.
    """
    from scipy.stats import binom

    fitted = len(model.anchors)
    new = rows[: max(fitted, VOTERS + 1)]
    if not len(new):
        return np.zeros(0, bool)
    index = Index(np.concatenate([new, model.anchors.astype(np.float32)]))
    near = index.search(rows, VOTERS + 1)[0]
    itself = near == np.arange(len(rows))[:, None]
    itself[len(new) :] = False
    # A row that is not in the index does not find itself, so its farthest neighbour is left out.
    itself[~itself.any(axis=1), -1] = True
    mine = ((near >= 0) & (near < len(new)) & ~itself).sum(axis=1)
    share = len(new) / len(index)
    return binom.sf(mine - 1, near.shape[1] - 1, share) <= _CHANCE


def topics(rows: np.ndarray, smallest: int) -> np.ndarray:
    """Return the topic of each of the different rows, int[n]; -1 if the topic is too small."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if len(rows) < smallest:
        return np.full(len(rows), -1)
    near = Index(rows).search(rows, _MUTUAL + 1)[0]
    at = np.repeat(np.arange(len(rows)), near.shape[1])
    found = near.ravel() >= 0
    chosen = csr_array((np.ones(found.sum()), (at[found], near.ravel()[found])), (len(rows),) * 2)
    _, labels = connected_components(chosen.minimum(chosen.T), directed=False)
    labels[np.bincount(labels)[labels] < smallest] = -1
    labels = compact(labels)
    return at_level(numbers_by_size(labels), labels)


def with_clusters(model: Model, rows: np.ndarray, labels: np.ndarray) -> Model:
    """Return the model with new anchors, float32[n, d], in new clusters, int[n] of 0 .. k - 1.

    At every level each of these is a separate cluster, numbered after the old ones.
    """
    count = int(labels.max()) + 1
    at = [model.count_at(level) for level in range(len(model.parents))]
    parents = [model.parents[0]]
    parents += [
        np.concatenate([above, before + np.arange(count)]).astype(np.int32)
        for above, before in zip(model.parents[1:], at, strict=False)
    ]
    return replace(
        model,
        anchors=np.concatenate([model.anchors, unit(rows).astype(np.float16)]),
        finest=np.concatenate([model.finest, at[-1] + labels]).astype(np.int32),
        probabilities=np.append(model.probabilities, np.ones(len(rows), np.float32)),
        outlier_scores=np.append(model.outlier_scores, np.zeros(len(rows), np.float32)),
        middles=np.concatenate([model.middles, means(rows, labels, count)]),
        parents=tuple(parents),
    )
