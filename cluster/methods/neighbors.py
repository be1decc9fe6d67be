"""Compare vectors: which are copies, which are nearest to each, and the mean of many.

All of it works by cosine and in blocks, so that the peak of memory stays near that of the vectors.
"""

import numpy as np

# Up to this many vectors every row is compared with every other.
EXACT_ROWS = 20_000
# An inverted file has this many lists for each square root of its vectors. k-means finds the lists
# in this many rounds, from so many vectors for each.
_LISTS, _ROUNDS, _POINTS = 4, 8, 64
# The lists that are searched for neighbours among the vectors, and for neighbours of others.
_PROBES, _PROBES_OF_OTHERS = 16, 8
# Neighbours that are searched beyond those asked for, because faiss may swap two of them.
_SPARE = 4
# Queries that faiss gets in one call.
_QUERIES = 2048
# Rows whose vectors are worked on at a time.
BLOCK = 8192
# A coordinate of a vector of length 1 has this many binary digits in `_places`.
_FINE = 26
# The steps of `different_rows`, as shares of the largest factor of a direction. The rows of a real
# topic spread over two steady steps (standard deviation), and a row lies one such step from its
# nearest neighbour. Even near copies spread over many fair steps.
_STEADY_STEP, _FAIR_STEP = 1 / 4, 1 / 4096
# Up to so many rows, if all of them are fitted, their order is steady.
_STEADY = 20_000


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows of float[n, d] as float32 of length 1; rows of zeros stay."""
    vectors = np.asarray(vectors, np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def different_rows(vectors: np.ndarray, sample: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of float32[n, d], and which of them each row is a copy of.

    Gives row numbers int[m], and int[n] with numbers below m. The rows come in an order that only
    their values decide: see `_places`. If there are more than `sample` of them, or than _STEADY,
    the first of them are a fair sample.
    """
    rows, width = vectors.shape
    random = np.random.default_rng(0)
    factors = random.integers(0, 2**64, (width + 1, 2), np.uint64, endpoint=False)
    directions = random.integers(-(2**9), 2**9, width).astype(np.float64)
    hashes = np.empty((rows, 2), np.uint64)
    places = np.empty(rows, np.int64)
    for start in range(0, rows, BLOCK):
        part = np.ascontiguousarray(vectors[start : start + BLOCK], np.float32)
        # Multilinear hashing (Carter & Wegman 1979) of the bits of the row, modulo 2**64.
        bits = part.view(np.uint32).astype(np.uint64)
        hashes[start : start + BLOCK] = bits @ factors[:-1] + factors[-1]
        places[start : start + BLOCK] = _places(part, directions)
    order, new = _sorted(places % _step(_FAIR_STEP), hashes)
    if (count := int(new.sum())) <= _STEADY and count <= (sample or count):
        order, new = _sorted(places % _step(_STEADY_STEP), hashes)
    copy_of = np.empty(rows, np.int64)
    copy_of[order] = np.cumsum(new) - 1
    return order[new], copy_of


def _places(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return where each row of float32[n, d] lies along a fixed direction, int64[n].

    Rows are sorted by their places modulo a step. A step that is short compared with any topic
    gives a fair order, in which rows of all topics come in turn. A step that is long compared with
    the last digit of a vector gives a steady order: if a text is embedded in another batch, only
    that digit differs.

    directions: float64[d], whole numbers of at most 9 bits. The products are whole numbers below
    2**53, so the sums are exact in any order of adding, and equal rows get equal places.
    """
    fine = np.rint(unit(vectors).astype(np.float64) * 2**_FINE)
    return (fine @ directions).astype(np.int64)


def _step(share: float) -> int:
    """Return a step in units of places, from its share of the largest factor of a direction."""
    return int(2**_FINE * 2**9 * share)


def _sorted(places: np.ndarray, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows int[n] by their places, copies together, and bool[n]: whether each is no copy."""
    order = np.lexsort((np.arange(len(places)), hashes[:, 1], hashes[:, 0], places))
    new = np.ones(len(places), bool)
    new[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)
    return order, new


def first_not_finite(vectors: np.ndarray) -> int | None:
    """Return the first row of float32[n, d] with a value that is not finite; None for none."""
    for start in range(0, len(vectors), BLOCK):
        bad = ~np.isfinite(vectors[start : start + BLOCK]).all(axis=1)
        if bad.any():
            return start + int(np.flatnonzero(bad)[0])
    return None


class Index:
    """Finds the nearest of m vectors by cosine.

    Up to EXACT_ROWS vectors it compares with all of them, above that with those in the nearest
    lists of an inverted file (Jegou, Douze & Schmid 2011, doi:10.1109/TPAMI.2010.57). The same
    vectors in the same order give the same neighbours with any number of threads. faiss computes
    cosines with all vectors by matrix products, whose last digit may depend on the threads, so
    these are computed again, one by one. Those in lists it computes one by one itself.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        """Take float[m, d]; the vectors are brought to length 1."""
        import faiss

        rows, width = vectors.shape
        self._searched: faiss.Index = faiss.IndexFlatIP(width)
        self._exact = rows <= EXACT_ROWS
        units = unit(vectors)
        if not self._exact:
            lists = int(_LISTS * np.sqrt(rows))
            self._searched = faiss.IndexIVFFlat(
                self._searched, width, lists, faiss.METRIC_INNER_PRODUCT
            )
            means = self._searched.cp
            means.seed, means.niter, means.spherical = 1, _ROUNDS, True
            means.max_points_per_centroid = _POINTS
            self._searched.train(units)
        self._searched.add(units)
        # faiss keeps its own copy. The exact search needs another one; the other search keeps none,
        # only a reference to the vectors that came.
        self._vectors = units if self._exact else vectors

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self._vectors)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k vectors nearest to each row of float32[n, d], all of them if k > m.

        Gives indices int32[n, k] and cosines float32[n, k], nearest first; equally near ones come
        in their order. If the inverted file finds fewer than k, the index of the others is -1 and
        their cosine is 0.
        """
        return self._search(vectors, k, _PROBES_OF_OTHERS)

    def _search(self, vectors: np.ndarray, k: int, probes: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what `search` does, from so many lists."""
        import faiss

        k = min(k, len(self))
        lists = None if self._exact else faiss.SearchParametersIVF(nprobe=probes)
        indices = np.empty((len(vectors), k), np.int32)
        cosines = np.empty((len(vectors), k), np.float32)
        asked = min(k + _SPARE, len(self))
        for start in range(0, len(vectors) if k else 0, _QUERIES):
            part = slice(start, start + _QUERIES)
            queries = unit(vectors[part])
            near, found = self._searched.search(queries, asked, params=lists)
            if self._exact:
                near = np.einsum("nd,nkd->nk", queries, self._vectors[found])
            near[found < 0] = -np.inf
            order = np.lexsort((found, -near))[:, :k]
            indices[part] = np.take_along_axis(found, order, axis=1)
            cosines[part] = np.take_along_axis(near, order, axis=1)
        cosines[indices < 0] = 0
        return indices, cosines

    def neighbors(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k nearest of each of the vectors themselves, itself first.

        Gives indices int32[m, k] and cosine distances float32[m, k] (0..2), nearest first. If the
        inverted file finds fewer than k, the row itself fills the rest, at distance 1.
        """
        rows = np.arange(len(self), dtype=np.int32)
        indices, cosines = self._search(self._vectors, k + 1, _PROBES)
        # The row itself comes first, even if a copy is as near, or if the row is all zeros.
        cosines[indices == rows[:, None]] = np.inf
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        indices = np.take_along_axis(indices, order, axis=1)
        distances = np.maximum(1 - np.take_along_axis(cosines, order, axis=1), 0)
        missed = indices[:, 0] != rows
        indices[missed, 1:], distances[missed, 1:] = indices[missed, :-1], distances[missed, :-1]
        indices[:, 0], distances[:, 0] = rows, 0
        lacks = indices < 0
        indices[lacks], distances[lacks] = np.nonzero(lacks)[0], 1
        return indices, distances


def means(vectors: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the mean directions of `count` clusters: float32[count, d] of length 1.

    vectors: float32[n, d]; labels: int[n], those below 0 count nowhere.
    """
    sums = np.zeros((count, vectors.shape[1]), np.float64)
    for start in range(0, len(vectors), BLOCK):
        mine = labels[start : start + BLOCK]
        units = unit(vectors[start : start + BLOCK])
        order = np.argsort(mine, kind="stable")
        names, begins = np.unique(mine[order], return_index=True)
        sums[names[names >= 0]] += np.add.reduceat(units[order], begins, axis=0)[names >= 0]
    return unit(sums)


def nearest_means(
    vectors: np.ndarray, labels: np.ndarray, middles: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cluster to which each row of float32[n, d] belongs or, as noise, is nearest.

    middles: float32[k, d], of length 1. Gives labels int32[n], -1 if there are no clusters, and the
    cosine distances float32[n] (0..2) to the means of those clusters, 2 if there are none.
    """
    nearest = labels.astype(np.int32)
    distances = np.full(len(vectors), 2, np.float32)
    if not len(middles):
        return nearest, distances
    for start in range(0, len(vectors), BLOCK):
        part = slice(start, start + BLOCK)
        similarity = unit(vectors[part]) @ middles.T
        mine = nearest[part]
        noise = mine < 0
        mine[noise] = similarity[noise].argmax(axis=1)
        distances[part] = 1 - np.take_along_axis(similarity, mine[:, None], axis=1)[:, 0]
    return nearest, np.clip(distances, 0, 2, out=distances)
