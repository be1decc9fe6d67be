"""Find the clusters of a group of vectors: what every method shares.

Nothing here depends on the order of the rows or on the files that hold them. Identical vectors
count once, and the methods see the different rows in an order that only their values decide. If
there are more rows than a method takes, it fits the first in that order as a sample. The others go
to the clusters of their nearest fitted rows.
"""

import itertools
import logging
from dataclasses import dataclass, replace

import numpy as np

from threadloom.cluster import clustering as results
from threadloom.cluster.clustering import Clustering, Found, Level
from threadloom.cluster.methods import leiden, registry
from threadloom.cluster.methods.model import Model, Votes
from threadloom.cluster.methods.neighbor_votes import VOTERS
from threadloom.cluster.methods.neighbors import (
    BLOCK,
    different_rows,
    first_not_finite,
    means,
    nearest_means,
    unit,
)
from threadloom.cluster.methods.places import places
from threadloom.cluster.methods.rows import Rows
from threadloom.cluster.methods.umap import lay_out

_LOG = logging.getLogger(__name__)

# Rows that the map shows, at most.
MAP_ROWS = 50_000
# Rows of these that UMAP lays out, at most. It works on one thread, so that its layout can be
# repeated. The other rows are put among their neighbours.
_LAID_OUT = 20_000
# How UMAP lays out the map: neighbourhoods of 15 rows, and room between the points.
_MAP_NEIGHBORS, _MAP_DISTANCE = 15, 0.1
# The log tells of each so many rows that are put into the clusters.
_TOLD = 100_000
# The nearest of these rows that decide where another row lies.
_MAP_VOTERS = 5


@dataclass(frozen=True)
class Fitted:
    """What was found.

    clustering: of all n rows. model: holds the m fitted rows. rows: int[m], the first row that has
    the vector of each anchor. method: the name of the method that found them. places:
    float32[n, 2], where all rows lie on the map; (0, 0) without a map.
    """

    clustering: Clustering
    model: Model
    rows: np.ndarray
    method: str
    places: np.ndarray

    @property
    def drawn(self) -> np.ndarray:
        """The rows that the map shows, int[p]: those of the anchors that have points."""
        return self.rows[: len(self.model.points)]


def cluster_vectors(
    vectors: np.ndarray,
    seed: int,
    method: str = registry.AUTO,
    min_size: int = 0,
    sample: int = 0,
    draw: bool = False,
) -> Fitted:
    """Cluster the rows of `vectors`, float32[n, d], by cosine.

    seed: 0 .. 2**32 - 1. min_size: the least fitted rows of a cluster; 0: the method's share of
    them. sample: the most different rows that are fitted; 0: as many as the method takes. draw: lay
    the fitted rows out for a map, too.

    The same vectors in any order with the same seed give the same clusters on the same machine. If
    there are too few different rows for two clusters, everything is noise. Raises ValueError if a
    value is not finite, or if the method cannot run here.
    """
    registry.check(method)
    if (bad := first_not_finite(vectors)) is not None:
        raise ValueError(f"row {bad} of the vectors has a value that is not finite")
    first, copy_of = different_rows(vectors, sample)
    method = registry.resolve(method, len(first), sample)
    chosen = registry.METHODS[method]
    first_fitted = first[: sample or chosen.most]
    rows = Rows(np.ascontiguousarray(vectors[first_fitted], dtype=np.float32))
    smallest = min_size or chosen.smallest(len(rows))
    with registry.ONE_AT_A_TIME:
        found = _nothing(len(rows))
        if len(rows) >= 2 * smallest:
            found = chosen.find(rows, seed, smallest)
            if not found.finer:
                least = min(smallest, leiden.smallest(len(rows)))
                inside = leiden.finer(rows.graph, found.labels, seed, least)
                found = replace(found, finer=tuple(inside))
        points = _map_points(rows, seed) if draw else np.empty((0, 2), np.float32)
    model = _model(rows, found, points)
    votes = _votes(model, rows, vectors, first)
    del rows  # with its index and graph
    return _finish(vectors, model, found, first, copy_of, votes, method)


def _votes(model: Model, rows: Rows, vectors: np.ndarray, first: np.ndarray) -> Votes:
    """Return the votes on the different rows, `first`; the first of them are the fitted `rows`."""
    shape = len(first), min(VOTERS, len(rows))
    found = Votes(np.zeros(shape, np.int32), np.zeros(shape, np.float32))
    _put(found, 0, _votes_of_others(model, rows))
    for start in range(len(rows), len(first), BLOCK):
        if start // _TOLD != (start - BLOCK) // _TOLD:
            _LOG.info("%s of %s different rows are done", f"{start:,}", f"{len(first):,}")
        _put(found, start, model.poll(vectors[first[start : start + BLOCK]], rows.index))
    return found


def _put(into: Votes, start: int, part: Votes) -> None:
    """Put votes on some rows among those on all; a voter that is missing has no weight."""
    rows, voters = part.voters.shape
    into.voters[start : start + rows, :voters] = part.voters
    into.weights[start : start + rows, :voters] = part.weights


def _votes_of_others(model: Model, rows: Rows) -> Votes:
    """Return the votes of the nearest fitted rows on each fitted row, without its own."""
    k = min(VOTERS + 1, len(rows))
    if not k:
        return model.poll(rows.vectors)
    voters, distances = rows.neighbors(k)
    closeness = 1 - distances
    itself = voters == np.arange(len(rows))[:, None]
    # Among copies that float16 cannot tell apart, a row may not be the nearest to itself.
    others = np.argsort(itself, axis=1, kind="stable")[:, :-1]
    return model.weighted(
        np.take_along_axis(voters, others, axis=1), np.take_along_axis(closeness, others, axis=1)
    )


def _finish(
    vectors: np.ndarray,
    model: Model,
    found: Found,
    first: np.ndarray,
    copy_of: np.ndarray,
    votes: Votes,
    method: str,
) -> Fitted:
    """Put all rows into the clusters, number these, and compute what follows from their rows.

    Fitted rows have what the method found, and other rows what their neighbours vote for. A copy
    has what its first row has.
    """
    fitted = len(model.anchors)
    others = model.elect(votes.of(slice(fitted, None)))
    values = (model.labels, model.probabilities, model.outlier_scores)
    labels, probabilities, scores = (
        np.concatenate(pair)[copy_of] for pair in zip(values, others, strict=True)
    )
    new = results.numbers_by_size(labels)
    labels = results.at_level(new, labels)
    model = replace(_renumbered(model, 0, new), middles=means(vectors, labels, len(new)))
    model = replace(model, noise_share=model.expected_noise(votes.of(slice(fitted))))
    elected = model.elected(labels[first], votes)[copy_of]
    nearest, distances = nearest_means(vectors, elected, model.middles)
    finest = np.full(len(first), -1, np.int32)
    finest[:fitted] = model.finest
    tree = model.descend(vectors, first, nearest[first], votes, finest)
    for level in range(1, len(tree)):
        mine = np.where(labels >= 0, tree[level][copy_of], -1)
        new = results.numbers_within(mine, model.parents[level])
        tree[level] = results.at_level(new, tree[level])
        model = _renumbered(model, level, new)
    layers = found.layers
    groups = (
        results.levels_of_layers(model.labels, layers)
        if layers
        else results.coarser_levels(model.middles)
    )
    above = results.tree_of_groups(groups)
    model = replace(model, parents=(*above, *model.parents[1:]), method_level=len(groups))
    tree = [results.at_level(g, tree[0]) for g in groups[::-1]] + tree
    levels = tuple(
        Level(at.labels[copy_of], at.strengths[copy_of], at.nearest[copy_of], at.parents)
        for at in model.levels(labels[first], tree, votes)
    )
    clustering = Clustering(
        labels, probabilities, scores, nearest, distances, levels, model.method_level
    )
    where = places(vectors, model.anchors, model.points, first, copy_of, votes)
    return Fitted(clustering, model, first[:fitted], method, where)


def _renumbered(model: Model, level: int, new: np.ndarray) -> Model:
    """Return the model with other numbers for the clusters of a level, int32[k]."""
    parents = list(model.parents)
    if level:
        above = np.empty_like(parents[level])
        above[new] = parents[level]
        parents[level] = above
    if level + 1 < len(parents):
        parents[level + 1] = new[parents[level + 1]]
        return replace(model, parents=tuple(parents))
    finest = results.at_level(new, model.finest)
    return replace(model, finest=finest, parents=tuple(parents))


def _model(rows: Rows, found: Found, points: np.ndarray) -> Model:
    """Return the model of what was found, with the method's own numbers of clusters."""
    tree = [results.compact(labels) for labels in (found.labels, *found.finer)]
    parents = [results.parents_of(fine, coarse) for coarse, fine in itertools.pairwise(tree)]
    return Model(
        unit(rows.vectors).astype(np.float16),
        tree[-1],
        np.asarray(found.probabilities, np.float32),
        np.asarray(found.outlier_scores, np.float32),
        points,
        means(rows.vectors, tree[0], int(tree[0].max(initial=-1)) + 1),
        (np.empty(0, np.int32), *parents),
    )


def _nothing(rows: int) -> Found:
    return Found(np.full(rows, -1), np.zeros(rows), np.zeros(rows))


def _map_points(rows: Rows, seed: int) -> np.ndarray:
    """Return where the first rows lie on a map, float32[min(m, MAP_ROWS), 2].

    UMAP lays out the first _LAID_OUT of them. Each other row lies at the mean of the places of its
    nearest rows among these, weighted by their cosines.
    """
    shown = rows if len(rows) <= _LAID_OUT else Rows(rows.vectors[:_LAID_OUT])
    if len(shown) <= _MAP_NEIGHBORS:  # too few for UMAP: take their two main directions
        centred = shown.vectors - shown.vectors.mean(axis=0) if len(shown) else shown.vectors
        main = np.linalg.svd(centred, full_matrices=False)[2][:2]
        return np.pad(centred @ main.T, ((0, 0), (0, 2 - len(main)))).astype(np.float32)
    points = lay_out(shown, _MAP_NEIGHBORS, 2, seed, _MAP_DISTANCE).astype(np.float32)
    if len(shown) == len(rows):
        return points
    nearest, cosines = shown.index.search(rows.vectors[_LAID_OUT:MAP_ROWS], _MAP_VOTERS)
    weights = np.maximum(cosines, np.finfo(np.float32).tiny)[:, :, None]
    others = (points[nearest] * weights).sum(axis=1) / weights.sum(axis=1)
    return np.concatenate([points, others]).astype(np.float32)
