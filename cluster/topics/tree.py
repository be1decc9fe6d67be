"""The words and the names of the clusters of all levels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from threadloom.cluster.methods.neighbors import BLOCK, unit
from threadloom.cluster.topics import names, nearness
from threadloom.cluster.topics.names import Candidate, Description, beginnings
from threadloom.cluster.topics.vocabulary import ClusterTexts

# Takes words and returns their vectors, float32[w, d] of length 1; None if there are none.
Embed = Callable[[list[str]], np.ndarray | None]


@dataclass(frozen=True)
class Named:
    """A cluster with its name. words: heaviest first. coherence: see `names.Description`."""

    name: str
    words: list[str]
    coherence: float | None


@dataclass(frozen=True)
class Cells:
    """The parts into which the clusters of all levels divide the rows.

    The rows of a cell have the same label at every level. So what is counted once for each cell can
    be added up for the clusters of each level.

    of_rows: int32[n], the cell of each row. labels: int32[levels, cells], the label of each cell at
    each level, -1 for noise.
    """

    of_rows: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, levels: list[np.ndarray]) -> "Cells":
        """Return the cells of the labels of some levels, int[n] each."""
        cell = np.zeros(len(levels[0]), np.int64)
        for labels in levels:
            codes = cell * (int(labels.max(initial=-1)) + 2) + labels + 1
            _, first, cell = np.unique(codes, return_index=True, return_inverse=True)
        return cls(cell.astype(np.int32), np.array([labels[first] for labels in levels], np.int32))

    @property
    def count(self) -> int:
        """The number of cells."""
        return self.labels.shape[1]

    def members(self, level: int) -> dict[int, np.ndarray]:
        """Return the cells of each label of a level, int[c] each; noise is -1."""
        labels = self.labels[level]
        return {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}

    def sums(self, vectors: np.ndarray) -> np.ndarray:
        """Return the sum of each cell's vectors, each brought to length 1: float64[cells, d]."""
        total = np.zeros((self.count, vectors.shape[1]))
        for start in range(0, len(vectors), BLOCK):
            mine = self.of_rows[start : start + BLOCK]
            order = np.argsort(mine, kind="stable")
            found, begins = np.unique(mine[order], return_index=True)
            units = unit(vectors[start : start + BLOCK])[order].astype(np.float64)
            total[found] += np.add.reduceat(units, begins, axis=0)
        return total


def describe_levels(
    texts: ClusterTexts,
    cells: Cells,
    parents: list[np.ndarray],
    cell_sums: np.ndarray,
    embed: Embed,
) -> list[list[Named]]:
    """Return the clusters of each level by label, coarsest level first.

    texts: the texts of each cell. parents: for each level int[k], the cluster of the level before
    in which each of its k clusters lies; empty at the first level. cell_sums: see `Cells.sums`.

    No two clusters of a level have one name. A name has no words of its parent's name, but it may
    have a phrase with one of them and another word. If no other words are left, it is the parent's
    name with the cluster's label. A cluster that is alone in its parent has the parent's name.
    """
    forms, family = texts.words(), texts.families()
    described: list[dict[int, Description]] = []
    members = [cells.members(level) for level in range(len(parents))]
    for of_level in members:
        clusters = {label: texts.chains(mine.tolist()) for label, mine in of_level.items()}
        described.append(names.describe(clusters, forms, family, nearness.CANDIDATES))
    order = _Order(described, embed)
    found: list[list[Named]] = []
    for level, lies_in in enumerate(parents):
        of_level = described[level]
        if not of_level:
            found.append([])
            continue
        means = unit(np.array([cell_sums[members[level][label]].sum(axis=0) for label in of_level]))
        orders, known = {}, {}
        alone = np.bincount(lies_in, minlength=1)[lies_in] == 1 if len(lies_in) else []
        directions = nearness.directions(means, lies_in)
        for label, description in of_level.items():
            parent = found[-1][lies_in[label]].name if level else ""
            if level and alone[label]:
                known[label] = parent
                continue
            said = beginnings(parent.replace(",", " "))
            allowed = [c for c in description.candidates if beginnings(c.text) - said]
            orders[label] = order(allowed, directions[label])
            if level and not orders[label]:
                known[label] = f"{parent} ({label})"
        chosen = names.unique_names(orders, known)
        found.append(
            [
                Named(chosen[label], [c.text for c in d.candidates[: names.SHOWN]], d.coherence)
                for label, d in of_level.items()
            ]
        )
    return found


class _Order:
    """Orders the candidates of a cluster for its name: by their vectors if there are any."""

    def __init__(self, described: list[dict[int, Description]], embed: Embed) -> None:
        """Embed the candidates of all clusters."""
        everything = (d.candidates for level in described for d in level.values())
        words = sorted({c.text for candidates in everything for c in candidates})
        self._numbers = {word: i for i, word in enumerate(words)}
        self._vectors = embed(words)

    def __call__(self, candidates: list[Candidate], direction: np.ndarray) -> list[str]:
        """Return the texts in the order in which they should become a name."""
        if self._vectors is None:
            return names.by_weight(candidates)
        texts = [c.text for c in candidates]
        vectors = self._vectors[[self._numbers[text] for text in texts]]
        return nearness.by_nearness(texts, [c.chains for c in candidates], vectors, direction)
