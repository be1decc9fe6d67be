"""The clustering recipe: which vectors belong together.

Two steps, both standard for sentence embeddings: UMAP reduces them to five dimensions (HDBSCAN on
the raw 384 calls nearly everything noise), HDBSCAN then finds the dense regions.

UMAP's layout depends on chance, and HDBSCAN on the last digit of it: now and then one layout joins
what the others keep apart. So several are made, and two rows are as far apart as they are on
average over all layouts (the root mean square): chance seldom draws the same line twice.

Nothing else depends on chance. Rows are laid out in an order that their values alone decide, and
rows of the same values count once, so that it does not matter how chains lie in files.

Sources: UMAP, McInnes, Healy & Melville 2018, arXiv:1802.03426; HDBSCAN, Campello, Moulavi & Sander
2013, doi:10.1007/978-3-642-37456-2_14, with the excess-of-mass selection described there; its
outlier scores (GLOSH), Campello, Moulavi, Zimek & Sander 2015, doi:10.1145/2733381.

UMAP and HDBSCAN are imported inside the functions: they bring numba, which takes seconds.
"""

import hashlib
import threading
import warnings
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """The numbers of the recipe; a change of any of them makes older results stale.

    version: raised by hand when the code changes what comes out for the same numbers.
    dimensions: of the space that HDBSCAN sees.
    neighbors, neighbors_share, fewest_neighbors: rows in a UMAP neighbourhood, the row itself
    included: share x n, but not above the first nor below the last. In a small group 30 neighbours
    of each row join all topics to one.
    min_dist: UMAP's least distance between neighbours; 0 packs clusters as densely as they are.
    smallest_cluster, smallest_share: a cluster has at least max(smallest_cluster, share x n) rows.
    min_samples: HDBSCAN's number of neighbours that a dense row must have; more means more noise.
    exact_limit: up to this many rows the neighbours are computed exactly.
    layouts, layouts_limit: up to this many different rows are laid out so often.
    """

    version: int = 4
    dimensions: int = 5
    neighbors: int = 30
    neighbors_share: float = 0.05
    fewest_neighbors: int = 15
    min_dist: float = 0.0
    smallest_cluster: int = 10
    smallest_share: float = 0.01
    min_samples: int = 5
    exact_limit: int = 50_000
    layouts: int = 3
    layouts_limit: int = 50_000

    def min_cluster_size(self, rows: int) -> int:
        """Return the least number of rows that make a cluster among `rows`."""
        return max(self.smallest_cluster, int(rows * self.smallest_share))

    def neighborhood(self, rows: int) -> int:
        """Return the rows in a UMAP neighbourhood among `rows`."""
        wanted = max(self.fewest_neighbors, int(rows * self.neighbors_share))
        return min(self.neighbors, wanted, rows - 1)

    def as_dict(self) -> dict:
        """Return the numbers by name, for the report and the fingerprint."""
        return asdict(self)


RECIPE = Recipe()


@dataclass(frozen=True)
class Clustering:
    """What the recipe says about n rows.

    labels: int32[n]; -1 is noise, 0 is the largest cluster, then by falling size (equal sizes: the
    cluster whose first row comes first).
    probabilities: float32[n] in 0..1: how firmly a row sits in its cluster; 0 for noise.
    outlier_scores: float32[n] in 0..1: how far a row lies out of what is dense around it.
    nearest: int32[n]; the row's cluster, for noise the one whose mean vector is nearest by cosine;
    -1 where there are no clusters.
    distances: float32[n] in 0..2: the cosine distance to the mean vector of that one; 2 for none.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    outlier_scores: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray

    @classmethod
    def nothing(cls, rows: int) -> "Clustering":
        """Return what is said of rows among which there are no clusters."""
        return cls(
            np.full(rows, -1, np.int32),
            np.zeros(rows, np.float32),
            np.zeros(rows, np.float32),
            np.full(rows, -1, np.int32),
            np.full(rows, 2, np.float32),
        )

    @property
    def count(self) -> int:
        """The number of clusters, noise not counted."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def noise_rows(self) -> int:
        """The number of rows in no cluster."""
        return int((self.labels < 0).sum())


# Numba's default threading layer ends the process when two threads enter it at once, and the Beam
# worker runs several groups at once; so one clustering at a time, which bounds memory too.
_ONE_AT_A_TIME = threading.Lock()

# Rows whose vectors are worked on at a time.
_BLOCK = 8192


def cluster_vectors(vectors: np.ndarray, seed: int) -> Clustering:
    """Cluster the rows of `vectors`, float32[n, d], by cosine.

    The same vectors in any order with the same seed (0 .. 2**32 - 1) give the same clusters on the
    same machine. Fewer different rows than two smallest clusters are no error: everything is noise.
    Raises ValueError for values that are not finite.
    """
    rows = len(vectors)
    if rows and not np.isfinite(vectors).all():
        bad = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise ValueError(f"row {bad} of the vectors has a value that is not finite")
    first, copy_of = different_rows(vectors)
    min_cluster_size = RECIPE.min_cluster_size(len(first))
    if len(first) < 2 * min_cluster_size:
        return Clustering.nothing(rows)
    with _ONE_AT_A_TIME:
        labels, probabilities, scores = _dense_regions(
            _lay_out(vectors[first], seed), min_cluster_size
        )
    labels = _by_size(labels[copy_of])
    nearest, distances = nearest_clusters(vectors, labels)
    return Clustering(labels, probabilities[copy_of], scores[copy_of], nearest, distances)


def different_rows(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of float32[n, d], and which of them each row is a copy of.

    Gives row numbers int[m], in an order that only the values decide (that of their hashes), and
    int[n] with numbers below m.
    """
    hashes = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in vectors]
    _, first, copy_of = np.unique(
        np.array(hashes, dtype="V16"), return_index=True, return_inverse=True
    )
    return first, copy_of


def nearest_clusters(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cluster to which each row of float32[n, d] belongs or, as noise, is nearest.

    Gives labels int32[n], -1 if there are no clusters, and the cosine distances float32[n] to the
    mean vectors of those clusters, 2 if there are none.
    """
    count = int(labels.max(initial=-1)) + 1
    if count == 0:
        none = Clustering.nothing(len(vectors))
        return none.nearest, none.distances
    means = np.stack([_unit(vectors[labels == label]).mean(axis=0) for label in range(count)])
    means = _unit(means)
    nearest = labels.astype(np.int32)
    distances = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        similarity = _unit(vectors[part]) @ means.T
        mine = nearest[part]
        noise = mine < 0
        mine[noise] = similarity[noise].argmax(axis=1)
        distances[part] = 1 - np.take_along_axis(similarity, mine[:, None], axis=1)[:, 0]
    return nearest, np.clip(distances, 0, 2, out=distances)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows of float32[n, d] with length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def nearest_neighbors(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of each row of float32[n, d] by cosine, itself first.

    Gives indices int32[n, k] and cosine distances float32[n, k] (0..2), nearest first; equally near
    rows come in row order. Exact: n squared products, in blocks of about 64 MB.
    """
    unit = _unit(vectors)
    rows = len(unit)
    indices = np.empty((rows, k), np.int32)
    distances = np.empty((rows, k), np.float32)
    block = max(1, 16_000_000 // rows)
    for start in range(0, rows, block):
        stop = min(start + block, rows)
        similarity = unit[start:stop] @ unit.T
        # A copy of a row is as near as the row itself: say that the row comes first.
        similarity[np.arange(stop - start), np.arange(start, stop)] = np.inf
        nearest = np.sort(np.argpartition(similarity, rows - k, axis=1)[:, rows - k :], axis=1)
        near = np.take_along_axis(similarity, nearest, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        indices[start:stop] = np.take_along_axis(nearest, order, axis=1)
        distances[start:stop] = 1 - np.take_along_axis(near, order, axis=1)
    distances[:, 0] = 0
    return indices, np.maximum(distances, 0, out=distances)


def _lay_out(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return coordinates of float32[n, d] whose distances are the mean of several layouts.

    Gives float64[n, layouts x RECIPE.dimensions]. Each layout is scaled to the same size: its rows
    are 1 away from their mean, in the root mean square.
    """
    rows = len(vectors)
    k = RECIPE.neighborhood(rows)
    # With a seed UMAP searches neighbours on one thread: the exact search is several times faster
    # (4 s against 31 s at 11,000 rows), until its square growth catches up with it.
    known = nearest_neighbors(vectors, k) if rows <= RECIPE.exact_limit else (None, None)
    layouts = []
    for i in range(RECIPE.layouts if rows <= RECIPE.layouts_limit else 1):
        points = _reduce(vectors, k, known, (seed + i) % 2**32).astype(np.float64)
        points -= points.mean(axis=0)
        layouts.append(points / np.sqrt((points**2).sum(axis=1).mean()))
    return np.hstack(layouts) / np.sqrt(len(layouts))


def _reduce(vectors: np.ndarray, k: int, known: tuple, seed: int) -> np.ndarray:
    """Return the UMAP coordinates of float32[n, d]: float32[n, RECIPE.dimensions].

    k: neighbours, the row itself included; known: what `nearest_neighbors` gave, or Nones.
    """
    import umap

    reducer = umap.UMAP(
        n_components=RECIPE.dimensions,
        n_neighbors=k,
        min_dist=RECIPE.min_dist,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(*known, None),
    )
    with warnings.catch_warnings():
        # It warns that new rows could not be placed later on, and that a graph in several pieces
        # cannot be laid out from its spectrum: neither matters here.
        warnings.simplefilter("ignore")
        return reducer.fit_transform(vectors)


def _dense_regions(
    points: np.ndarray, min_cluster_size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return HDBSCAN's labels, probabilities and outlier scores of float64[n, d]."""
    import hdbscan

    found = hdbscan.HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=RECIPE.min_samples,
        cluster_selection_method="eom",
        # More than one job starts processes, which would outlive a killed server.
        core_dist_n_jobs=1,
    ).fit(points)
    probabilities = found.probabilities_.astype(np.float32)
    # Copies that differ in the last digit can be infinitely dense, and their score 0/0.
    scores = np.nan_to_num(found.outlier_scores_).astype(np.float32)
    return found.labels_, probabilities, scores


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber labels int[n] by falling size, then by first row; noise stays -1."""
    names, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    new = np.full(len(names) + 1, -1, np.int32)
    new[names[order]] = np.arange(len(names), dtype=np.int32)
    return new[labels]
