"""The words, the short name and the coherence of each cluster.

A word counts once for each different chain that uses it, so neither a long chain nor copies of one
outweigh the others. Its weight in cluster c is

    p(c) * log(p(c) / q)

p(c) is the share of the chains of c that use it, and q is the mean of that share over all clusters
of the level. The weight is what the word adds to the Kullback-Leibler divergence of the cluster
from an average one. It is use times rarity, as in class-based TF-IDF (Grootendorst 2022,
arXiv:2203.05794), but a word that is equally frequent everywhere weighs nothing. Noise counts as
one more cluster, because it shows which words are common.

The heaviest words are the candidates for the name. Which of them become the name, the caller
decides: `by_weight` is the rule that needs nothing but the words, and `topics.nearness` has the one
that looks at their vectors.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from threadloom.cluster.topics.vocabulary import LEAST_CHAINS, Chains

# A word describes a cluster only if at least this share of its chains uses it.
LEAST_SHARE = 0.02
# A word describes a cluster only if it is at least this many times as frequent as in the others.
LEAST_LIFT = 1.5
# Two words are one phrase if this share of the chains with either word has them side by side.
PHRASE_SHARE = 0.4
# The weight of a word in a name is multiplied by this if it weighs more in another cluster.
CLAIMED = 0.5
NAME_WORDS = 3
# A cluster shows at most so many words.
SHOWN = 10
# Two words that begin with the same letters, this many, do not stand in one name.
BEGINNING = 5


@dataclass(frozen=True)
class Candidate:
    """A word or a phrase that sets a cluster apart.

    weight: the highest weight of the words that it stands for. chains: how many of those read have
    it. claimed: whether its words weigh nowhere more than in this cluster.
    """

    text: str
    weight: float
    chains: int
    claimed: bool


@dataclass(frozen=True)
class Description:
    """The words of a cluster.

    candidates: the words and phrases that set it apart, heaviest first; empty if none does.
    coherence: how firmly the first of them belong together, -1..1; None for fewer than two words.
    """

    candidates: list[Candidate]
    coherence: float | None


def describe(
    clusters: dict[int, Chains], forms: list[str], family: np.ndarray, number: int
) -> dict[int, Description]:
    """Return the description of each label except noise, with at most `number` words.

    A word must be in at least max(3, 2 %) of the chains read, 1.5 times as often as elsewhere. The
    coherence is that of the first SHOWN words. forms, family: see `ClusterTexts`.
    """
    counts = {label: chains.counts(family) for label, chains in clusters.items()}
    weights = _weights(clusters, counts, len(forms))
    weights.pop(-1, None)
    best: dict[int, float] = defaultdict(float)
    for weight in weights.values():
        for word, heavy in weight.items():
            best[word] = max(best[word], heavy)
    candidates, top = {}, {}
    for label, weight in weights.items():
        heaviest = sorted(weight, key=lambda word: (-weight[word], forms[word]))
        top[label] = heaviest[:SHOWN]
        chains, used = clusters[label], counts[label]
        found = _candidates(chains, used, family, forms, heaviest[: 2 * number], weight, best)
        candidates[label] = found[:number]
    coherences = _coherences(clusters, family, top)
    return {label: Description(c, coherences[label]) for label, c in candidates.items()}


def by_weight(candidates: list[Candidate]) -> list[str]:
    """Return the texts in the order in which they should become a name.

    The heaviest comes first, but a word that weighs more in another cluster counts half.
    """

    def claim(candidate: Candidate) -> float:
        return candidate.weight * (1 if candidate.claimed else CLAIMED)

    return [c.text for c in sorted(candidates, key=lambda c: (-claim(c), c.text))]


def beginnings(text: str) -> set[str]:
    """Return the first letters of each word, by which "israel" and "israeli" are one."""
    return {word[:BEGINNING] for word in text.split()}


def unique_names(orders: dict[int, list[str]], known: dict[int, str]) -> dict[int, str]:
    """Return a name for each cluster of a level, such as "hockey, nhl, playoffs".

    It has the first three texts of the cluster's order that do not begin alike. If two clusters
    would have one name, the second has more words, and then its label. Without words it is
    "cluster 7". The names of the clusters in `known` are given.
    """
    names = dict(known)
    # To a reader "god, jesus" and "jesus, god" are one name.
    taken = {frozenset(name.split(", ")) for name in known.values()}
    for label, texts in orders.items():
        if label in known:
            continue
        chosen: list[str] = []
        used: set[str] = set()
        for text in texts:
            # "israel, israeli" says one thing twice.
            begins = beginnings(text)
            if used.isdisjoint(begins) and (len(chosen) < NAME_WORDS or frozenset(chosen) in taken):
                chosen.append(text)
                used |= begins
        name = ", ".join(chosen) or f"cluster {label}"
        names[label] = f"{name} ({label})" if chosen and frozenset(chosen) in taken else name
        taken.add(frozenset(chosen))
    return names


def _weights(
    clusters: dict[int, Chains], counts: dict[int, tuple[np.ndarray, np.ndarray]], words: int
) -> dict[int, dict[int, float]]:
    """Return the words that describe each cluster, with their weights."""
    total = np.zeros(words)
    for label, chains in clusters.items():
        ids, used = counts[label]
        total[ids] += used / max(chains.size, 1)
    weights = {}
    for label, chains in clusters.items():
        ids, used = counts[label]
        common = used >= max(LEAST_CHAINS, math.ceil(LEAST_SHARE * chains.size))
        ids, shares = ids[common], used[common] / max(chains.size, 1)
        weight = shares
        if len(clusters) > 1:
            mean = total[ids] / len(clusters)
            others = (total[ids] - shares) / (len(clusters) - 1)
            weight = np.where(shares >= LEAST_LIFT * others, shares * np.log(shares / mean), 0)
        weights[label] = {
            int(i): float(w) for i, w in zip(ids, weight.round(12), strict=True) if w > 0
        }
    return weights


def _candidates(
    chains: Chains,
    used: tuple[np.ndarray, np.ndarray],
    family: np.ndarray,
    forms: list[str],
    heaviest: list[int],
    weights: dict[int, float],
    best: dict[int, float],
) -> list[Candidate]:
    """Return the words of a cluster, heaviest first, with phrases in place of some of them.

    A phrase replaces the words that are mostly used in it. used: the words that occur and how many
    chains use each. best: the weight of each word in the cluster in which it weighs most.
    """
    counts = dict(zip(used[0].tolist(), used[1].tolist(), strict=True))
    known, replaced = set(heaviest), set()

    def candidate(text: str, ids: tuple[int, ...], weight: float, used: int) -> Candidate:
        return Candidate(text, weight, used, all(weights.get(i, 0) >= best[i] for i in ids))

    found = []
    for together, text, pair in _phrases(chains, family, forms, heaviest):
        in_it = [i for i in pair if together >= PHRASE_SHARE * counts[i]]
        by_it = [i for i in in_it if i in known]
        # A word that does not describe the cluster must belong to the phrase: "hard drive", not
        # "new drive".
        if by_it and known.issuperset(set(pair) - set(in_it)) and replaced.isdisjoint(pair):
            replaced.update(by_it)
            found.append(candidate(text, pair, max(weights[i] for i in by_it), together))
    found += [
        candidate(forms[i], (i,), weights[i], counts[i]) for i in heaviest if i not in replaced
    ]
    return sorted(found, key=lambda c: (-c.weight, c.text))


def _phrases(
    chains: Chains, family: np.ndarray, forms: list[str], heaviest: list[int]
) -> list[tuple[int, str, tuple[int, int]]]:
    """Return the pairs of neighbours with at least one of the given words, the most frequent first.

    Gives the number of chains, the pair as it is most often written, and its two words.
    """
    wanted, words = np.isin(family[chains.ids], heaviest), chains.ids > 0
    at = np.flatnonzero((wanted[:-1] & words[1:]) | (words[:-1] & wanted[1:]))
    pairs = np.stack([chains.ids[at], chains.ids[at + 1]], axis=1)
    written: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    # Counted once for each chain and each form, such as "hard drive" and "hard drives".
    for _, *ids in np.unique(np.column_stack([chains.rows[at], pairs]), axis=0).tolist():
        first, second = family[ids].tolist()
        if first != second:
            written[first, second][f"{forms[ids[0]]} {forms[ids[1]]}"] += 1
    found = [
        (uses.total(), min(uses, key=lambda text: (-uses[text], text)), pair)
        for pair, uses in written.items()
    ]
    return sorted(
        (phrase for phrase in found if phrase[0] >= LEAST_CHAINS), key=lambda p: (-p[0], p[1])
    )


def _coherences(
    clusters: dict[int, Chains], family: np.ndarray, top: dict[int, list[int]]
) -> dict[int, float | None]:
    """Return the mean normalised pointwise mutual information of each cluster's words.

    P is the share of all chains that use a word, or both words; chains of noise count, too.

        NPMI(a, b) = log(P(a, b) / (P(a) P(b))) / -log P(a, b)

    It is -1 for two words that are never in the same chain, 0 for independent ones, and 1 for words
    that only occur together (Bouma 2009). Its mean over all pairs of top words agrees best with how
    people judge topics (Lau, Newman & Baldwin 2014, doi:10.3115/v1/E14-1056).
    """
    from scipy.sparse import csr_array

    if not top:
        return {}
    words = np.unique([word for heaviest in top.values() for word in heaviest]).astype(np.int64)
    row_parts, column_parts, rows = [], [], 0
    for chains in clusters.values():
        ids = family[chains.ids]
        shown = np.isin(ids, words)
        row_parts.append(chains.rows[shown] + rows)
        column_parts.append(np.searchsorted(words, ids[shown]))
        rows += chains.size
    at = (np.concatenate(row_parts), np.concatenate(column_parts))
    uses = csr_array((np.ones(len(at[0]), np.int64), at), shape=(rows, len(words)))
    uses.data[:] = 1
    together = (uses.T @ uses).tocsr()
    coherences: dict[int, float | None] = {}
    for label, heaviest in top.items():
        columns = np.searchsorted(words, heaviest)
        shares = together[columns][:, columns].toarray() / rows
        first, second = np.triu_indices(len(columns), 1)
        alone, both = shares.diagonal(), shares[first, second]
        pairs = [_npmi(*p) for p in zip(both, alone[first], alone[second], strict=True)]
        coherences[label] = round(math.fsum(pairs) / len(pairs), 4) if pairs else None
    return coherences


def _npmi(both: float, first: float, second: float) -> float:
    """Return the NPMI of two words, -1..1, from the shares of chains with both and with each."""
    if both == 0:
        return -1.0
    return math.log(both / (first * second)) / -math.log(both) if both < 1 else 1.0
