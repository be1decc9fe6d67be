"""The different vectors that a method clusters, with what several steps need of them."""

from functools import cached_property

import numpy as np

from threadloom.cluster.methods import neighbors
from threadloom.cluster.methods.graph import Graph, fuzzy_union
from threadloom.cluster.methods.neighbors import Index

# Neighbours of a row in the graph, itself not counted. More of them differ less from seed to seed.
# With _NEIGHBORS_OF_MORE the coarse levels are better, but among few rows fine topics run together,
# and above EXACT_ROWS they take too long.
_FEW = 12_000
_NEIGHBORS_OF_FEW, _NEIGHBORS_OF_MORE, _NEIGHBORS_OF_MANY = 25, 50, 15


class Rows:
    """Different vectors, float32[m, d], and their nearest neighbours, which are computed once."""

    def __init__(self, vectors: np.ndarray) -> None:
        """Take the vectors; nothing is computed yet."""
        self.vectors = vectors
        self._known: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.vectors)

    @cached_property
    def index(self) -> Index:
        """The index of the vectors."""
        return Index(self.vectors)

    def neighbors(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k nearest of each row, itself first; see `neighbors.Index.neighbors`."""
        if self._known is None or self._known[0].shape[1] < k:
            self._known = self.index.neighbors(k)
        return self._known[0][:, :k], self._known[1][:, :k]

    @cached_property
    def graph(self) -> Graph:
        """The graph of nearest neighbours."""
        k = _NEIGHBORS_OF_MANY
        if len(self) <= neighbors.EXACT_ROWS:
            k = _NEIGHBORS_OF_FEW if len(self) <= _FEW else _NEIGHBORS_OF_MORE
        indices, distances = self.neighbors(min(k + 1, len(self)))
        return fuzzy_union(indices[:, 1:], distances[:, 1:])
