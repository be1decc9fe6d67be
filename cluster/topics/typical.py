"""Find the chains that best show what a cluster is about."""

import re

import numpy as np

from threadloom.cluster.clustering import members
from threadloom.cluster.methods.neighbors import BLOCK, unit
from threadloom.cluster.topics.words import skip_quotes

SNIPPET_CHARACTERS = 240
# More than are shown, because some turn out to have the same text.
_CANDIDATES = 12
# Vectors at least this close (cosine) are versions of one text or of one short remark. If a cluster
# has too few other rows, a second round leaves out only copies that differ, say, in a number.
_SAME = (0.95, 0.999)
# Snippets that share this much of their words (Jaccard index) read the same.
_ALIKE = 0.5

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]+")


def candidates(
    vectors: np.ndarray, labels: np.ndarray, count: int, firmness: np.ndarray
) -> list[list[int]]:
    """Return the most typical rows of each cluster, best first: up to 12, no two of them copies.

    vectors: float32[n, d]; labels: int32[n] of `count` clusters; firmness: float32[n], how firmly
    each row sits in its cluster. The rows come from the firmer half of a cluster. The best are
    closest by cosine to the mean of the cluster's unit vectors. Near copies of a better row come
    last.
    """
    return [_closest(vectors, rows, firmness[rows]) for rows in members(labels, count)]


def pick(rows: list[int], texts: dict[int, str], number: int = 3) -> list[tuple[int, str]]:
    """Return the first `number` of the rows with different snippets, as (row, snippet).

    Snippets that share half of their words with one before them come last.
    """
    different: dict[str, int] = {}
    alike: dict[str, int] = {}
    for row in rows:
        text = snippet(texts[row])
        if text and text not in different:
            words = set(text.lower().split())
            repeats = any(_overlap(words, set(other.lower().split())) for other in different)
            (alike if repeats else different).setdefault(text, row)
    return [(row, text) for text, row in (different | alike).items()][:number]


def snippet(text: str) -> str:
    """Return at most 240 characters of a text, on one line; a cut shows as "…".

    It starts at the writer's own words, after quotes, mail headers and "... wrote:".
    """
    # Cleaning 100,000 characters would be a waste. More are read than shown, because quotes and
    # blanks go.
    line = _BLANK.sub(" ", skip_quotes(text[: 20 * SNIPPET_CHARACTERS])).strip()
    if len(line) <= SNIPPET_CHARACTERS:
        return line
    return line[: SNIPPET_CHARACTERS - 1].rstrip() + "…"


def _overlap(words: set[str], others: set[str]) -> bool:
    return len(words & others) >= _ALIKE * len(words | others)


def _closest(vectors: np.ndarray, rows: np.ndarray, firmness: np.ndarray) -> list[int]:
    """Return the candidates among a cluster's `rows`, int[m], with firmness float32[m]."""
    # In double precision, so that the order of the rows does not change the result. In blocks,
    # because the coarsest clusters have most of the rows.
    total = sum(unit(vectors[b]).sum(axis=0, dtype=np.float64) for b in _blocks(rows))
    middle = total / max(len(rows), 1)
    rows = rows[firmness >= np.median(firmness)]
    closeness = [unit(vectors[b]).astype(np.float64) @ middle for b in _blocks(rows)]
    order = rows[np.argsort(-np.concatenate(closeness), kind="stable")]
    found: list[int] = []
    known = np.empty((0, vectors.shape[1]), np.float32)
    for same in _SAME:
        for row in order:
            if len(found) == _CANDIDATES:
                break
            mine = unit(vectors[row : row + 1])
            if (known @ mine[0]).max(initial=-1) < same:
                found.append(int(row))
                known = np.concatenate([known, mine])
    return found


def _blocks(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK)]
