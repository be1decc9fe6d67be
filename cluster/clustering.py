"""The result of a clustering as arrays, the same for every method."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# A level has this many times as many clusters as the next coarser one; each has at least two.
_COARSER = 3


@dataclass(frozen=True)
class Found:
    """The clusters that a method found among m different rows.

    labels: int[m], -1 for noise. probabilities: float32[m] in 0..1, how firmly a row sits in its
    cluster. outlier_scores: float32[m] in 0..1, how far a row lies outside the dense region around
    it.
    layers: the method's own coarser labels, int[m] each, finest first; none for most methods.
    finer: labels of clusters inside those of `labels`, int[m] each, coarsest first. Each lies
    within those before it, and -1 is where `labels` has -1. None if nobody looked inside.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    outlier_scores: np.ndarray
    layers: tuple[np.ndarray, ...] = ()
    finer: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Level:
    """The clusters of n rows at one level of the tree.

    labels: int32[n], -1 for noise. strengths: float32[n] in 0..1: the share of the votes of a row's
    nearest fitted rows (see `methods.model`) for its own cluster; 0 for noise.
    nearest: int32[n]: the row's cluster. For noise it is the one to which most of its clustered
    neighbours belong, inside its nearest cluster of the level before. -1 if there are no clusters.
    parents: int32[k]: for each of the k clusters the one of the level before that it lies in. Empty
    at the first level, which has no parents.
    """

    labels: np.ndarray
    strengths: np.ndarray
    nearest: np.ndarray
    parents: np.ndarray


@dataclass(frozen=True)
class Clustering:
    """The clusters of n rows.

    labels: int32[n]; -1 is noise, 0 is the largest cluster, then by falling size (equal sizes: the
    cluster whose first row comes first).
    probabilities: float32[n] in 0..1: how firmly a row sits in its cluster; 0 for noise.
    outlier_scores: float32[n] in 0..1: how far a row lies outside the dense region around it.
    nearest: int32[n]: the row's cluster. For noise it is the cluster to which most of its clustered
    neighbours belong. -1 if there are no clusters.
    distances: float32[n] in 0..2: the cosine distance to the mean vector of `nearest`; 2 if it is
    -1.
    levels: the tree, coarsest first; the clusters above are one of them. At a coarser level a group
    has the number of its first cluster in the order of the clusters. At a finer level clusters are
    numbered by their parents' numbers, and by falling size within one parent.
    method_level: the index in `levels` of the clusters above.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    outlier_scores: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray
    levels: tuple[Level, ...]
    method_level: int

    @property
    def count(self) -> int:
        """The number of clusters, noise not counted."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def noise_rows(self) -> int:
        """The number of rows in no cluster."""
        return int((self.labels < 0).sum())

    def count_at(self, level: int) -> int:
        """Return the number of clusters of a level."""
        return int(self.levels[level].labels.max(initial=-1)) + 1


def at_level(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the groups int32[n] of labels int[n], from groups int32[k]; noise stays -1."""
    return np.append(groups, -1).astype(np.int32)[labels]


def compact(labels: np.ndarray) -> np.ndarray:
    """Return labels int32[m], renumbered so that every number has a row; noise stays -1."""
    used = np.unique(labels[labels >= 0])
    return np.where(labels >= 0, np.searchsorted(used, labels), -1).astype(np.int32)


def members(labels: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield the row numbers of each cluster, int[size], in row order; `count` clusters."""
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(count + 1))
    for label in range(count):
        yield order[ends[label] : ends[label + 1]]


def amid(places: np.ndarray) -> np.ndarray:
    """Return the one of some places on a map, float[n, 2], that stands for all: float64[2].

    It is the one nearest to the medians of x and y. Their middle itself may lie outside of a bent
    cluster, in another one.
    """
    places = places.astype(np.float64)
    return places[((places - np.median(places, axis=0)) ** 2).sum(axis=1).argmin()]


def numbers_by_size(labels: np.ndarray) -> np.ndarray:
    """Return the new number of each cluster, by falling size and then by first row.

    labels: int[n] of 0 .. k-1 and noise -1; a number that no row has comes last. Gives int32[k].
    """
    count = int(labels.max(initial=-1)) + 1
    names, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = list(names[np.lexsort((first, -sizes))])
    order += sorted(set(range(count)) - set(order))
    new = np.empty(count, np.int32)
    new[order] = np.arange(count, dtype=np.int32)
    return new


def numbers_within(labels: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Return the new number of each cluster: by its parent's number, then by falling size.

    labels: int[n] of 0 .. k-1 and noise -1, all numbers used; parents: int[k]. Clusters of one
    parent and one size are numbered by their first rows. Gives int32[k].
    """
    new = np.empty(len(parents), np.int32)
    new[np.lexsort((numbers_by_size(labels), parents))] = np.arange(len(parents), dtype=np.int32)
    return new


def parents_of(labels: np.ndarray, coarser: np.ndarray) -> np.ndarray:
    """Return the coarser cluster in which each cluster lies, int32[k].

    labels, coarser: int[m] of the same rows. Raises ValueError if a number below k has no row, if a
    cluster lies in two coarser ones, or if one of the labels is noise (-1) and the other is not.
    """
    count = int(labels.max(initial=-1)) + 1
    parents = np.full(count, -1, np.int32)
    inside = labels >= 0
    parents[labels[inside]] = coarser[inside]
    if (parents < 0).any() or (at_level(parents, labels) != coarser).any():
        raise ValueError("the clusters of a finer level do not lie within those of a coarser one")
    return parents


def tree_of_groups(groups: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return the parents of groups of k clusters, coarsest level first, and of the clusters last.

    groups: int32[k] each, the group of each cluster at coarser and coarser levels. The first level
    has no parents, so its array is empty.
    """
    above = [parents_of(fine, coarse) for fine, coarse in itertools.pairwise(groups)]
    return (np.empty(0, np.int32), *above[::-1], *groups[:1])


def coarser_levels(middles: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return groups of clusters at coarser and coarser levels: int32[k] each, nested.

    middles: float32[k, d], the clusters' mean directions. A level has about a third as many groups
    as the one before it, and the coarsest has at least two. Average linkage of the cosine distances
    (Sokal & Michener 1958) joins the clusters. A group is numbered by its first cluster.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    levels: list[np.ndarray] = []
    groups = len(middles) // _COARSER
    if groups < 2:
        return ()
    distances = np.clip(1 - middles.astype(np.float64) @ middles.T, 0, 2)
    tree = linkage(distances[np.triu_indices(len(middles), 1)], "average")
    while groups >= 2:
        names = fcluster(tree, groups, "maxclust")
        _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
        if len(first) >= 2:
            levels.append(np.argsort(np.argsort(first)).astype(np.int32)[inverse])
        groups //= _COARSER
    return tuple(levels)


def levels_of_layers(labels: np.ndarray, layers: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return the groups int32[k] that a method's own coarser labels make of k clusters.

    At each layer a cluster belongs to the group that has most of its rows. A cluster whose rows are
    all noise there is a group of its own. Layers that join nothing are left out.
    """
    count = int(labels.max(initial=-1)) + 1
    before = np.arange(count)
    levels: list[np.ndarray] = []
    for layer in layers:
        votes = np.zeros((count, int(layer.max(initial=-1)) + 1), np.int64)
        both = (labels >= 0) & (layer >= 0)
        # Groups vote, not clusters, so that whole groups move and levels nest.
        np.add.at(votes, (before[labels[both]], layer[both]), 1)
        names = [
            (0, int(row.argmax())) if row.any() else (1, group)
            for group, row in ((g, votes[g]) for g in before)
        ]
        order = {name: i for i, name in enumerate(dict.fromkeys(names))}
        groups = np.array([order[name] for name in names], np.int32)
        if 2 <= len(order) < before.max(initial=-1) + 1:
            levels.append(groups)
            before = groups
    return tuple(levels)
