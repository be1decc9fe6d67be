"""The clustering recipe: which vectors belong together.

Two steps, both standard for sentence embeddings: UMAP reduces them to five dimensions (HDBSCAN on
the raw 384 calls nearly everything noise), HDBSCAN then finds the dense regions.

Sources: UMAP, McInnes, Healy & Melville 2018, arXiv:1802.03426; HDBSCAN, Campello, Moulavi & Sander
2013, doi:10.1007/978-3-642-37456-2_14, with the excess-of-mass selection described there.

UMAP and HDBSCAN are imported inside the functions: they bring numba, which takes seconds.
"""

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
    layouts, layouts_limit: up to this many rows are laid out so often, and the most typical
    clustering is taken: now and then one joins what the others keep apart, and the last digits of a
    vector decide which.
    """

    version: int = 3
    dimensions: int = 5
    neighbors: int = 30
    neighbors_share: float = 0.05
    fewest_neighbors: int = 15
    min_dist: float = 0.0
    smallest_cluster: int = 10
    smallest_share: float = 0.01
    min_samples: int = 5
    exact_limit: int = 50_000
    layouts: int = 5
    layouts_limit: int = 3_000

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
    """

    labels: np.ndarray
    probabilities: np.ndarray

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


def cluster_vectors(vectors: np.ndarray, seed: int) -> Clustering:
    """Cluster the rows of `vectors`, float32[n, d], by cosine.

    The same vectors in the same order with the same seed (0 .. 2**32 - 1) give the same labels on
    the same machine. Fewer rows than two smallest clusters, or rows that are all the same, are no
    error: everything is noise. Raises ValueError for values that are not finite.
    """
    rows = len(vectors)
    if rows and not np.isfinite(vectors).all():
        bad = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise ValueError(f"row {bad} of the vectors has a value that is not finite")
    min_cluster_size = RECIPE.min_cluster_size(rows)
    if rows < 2 * min_cluster_size or (vectors == vectors[0]).all():
        return Clustering(np.full(rows, -1, np.int32), np.zeros(rows, np.float32))
    with _ONE_AT_A_TIME:
        layouts = RECIPE.layouts if rows <= RECIPE.layouts_limit else 1
        found = [
            _dense_regions(_reduce(vectors, (seed + i) % 2**32), min_cluster_size)
            for i in range(layouts)
        ]
    labels, probabilities = found[most_typical([labels for labels, _ in found])]
    return Clustering(_by_size(labels), probabilities)


def most_typical(labelings: list[np.ndarray]) -> int:
    """Return which of the labelings int[n] agrees most with the others; the first of equals.

    By the sum of the adjusted Rand indices: Hubert & Arabie 1985, doi:10.1007/BF01908075.
    """
    from sklearn.metrics import adjusted_rand_score

    agreement = [sum(adjusted_rand_score(a, b) for b in labelings) for a in labelings]
    return int(np.argmax(agreement))


def nearest_neighbors(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of each row of float32[n, d] by cosine, itself first.

    Gives indices int32[n, k] and cosine distances float32[n, k] (0..2), nearest first; equally near
    rows come in row order. Exact: n squared products, in blocks of about 64 MB.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms > 0, norms, 1)
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


def _reduce(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return the UMAP coordinates of float32[n, d]: float32[n, RECIPE.dimensions]."""
    import umap

    k = RECIPE.neighborhood(len(vectors))
    # With a seed UMAP searches neighbours on one thread: the exact search is several times faster
    # (4 s against 31 s at 11,000 rows), until its square growth catches up with it.
    known = nearest_neighbors(vectors, k) if len(vectors) <= RECIPE.exact_limit else (None, None)
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


def _dense_regions(points: np.ndarray, min_cluster_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return HDBSCAN's labels and probabilities of float32[n, RECIPE.dimensions]."""
    import hdbscan

    found = hdbscan.HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=RECIPE.min_samples,
        cluster_selection_method="eom",
        # More than one job starts processes, which would outlive a killed server.
        core_dist_n_jobs=1,
    ).fit(points.astype(np.float64))
    return found.labels_, found.probabilities_.astype(np.float32)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber labels int[n] by falling size, then by first row; noise stays -1."""
    names, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    new = np.full(len(names) + 1, -1, np.int32)
    new[names[order]] = np.arange(len(names), dtype=np.int32)
    return new[labels]
