"""Compare vectors: which are copies, which are nearest to each, and the mean of many.

All of it works by cosine and in blocks, so that the peak of memory stays near that of the vectors.
"""

import hashlib

import numpy as np

# Numbers in a block of products: 64 MB as float32.
_PRODUCTS = 16_000_000
# Rows whose vectors are worked on at a time.
BLOCK = 8192


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows of float[n, d] as float32 of length 1; rows of zeros stay."""
    vectors = np.asarray(vectors, np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def different_rows(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of float32[n, d], and which of them each row is a copy of.

    Gives row numbers int[m], and int[n] with numbers below m. The rows are in the order of the
    hashes of their values, so the first of them are a fair sample.
    """
    hashes = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in vectors]
    _, first, copy_of = np.unique(
        np.array(hashes, dtype="V16"), return_index=True, return_inverse=True
    )
    return first, copy_of


def first_not_finite(vectors: np.ndarray) -> int | None:
    """Return the first row of float32[n, d] with a value that is not finite; None for none."""
    for start in range(0, len(vectors), BLOCK):
        bad = ~np.isfinite(vectors[start : start + BLOCK]).all(axis=1)
        if bad.any():
            return start + int(np.flatnonzero(bad)[0])
    return None


def nearest_neighbors(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of each row of float32[n, d] by cosine, itself first.

    Gives indices int32[n, k] and cosine distances float32[n, k] (0..2), nearest first; equally near
    rows come in row order. Exact: n squared products.
    """
    units = unit(vectors)
    rows = len(units)
    indices = np.empty((rows, k), np.int32)
    distances = np.empty((rows, k), np.float32)
    block = max(1, _PRODUCTS // rows)
    for start in range(0, rows, block):
        stop = min(start + block, rows)
        similarity = units[start:stop] @ units.T
        # A copy of a row is as near as the row itself, which must come first.
        similarity[np.arange(stop - start), np.arange(start, stop)] = np.inf
        indices[start:stop], near = _largest(similarity, k)
        distances[start:stop] = 1 - near
    distances[:, 0] = 0
    return indices, np.maximum(distances, 0, out=distances)


def nearest_of(
    vectors: np.ndarray, anchor_units: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k anchors, float32[m, d] of length 1, nearest to each row of float32[n, d].

    Gives indices int32[n, k] and cosines float32[n, k], nearest first. Exact: n x m products.
    """
    k = min(k, len(anchor_units))
    indices = np.empty((len(vectors), k), np.int32)
    similarities = np.empty((len(vectors), k), np.float32)
    block = max(1, _PRODUCTS // len(anchor_units))
    for start in range(0, len(vectors), block):
        part = slice(start, start + block)
        products = unit(vectors[part]) @ anchor_units.T
        indices[part], similarities[part] = _largest(products, k)
    return indices, similarities


def _largest(values: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and values of the k largest in each row, largest first, then by column."""
    columns = values.shape[1]
    top = np.sort(np.argpartition(values, columns - k, axis=1)[:, columns - k :], axis=1)
    found = np.take_along_axis(values, top, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1), np.take_along_axis(found, order, axis=1)


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
