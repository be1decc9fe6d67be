"""The words of each cluster's chains, in bounded memory, and which are forms of one word."""

import functools
import hashlib
import heapq
from array import array
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from threadloom.cluster.topics import languages
from threadloom.cluster.topics.words import base_forms, split_words

# At most this many different chains of a cluster are read, those with the lowest hashes. They are a
# random sample, whatever the order of the chains (bottom-k, Cohen & Kaplan 2007,
# doi:10.1145/1281100.1281133). The standard error of a share is at most 0.7 percentage points, and
# 0.2 at the smallest share that counts.
CHAINS = 5_000
# About this many chains are kept, so that many small clusters take no more memory than a few.
KEPT = 200_000
# At least this many chains of a cell are kept if it has as many.
LEAST_KEPT = 100
# A word that fewer chains of a cluster use is a name, a misspelling or one writer's habit.
LEAST_CHAINS = 3
# Hashes are below this.
_HASHES = 2**56


@dataclass(frozen=True)
class Chains:
    """The words of a cluster's chains.

    ids: int32[m], the numbers of the words, chain by chain, with a 0 after each chain. rows:
    int32[m], the chain of each word, from 0. size: how many chains there are.
    """

    ids: np.ndarray
    rows: np.ndarray
    size: int

    def counts(self, family: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the words that occur, int64[w] in order, and how many chains use each, int64[w].

        A family counts as its one form. family: int64[v], see `families`.
        """
        words = len(family)
        pairs = np.unique(self.rows * np.int64(words) + family[self.ids])
        ids, counts = np.unique(pairs % words, return_counts=True)
        return ids[ids > 0], counts[ids > 0]


class _Cell:
    """The chains of one cell that are kept: those with the lowest hashes.

    sure: those whose hashes are low enough for every cell. others: a heap of the others, the
    highest hash first. below: all chains with a lower hash are there.
    """

    def __init__(self) -> None:
        """Start with no chains."""
        self.sure: list[tuple[int, array]] = []
        self.others: list[tuple[int, array]] = []
        self.hashes: set[int] = set()
        self.below = _HASHES

    def __len__(self) -> int:
        """The number of chains."""
        return len(self.sure) + len(self.others)

    def drop_highest(self) -> None:
        """Forget the chain with the highest hash of `others`."""
        rank, _ = heapq.heappop(self.others)
        self.hashes.remove(-rank)
        self.below = -rank

    def take(self) -> list[tuple[int, array]]:
        """Return the hashes and the words of the chains, and forget them."""
        taken = self.sure + [(-rank, words) for rank, words in self.others]
        self.sure, self.others = [], []
        self.hashes.clear()
        return taken


class ClusterTexts:
    """The words of a sample of the different chains of each cluster.

    The rows are in cells, and a cluster is one cell or several: if clusters lie in other clusters,
    each text is read once, for its cell, and `chains` joins cells. Which chains are kept depends on
    their hashes alone. So a chain that is kept in one cell is no less likely to be in another, and
    the chains of a cluster of many cells are as fair a sample as those of one.

    The memory is 4 bytes a word, about 250 bytes a chain, and each different word once.
    """

    def __init__(self, rows: int = 0, cells: int = 1) -> None:
        """Start with no texts, for this many rows in this many cells."""
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._numbers[""] = 0
        self._cells: defaultdict[int, _Cell] = defaultdict(_Cell)
        # A chain with a lower hash is kept in every cell. Others fill a cell up to `_least`.
        self._sure = min(_HASHES, _HASHES * KEPT // rows) if rows else 0
        self._least = max(LEAST_KEPT, min(CHAINS, KEPT // max(cells, 1))) if rows else CHAINS
        self._joined: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def add(self, cell: int, text: str) -> None:
        """Read one chain that lies in this cell."""
        digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=7).digest()
        number = int.from_bytes(digest)
        kept = self._cells[cell]
        if number in kept.hashes:
            return
        sure, full = number < self._sure, len(kept) >= self._least
        if not sure and full and (not kept.others or number > -kept.others[0][0]):
            kept.below = min(kept.below, number)
            return
        words = array("I", map(self._numbers.__getitem__, [*split_words(text), ""]))
        kept.hashes.add(number)
        if sure:
            kept.sure.append((number, words))
        else:
            heapq.heappush(kept.others, (-number, words))
        if len(kept) > self._least and kept.others:
            kept.drop_highest()

    def words(self) -> list[str]:
        """Return the different words by number; number 0 is no word."""
        return list(self._numbers)

    def families(self) -> np.ndarray:
        """Return the number of the form that stands for each word, int64[v], see `families`."""
        forms = self.words()
        alone, total = np.arange(len(forms)), np.zeros(len(forms), np.int64)
        for cell in self.cells():
            ids, counts = self.chains([cell]).counts(alone)
            total[ids] += counts
        return families(forms, total)

    def cells(self) -> list[int]:
        """Return the cells that have texts, in order."""
        return sorted(self._cells)

    def chains(self, cells: Iterable[int]) -> Chains:
        """Return the chains of a cluster of these cells, without stop words of their languages."""
        known = [cell for cell in cells if cell in self._cells]
        # Below this hash the chains of all cells are there.
        below = min((max(self._sure, self._cells[c].below) for c in known), default=0)
        hashes, ids, ends = [], [], []
        for cell in known:
            numbers, words, lengths = self._arrays(cell)
            kept = numbers < below
            hashes.append(numbers[kept])
            ids.append(words[np.repeat(kept, lengths)])
            ends.append(lengths[kept])
        if not hashes:
            return Chains(np.empty(0, np.int32), np.empty(0, np.int32), 0)
        return _lowest(np.concatenate(hashes), np.concatenate(ids), np.concatenate(ends))

    def _arrays(self, cell: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return hashes int64[c], all words int32[m], and how many words each chain has, int[c].

        A stop word of the language of the cell's chains is 0.
        """
        if cell not in self._joined:
            kept = self._cells[cell].take()
            lengths = np.array([len(words) for _, words in kept], np.int64)
            numbers = np.array([number for number, _ in kept], np.int64)
            ids = np.concatenate([np.frombuffer(words, np.uint32) for _, words in kept])
            ids = ids.view(np.int32)
            stop = languages.foreign(ids, np.repeat(np.arange(len(kept)), lengths), self._lists)
            ids = np.where(np.isin(ids, stop), 0, ids) if len(stop) else ids
            self._joined[cell] = numbers, ids, lengths
        return self._joined[cell]

    @functools.cached_property
    def _lists(self) -> csr_array:
        return languages.listed(self.words())


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


def _lowest(numbers: np.ndarray, ids: np.ndarray, lengths: np.ndarray) -> Chains:
    """Return the different chains with the lowest hashes, at most 5,000.

    numbers: int64[c], the hashes. ids: int32[m], the words of all chains. lengths: int[c].
    """
    _, first = np.unique(numbers, return_index=True)
    kept = np.zeros(len(numbers), bool)
    kept[first[:CHAINS]] = True
    lengths_kept = lengths[kept]
    rows = np.repeat(np.arange(len(lengths_kept), dtype=np.int32), lengths_kept)
    return Chains(ids[np.repeat(kept, lengths)], rows, len(lengths_kept))
