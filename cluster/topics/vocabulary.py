"""The words of each cluster's chains, in bounded memory, and which are forms of one word."""

import hashlib
import heapq
from array import array
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from threadloom.cluster.topics.words import base_forms, split_words

# At most this many different chains of each cluster are read, those with the lowest hashes. They
# are a random sample, whatever the order of the chains (bottom-k, Cohen & Kaplan 2007,
# doi:10.1145/1281100.1281133). This bounds memory and vocabulary. The standard error of a share is
# at most 0.7 percentage points, and 0.2 at the smallest share that counts.
CHAINS = 5_000
# A word that fewer chains of a cluster use is a name, a misspelling or one writer's habit.
LEAST_CHAINS = 3


@dataclass(frozen=True)
class Chains:
    """The words of a cluster's chains.

    ids: int32[m], the numbers of the words, chain by chain, with a 0 after each chain. rows:
    int32[m], the chain of each word, from 0. size: how many chains there are.
    """

    ids: np.ndarray
    rows: np.ndarray
    size: int

    def counts(self, family: np.ndarray) -> np.ndarray:
        """Return how many chains use each word, int64[v]; a family counts as its one form."""
        words = len(family)
        pairs = np.unique(self.rows * np.int64(words) + family[self.ids])
        counts = np.bincount(pairs % words, minlength=words)
        counts[0] = 0
        return counts


class ClusterTexts:
    """The words of up to 5,000 different chains of each cluster, in order.

    The memory is 4 bytes a word, about 250 bytes a chain, and each different word once.
    """

    def __init__(self) -> None:
        """Start with no texts."""
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._numbers[""] = 0
        self._kept: dict[int, list[tuple[int, array]]] = defaultdict(list)
        self._hashes: dict[int, set[int]] = defaultdict(set)

    def add(self, label: int, text: str) -> None:
        """Read one chain with this label."""
        digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
        rank = -int.from_bytes(digest)
        kept, hashes = self._kept[label], self._hashes[label]
        if rank in hashes or (len(kept) == CHAINS and rank < kept[0][0]):
            return
        words = array("I", map(self._numbers.__getitem__, [*split_words(text), ""]))
        hashes.add(rank)
        if len(kept) < CHAINS:
            heapq.heappush(kept, (rank, words))
        else:
            hashes.remove(heapq.heapreplace(kept, (rank, words))[0])

    def words(self) -> list[str]:
        """Return the different words by number; number 0 is no word."""
        return list(self._numbers)

    def chains(self) -> dict[int, Chains]:
        """Return the chains that were kept, by label."""
        return {label: _joined(kept) for label, kept in sorted(self._kept.items())}


def families(forms: list[str], chains: np.ndarray) -> np.ndarray:
    """Return for each form, int64[v], the number of the one that stands for all its inflections.

    That is the form in the most chains; the alphabet decides a tie. A form in fewer than three
    chains stands for itself. chains: int64[v], how many use each form.
    """
    common = np.flatnonzero(chains >= LEAST_CHAINS).tolist()
    numbers = {forms[i]: i for i in common}

    def root(i: int) -> int:
        bases = [numbers[b] for b in base_forms(forms[i]) if b in numbers]
        return root(max(bases, key=lambda b: (chains[b], forms[b]))) if bases else i

    members = defaultdict(list)
    for i in common:
        members[root(i)].append(i)
    family = np.arange(len(forms))
    for group in members.values():
        family[group] = min(group, key=lambda i: (-chains[i], forms[i]))
    return family


def _joined(kept: list[tuple[int, array]]) -> Chains:
    """Return the chains of a cluster as arrays."""
    lengths = [len(words) for _, words in kept]
    ids = np.concatenate([np.frombuffer(words, np.uint32) for _, words in kept])
    rows = np.repeat(np.arange(len(kept), dtype=np.int32), lengths)
    return Chains(ids.view(np.int32), rows, len(kept))
