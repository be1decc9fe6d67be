"""The chains that are kept of each cell, and those of clusters of many cells."""

import random

import numpy as np
import pytest

from threadloom.cluster.topics import vocabulary
from threadloom.cluster.topics.vocabulary import ClusterTexts


def share_of(read: ClusterTexts, cells: list[int], word: str) -> tuple[float, int]:
    """Return the share of the chains of a cluster that use a word, and their number."""
    chains = read.chains(cells)
    ids, counts = chains.counts(np.arange(len(read.words())))
    used = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    return used.get(read.words().index(word), 0) / chains.size, chains.size


@pytest.fixture
def few(monkeypatch):
    """Keep few chains, so that a test needs few."""
    monkeypatch.setattr(vocabulary, "KEPT", 2_000)
    monkeypatch.setattr(vocabulary, "CHAINS", 1_000)


def test_a_cluster_of_many_cells_is_a_fair_sample_of_its_chains(few):
    # A large cell in which a word is rare, and many small ones in which all chains have it.
    rows = [(0, "bread")] * 18_000 + [(1 + i % 40, "comet") for i in range(2_000)]
    read = ClusterTexts(len(rows), 41)
    for i, (cell, word) in enumerate(rows):
        read.add(cell, f"{word} orbit {i}x row")
    share, size = share_of(read, list(range(41)), "comet")
    assert size == 1_000
    assert share == pytest.approx(0.1, abs=4 * (0.1 * 0.9 / size) ** 0.5)
    # If a cell is small, more of its chains are kept than at the rate for all cells.
    assert share_of(read, [1], "comet") == (1.0, 50)


def test_memory_is_bounded_for_many_cells(few):
    read = ClusterTexts(30_000, 10)
    for i in range(30_000):
        read.add(i % 10, f"comet {i}x")
    # 2,000 for all cells together, and 200 for each at least.
    kept = sum(len(cell) for cell in read._cells.values())
    assert 1_900 < kept < 2_400
    assert all(len(cell) >= 200 for cell in read._cells.values())
    assert all(len(cell.hashes) == len(cell) for cell in read._cells.values())


def test_a_chain_in_two_cells_counts_once():
    read = ClusterTexts(20, 2)
    for i in range(10):
        read.add(0, f"comet {i}")
        read.add(1, f"comet {i}")
    assert read.chains([0, 1]).size == 10
    assert read.chains([7]).size == 0


@pytest.mark.parametrize("rows", [0, 5_000])
def test_the_order_of_the_rows_does_not_matter(few, rows):
    texts = [(i % 7, f"comet {'orbit' if i % 3 else 'mirror'} {i}") for i in range(5_000)]
    seen = set()
    for seed in range(3):
        read = ClusterTexts(rows, 7)
        for cell, text in random.Random(seed).sample(texts, len(texts)):
            read.add(cell, text)
        seen.add(share_of(read, [0, 1, 5], "mirror"))
        seen.add(share_of(read, [0, 1, 5], "mirror"))
    assert len(seen) == 1
