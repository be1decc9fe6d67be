"""Find the chains that show best what a cluster is about."""

import re
from collections.abc import Iterator

import numpy as np

from threadloom.cluster.recipe import Clustering

SNIPPET_CHARACTERS = 240
# More candidates than are shown, since some turn out to have the same text.
_CANDIDATES = 12
# Vectors this close (cosine) are copies of one text, perhaps with another name or number in it.
_SAME = 0.999

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]+")


def candidates(vectors: np.ndarray, clustering: Clustering) -> list[list[int]]:
    """Return the most typical rows of each cluster, best first: up to 12, no two nearly the same.

    Of the more probable half of a cluster's rows, those whose vectors of float32[n, d] are closest
    by cosine to the mean of the cluster's unit vectors.
    """
    return [
        _closest(vectors, rows, clustering.probabilities[rows])
        for rows in members(clustering.labels, clustering.count)
    ]


def members(labels: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield the row numbers of each cluster, int[size], in row order; `count` clusters."""
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(count + 1))
    for label in range(count):
        yield order[ends[label] : ends[label + 1]]


def pick(rows: list[int], texts: dict[int, str], number: int = 3) -> list[tuple[int, str]]:
    """Return the first `number` of the rows with different snippets, as (row, snippet)."""
    picked: dict[str, int] = {}
    for row in rows:
        text = snippet(texts[row])
        if text and len(picked) < number:
            picked.setdefault(text, row)
    return [(row, text) for text, row in picked.items()]


def snippet(text: str) -> str:
    """Return at most 240 characters of a text, on one line; a cut shows as "…"."""
    # A text of 100,000 characters is not worth cleaning whole; blanks may fill a part of it.
    line = _BLANK.sub(" ", text[: 20 * SNIPPET_CHARACTERS]).strip()
    if len(line) <= SNIPPET_CHARACTERS:
        return line
    return line[: SNIPPET_CHARACTERS - 1].rstrip() + "…"


def _closest(vectors: np.ndarray, rows: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """Return the candidates among a cluster's `rows`, int[m], with probabilities float32[m]."""
    units = vectors[rows]
    units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    closeness = units @ units.mean(axis=0)
    probable = np.flatnonzero(probabilities >= np.median(probabilities))
    found: list[int] = []
    for index in probable[np.argsort(-closeness[probable], kind="stable")]:
        if not found or (units[found] @ units[index]).max() < _SAME:
            found.append(int(index))
        if len(found) == _CANDIDATES:
            break
    return rows[found].tolist()
