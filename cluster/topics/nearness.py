"""Which words are nearest to what a cluster is about, by their own vectors.

The model that embeds chains also embeds words, so that a word and a cluster can be compared. A
cluster lies in the direction

    mean - 0.5 * mean of its siblings

which its chains have, but not those of its siblings, the other clusters in the same parent.
The score of a word is

    cosine to that direction * min(1, (chains - 2) / 4) / (1 + rank / 10)

The rank is that of the word's weight (see `topics.names`), because a word that is near but rare is
an odd name. A word of three to five chains counts less, because those may be one post and the
replies that quote it. Any more weight on the number of chains would lead to words such as "try".

The words of a name are chosen one by one, each for a high score and for a small cosine to those
before it (maximal marginal relevance, Carbonell & Goldstein 1998, doi:10.1145/290941.291025).
"""

import numpy as np

from threadloom.cluster.methods.neighbors import unit
from threadloom.cluster.topics.names import beginnings

# Candidates of a cluster whose vectors are compared.
CANDIDATES = 30
_SIBLINGS = 0.5
_RANKS = 10
_FEW = 2
# The weights of a high score, and of likeness to the words before, which counts against a word.
_SCORE, _LIKENESS = 0.7, 0.3


def directions(means: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Return the direction in which each cluster lies away from its siblings, float32[k, d].

    means: float32[k, d] of length 1. parents: int[k]; empty if all are siblings.
    """
    parents = parents if len(parents) else np.zeros(len(means), np.int64)
    sums = np.zeros((int(parents.max(initial=-1)) + 1, means.shape[1]))
    np.add.at(sums, parents, means)
    others = np.bincount(parents, minlength=len(sums))[parents] - 1
    siblings = unit((sums[parents] - means) / np.maximum(others, 1)[:, None])
    siblings[others == 0] = 0  # what is left of the sums there is their rounding
    return unit(means - _SIBLINGS * siblings)


def by_nearness(
    texts: list[str], chains: list[int], vectors: np.ndarray, direction: np.ndarray
) -> list[str]:
    """Return texts in the order in which they should become a name; none begins like another.

    texts: the candidates, heaviest first. chains: how many have each, at least 1. vectors:
    float32[m, d] of them, of length 1. direction: float32[d], see `directions`.
    """
    sure = np.clip((np.array(chains) - _FEW) / _FEW**2, 0, 1)
    near = vectors.astype(np.float64) @ direction * sure / (1 + np.arange(len(texts)) / _RANKS)
    # In the first round there is nothing to be like.
    likeness = np.zeros(len(texts))
    left, order = list(range(len(texts))), []
    while left:
        value = _SCORE * near[left] - _LIKENESS * likeness[left]
        # Rounded, so that the last digit, which a batch may change, does not decide.
        chosen = left[int(value.round(5).argmax())]
        order.append(texts[chosen])
        begins = beginnings(texts[chosen])
        left = [i for i in left if i != chosen and begins.isdisjoint(beginnings(texts[i]))]
        cosines = vectors @ vectors[chosen]
        likeness = cosines if len(order) == 1 else np.maximum(likeness, cosines)
    return order
