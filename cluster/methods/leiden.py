"""Levels of clusters by consensus Leiden on the graph of nearest neighbours, coarse to fine.

Leiden (Traag, Waltman & van Eck 2019, doi:10.1038/s41598-019-41695-z) maximises the modularity of
Reichardt & Bornholdt (2006, doi:10.1103/PhysRevE.74.016110), whose resolution decides how fine the
clusters are. One run depends on chance. So several runs vote: the weight of each edge is multiplied
by the share of the runs that have its ends in one cluster, and the next runs see these weights,
until they agree (Lancichinetti & Fortunato 2012, doi:10.1038/srep00336).

The edges between the clusters of a level are dropped before the next, finer level is found, so the
levels nest.
"""

import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_matrix

from threadloom.cluster.clustering import Found, at_level, numbers_by_size
from threadloom.cluster.methods.graph import Graph
from threadloom.cluster.methods.rows import Rows

# How many runs vote in the first round and in each later round, and the most rounds. Up to _FEW
# rows there is time for more runs, which differ less from seed to seed.
_RUNS, _LATER_RUNS, _ROUNDS = 16, 6, 4
_FEW, _RUNS_OF_FEW, _LATER_RUNS_OF_FEW = 12_000, 40, 10
# The runs agree if they treat this share of the edges alike.
_AGREED = 0.999
# The resolution of the coarsest level, and how many times finer a level is than the one before.
_COARSEST, _RATIO = 0.5, 8.0
# The finest level has clusters of about so many rows, or this share of the rows, whichever is more.
FINEST_ROWS, FINEST_SHARE = 20, 0.001
# If the resolution is rows / this number, a cluster has about FINEST_ROWS rows.
_ROWS_OF_ONE = 150
# The finest resolution is at least this, even for few rows.
_FINEST_AT_LEAST = 4.0
# A finer level with fewer than this many times the clusters of the one before says nothing new.
_MORE = 1.25

# A level is steady if the labels of its runs agree this much on average.
_STEADY = 0.9

# A level of this many rows or more takes long enough to be logged.
_LONG = 20_000
_LOG = logging.getLogger(__name__)


def resolutions(rows: int) -> list[float]:
    """Return the resolution of each level, coarsest first, for a graph of some rows."""
    smallest = max(FINEST_ROWS, rows * FINEST_SHARE)
    finest = max(_FINEST_AT_LEAST, rows / _ROWS_OF_ONE * FINEST_ROWS / smallest)
    steps = max(1, round(np.log(finest / _COARSEST) / np.log(_RATIO)))
    return list(_COARSEST * (finest / _COARSEST) ** (np.arange(steps + 1) / steps))


def levels(graph: Graph, seed: int, least: int) -> tuple[list[np.ndarray], list[float]]:
    """Return the clusters of a graph at each level, int32[n], coarsest first, nested.

    Also returns how much the runs of each level agreed, 0..1; see `consensus`. least: a cluster
    with fewer rows joins a neighbour, unless no edge leads to one. Clusters are numbered by falling
    size. The same graph and seed give the same levels on any number of threads.
    """
    found: list[np.ndarray] = []
    agreements: list[float] = []
    for resolution in resolutions(graph.rows):
        labels, agreed = consensus(graph, resolution, seed)
        labels = merge_small(labels, graph, least)
        agreements.append(agreed)
        _log(graph, resolution, labels)
        found.append(labels)
        graph = graph.within(labels)
    return found, agreements


def finer(graph: Graph, labels: np.ndarray, seed: int, least: int) -> list[np.ndarray]:
    """Return the levels below given clusters, int32[n] each, coarsest first, nested in `labels`.

    labels: int[n]; rows of noise, -1, are noise at each level. A resolution that divides hardly any
    cluster makes no level.
    """
    found: list[np.ndarray] = []
    for resolution in resolutions(graph.rows)[1:]:
        graph = graph.within(labels)
        parts = merge_small(consensus(graph, resolution, seed)[0], graph, least)
        parts = np.where(labels >= 0, parts, -1)
        if len(np.unique(parts)) >= _MORE * len(np.unique(labels)):
            labels = _numbered(parts)
            _log(graph, resolution, labels)
            found.append(labels)
    return found


def _log(graph: Graph, resolution: float, labels: np.ndarray) -> None:
    if graph.rows >= _LONG:
        _LOG.info("resolution %.1f: %s clusters", resolution, f"{labels.max() + 1:,}")


def find(rows: Rows, seed: int, min_cluster_size: int) -> Found:
    """Find clusters among the rows of `rows`; see `registry`.

    The method's own level is the finest one of those that are steady, or else the coarsest.
    """
    found, agreements = levels(rows.graph, seed, min_cluster_size)
    own = max((i for i, agreed in enumerate(agreements) if agreed >= _STEADY), default=0)
    probabilities = strengths(rows.graph, found[own])
    # A row whose neighbours are in other clusters counts as an outlier.
    return Found(
        found[own],
        probabilities,
        1 - probabilities,
        layers=tuple(found[:own][::-1]),
        finer=tuple(found[own + 1 :]),
    )


def smallest(rows: int) -> int:
    """Return the least number of rows that make a cluster among `rows`.

    Threads are often smaller than the clusters of the finest level on average: with half of these
    as the least, the clusters held more strangers and differed more from seed to seed.
    """
    return int(max(FINEST_ROWS, rows * FINEST_SHARE) / 4)


def strengths(graph: Graph, labels: np.ndarray) -> np.ndarray:
    """Return the share of each row's edges, by weight, inside its own cluster: float32[n], 0..1."""
    inside = graph.weights * (labels[graph.a] == labels[graph.b])
    sums = [
        np.bincount(graph.a, weights, graph.rows) + np.bincount(graph.b, weights, graph.rows)
        for weights in (inside, graph.weights)
    ]
    return (sums[0] / np.maximum(sums[1], np.finfo(np.float64).tiny)).clip(0, 1).astype(np.float32)


def consensus(graph: Graph, resolution: float, seed: int) -> tuple[np.ndarray, float]:
    """Return the clusters int32[n] on which Leiden runs agree, numbered by falling size.

    Also returns how much the runs of the first round agreed: the mean adjusted Rand index (Hubert &
    Arabie 1985) between each run and the next.
    """
    from sklearn.metrics import adjusted_rand_score

    a, b, weights = graph.a, graph.b, graph.weights
    seen = weights
    labels = np.zeros(graph.rows, np.int32)
    agreed: list[float] = []
    few = graph.rows <= _FEW
    first, later = (_RUNS_OF_FEW, _LATER_RUNS_OF_FEW) if few else (_RUNS, _LATER_RUNS)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Leiden releases the interpreter's lock
        for around in range(_ROUNDS):
            runs = later if around else first
            edges = Graph(graph.rows, a, b, seen).matrix()
            arrays = (edges.indptr.astype(np.int64), edges.indices.astype(np.int32), edges.data)
            together = np.zeros(len(a), np.int32)
            names = [f"{seed}/{around}/{run}" for run in range(runs)]
            before = None
            for labels in pool.map(lambda name, g=arrays: _leiden(*g, resolution, name), names):
                if before is not None and not around:
                    agreed.append(adjusted_rand_score(before, labels))
                before = labels
                together += labels[a] == labels[b]
            if ((together == 0) | (together == runs)).mean() > _AGREED:
                break
            keep = together > 0
            a, b, weights = a[keep], b[keep], weights[keep]
            seen = weights * together[keep] / runs
    return _numbered(labels), float(np.mean(agreed))


def _leiden(
    starts: np.ndarray, ends: np.ndarray, weights: np.ndarray, resolution: float, name: str
) -> np.ndarray:
    """Return the clusters int32[n] of one run; `name` decides its chance."""
    from graspologic_native import leiden_csr

    rows = len(starts) - 1
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest())
    _, found = leiden_csr(
        starts, ends, weights, rows, resolution=resolution, iterations=1, seed=seed
    )
    return np.fromiter((found[row] for row in range(rows)), np.int32, rows)


def merge_small(labels: np.ndarray, graph: Graph, least: int) -> np.ndarray:
    """Return labels int32[n] in which clusters of fewer than `least` rows have joined others.

    A small cluster joins the one with which its edges have the most weight per row of that one. The
    smallest go first. A cluster to which no edge leads stays. Numbered by falling size.
    """
    while True:
        sizes = np.bincount(labels)
        small = np.flatnonzero(sizes < least)
        count = len(sizes)
        if not len(small) or count == 1:
            return _numbered(labels)
        pairs = labels[graph.a].astype(np.int64), labels[graph.b].astype(np.int64)
        between = csr_matrix((graph.weights, pairs), shape=(count, count))
        between = (between + between.T).tocsr()
        between.setdiag(0)
        between.eliminate_zeros()
        between.sort_indices()
        to = np.arange(count)
        joined = np.zeros(count, bool)
        for cluster in small[np.argsort(sizes[small], kind="stable")]:
            row = slice(between.indptr[cluster], between.indptr[cluster + 1])
            others = between.indices[row]
            if len(others) and not joined[cluster]:
                best = others[np.argmax(between.data[row] / sizes[others])]
                # If a cluster has moved in this round, others join it in the next round only.
                if to[best] == best:
                    to[cluster] = best
                    joined[best] = True
        if (to == np.arange(count)).all():
            return _numbered(labels)
        labels = np.unique(to[labels], return_inverse=True)[1]


def _numbered(labels: np.ndarray) -> np.ndarray:
    """Return labels int32[n] numbered by falling size, then by first row; noise stays -1."""
    return at_level(numbers_by_size(labels), labels)
