"""A clustering that can be saved, and can put new vectors into its clusters.

A new row goes to the cluster of its nearest fitted rows, the anchors. Each of the nearest by cosine
votes for its own cluster, or for noise. The weight of its vote is the cosine times its probability
in that cluster. So the model is the same for every method and needs neither UMAP nor HDBSCAN. It
holds no pickled objects, because these run code when they are read, and break with the next version
of a library.

The votes decide at the method's level whether a row is noise, and if not, which cluster is its own.
The coarser levels follow from the tree. At a finer level only those voters count that are in the
row's cluster of the level before, so levels always nest.

On disk it is a folder: `anchors.npz` (arrays) and `model.json` (the rest), bound by a sha256.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from threadloom.cluster.clustering import Clustering, Level, at_level
from threadloom.cluster.files.atomic_write import replacing, write_text
from threadloom.cluster.methods.neighbor_votes import VOTERS, heaviest, shares, tally
from threadloom.cluster.methods.neighbors import BLOCK, Index, means, nearest_means, unit

FORMAT = 2

_ARRAYS = ("anchors", "finest", "probabilities", "outlier_scores", "points", "middles")


@dataclass(frozen=True)
class Votes:
    """The fitted rows that vote on n rows.

    voters: int32[n, v], numbers of anchors. weights: float32[n, v], at least 0.
    """

    voters: np.ndarray
    weights: np.ndarray

    def of(self, rows: slice | np.ndarray) -> "Votes":
        """Return the votes on some of the rows."""
        return Votes(self.voters[rows], self.weights[rows])


@dataclass(frozen=True, eq=False)
class Model:
    """The m rows that were fitted, and their clusters.

    anchors: float16[m, d] of length 1. finest: int32[m], their clusters at the finest level, -1 for
    noise. probabilities, outlier_scores: float32[m]. points: float32[p, 2], where the first p of
    the anchors lie on the map. middles: float32[k, d], the mean directions of the method's
    clusters. parents: the tree of the levels, coarsest first: for each cluster of a level the one
    of the level before, int32 each; empty at the first level. method_level: the index of the
    method's own level.
    names: of the clusters of each level. embedding: what made the vectors: `model`, `model_sha256`,
    `precision`, `dimension`. noise_share: the share of noise that `assign` gives rows like the
    fitted ones. about: method, seed and other settings.
    """

    anchors: np.ndarray
    finest: np.ndarray
    probabilities: np.ndarray
    outlier_scores: np.ndarray
    points: np.ndarray
    middles: np.ndarray
    parents: tuple[np.ndarray, ...] = (np.empty(0, np.int32),)
    method_level: int = 0
    names: tuple[tuple[str, ...], ...] = ()
    embedding: dict = field(default_factory=dict)
    noise_share: float = 0.0
    about: dict = field(default_factory=dict)

    @cached_property
    def labels(self) -> np.ndarray:
        """The anchors' labels at the method's level, int32[m]."""
        return self.labels_at(self.method_level)

    def labels_at(self, level: int) -> np.ndarray:
        """Return the anchors' labels at a level, int32[m]."""
        return self._climb(self.finest, level)

    def count_at(self, level: int) -> int:
        """Return the number of clusters of a level."""
        if level:
            return len(self.parents[level])
        if level == self.method_level:
            return len(self.middles)
        return int(self.parents[1].max(initial=-1)) + 1

    def assign(self, vectors: np.ndarray) -> Clustering:
        """Return the clusters of new vectors, float32[n, d]; nothing is fitted.

        A row's probability is the share of the votes that its cluster got, and its outlier score
        is the mean of its voters' scores.
        """
        votes = self.poll(vectors)
        labels, probabilities, scores = self.elect(votes)
        nearest, distances = nearest_means(vectors, self.elected(labels, votes), self.middles)
        found = self.descend(vectors, np.arange(len(vectors)), nearest, votes)
        levels = tuple(self.levels(labels, found, votes))
        return Clustering(
            labels, probabilities, scores, nearest, distances, levels, self.method_level
        )

    def poll(self, vectors: np.ndarray, index: Index | None = None) -> Votes:
        """Return the votes of the nearest anchors on new vectors, float32[n, d].

        index: of the anchors, if there is one already.
        """
        if not len(self.anchors):
            none = np.empty((len(vectors), 0))
            return Votes(none.astype(np.int32), none.astype(np.float32))
        voters, closeness = (index or self._index).search(vectors, VOTERS)
        return self.weighted(np.maximum(voters, 0), closeness)  # a missing voter has no weight

    @cached_property
    def _index(self) -> Index:
        return Index(self.anchors)

    def weighted(self, voters: np.ndarray, closeness: np.ndarray) -> Votes:
        """Return the votes of anchors, int32[n, v], that are as close as float32[n, v] (cosine).

        The weight of a vote is the cosine times the voter's probability, which is 1 for noise.
        """
        says = np.where(self.labels >= 0, self.probabilities, 1).astype(np.float32)
        return Votes(voters, np.maximum(closeness, 0) * says[voters])

    def elect(self, votes: Votes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return labels int32[n], probabilities and outlier scores float32[n] from the votes."""
        rows, noise = len(votes.voters), len(self.middles)
        labels = np.full(rows, -1, np.int32)
        probabilities, scores = np.zeros(rows, np.float32), np.zeros(rows, np.float32)
        if not votes.voters.size:
            return labels, probabilities, scores
        for part, counted in self._tallies(votes):
            winner = counted.argmax(axis=1)
            all_of_it = np.maximum(counted.sum(axis=1), np.finfo(np.float32).tiny)
            labels[part] = np.where(winner == noise, -1, winner)
            probabilities[part] = np.where(winner == noise, 0, counted.max(axis=1) / all_of_it)
            scores[part] = self.outlier_scores[votes.voters[part]].mean(axis=1)
        return labels, probabilities, scores

    def elected(self, labels: np.ndarray, votes: Votes) -> np.ndarray:
        """Return labels int32[n], with that of most votes for noise; -1 if no vote names any."""
        elected = labels.astype(np.int32)
        noise = np.flatnonzero(elected < 0)
        if len(self.middles) and votes.voters.size:
            for part, counted in self._tallies(votes.of(noise)):
                inside = counted[:, :-1]
                elected[noise[part]] = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
        return elected

    def descend(
        self,
        vectors: np.ndarray,
        rows: np.ndarray,
        nearest: np.ndarray,
        votes: Votes,
        finest: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Return the cluster at each level, int32[n], of n of the vectors; for noise its nearest.

        vectors: float32[N, d]; rows: int[n], which of them. nearest: int32[n], their clusters at
        the method's level, from which those of coarser levels follow. At a finer level it is the
        cluster with the most votes inside the row's cluster at the level before. If no vote names
        any, the nearest mean at the finest level decides.
        finest: int32[n], clusters at the finest level that are known already; -1 for the others.
        """
        known = np.full(len(nearest), -1, np.int32) if finest is None else finest
        parts = []
        for start in range(0, max(len(nearest), 1), BLOCK):
            part = slice(start, start + BLOCK)
            mine = rows[part], nearest[part], votes.of(part), known[part]
            parts.append(self._descend(vectors, *mine))
        return [np.concatenate(level) for level in zip(*parts, strict=True)]

    def _descend(
        self,
        vectors: np.ndarray,
        rows: np.ndarray,
        nearest: np.ndarray,
        votes: Votes,
        finest: np.ndarray,
    ) -> list[np.ndarray]:
        """Do what `descend` does, for a part of the rows."""
        found = [nearest]
        for parents in self.parents[self.method_level : 0 : -1]:
            found.insert(0, at_level(parents, found[0]))
        if self.method_level == len(self.parents) - 1:
            return found
        inside = votes.weights * (self.labels[votes.voters] == nearest[:, None])
        lost = np.flatnonzero((finest < 0) & (nearest >= 0) & ~inside.any(axis=1))
        known = finest.copy()
        known[lost] = self._nearest_inside(vectors[rows[lost]], nearest[lost])
        for level in range(self.method_level + 1, len(self.parents)):
            labels = self.labels_at(level)[votes.voters]
            mine = np.where(known >= 0, self._climb(known, level), heaviest(labels, inside))
            inside = inside * (labels == mine[:, None])
            found.append(mine)
        return found

    def _climb(self, finest: np.ndarray, level: int) -> np.ndarray:
        """Return the clusters of a level, int32[n], from those of the finest; noise stays -1."""
        for parents in self.parents[:level:-1]:
            finest = at_level(parents, finest)
        return finest

    @cached_property
    def _finest_middles(self) -> np.ndarray:
        """The mean directions of the anchors of each of the finest clusters, float32[k, d]."""
        return means(self.anchors, self.finest, int(self.finest.max(initial=-1)) + 1)

    def _nearest_inside(self, vectors: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """Return the finest cluster whose mean is nearest to each vector, int32[p].

        vectors: float32[p, d]; inside: int32[p], the method's cluster that it must lie in.
        """
        middles = self._finest_middles
        above = self._climb(np.arange(len(middles)), self.method_level)
        closeness = unit(vectors) @ middles.T
        closeness[above != inside[:, None]] = -2
        return closeness.argmax(axis=1).astype(np.int32)

    def levels(self, labels: np.ndarray, found: list[np.ndarray], votes: Votes) -> Iterator[Level]:
        """Yield the levels of n rows, coarsest first, from what `descend` found.

        labels: int32[n], at the method's level. A row of noise there is noise at every level.
        """
        for level, (nearest, parents) in enumerate(zip(found, self.parents, strict=True)):
            mine = np.where(labels >= 0, nearest, -1).astype(np.int32)
            strengths = np.zeros(len(labels), np.float32)
            of_anchors = self.labels_at(level)
            for start in range(0, len(labels), BLOCK):
                part = slice(start, start + BLOCK)
                theirs = of_anchors[votes.voters[part]]
                strengths[part] = shares(theirs, votes.weights[part], mine[part])
            yield Level(mine, strengths, nearest.astype(np.int32), parents)

    def expected_noise(self, votes: Votes) -> float:
        """Return the share of noise if each anchor were assigned by the other anchors.

        votes: on the anchors, without their own. `assign` compares the noise among new rows with
        this share.
        """
        noise = self.elect(votes)[0] < 0
        return round(float(noise.mean()), 4) if len(noise) else 0.0

    def _tallies(self, votes: Votes) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the votes for the method's clusters, a part of the rows at a time.

        Yields the part, and float32[p, k + 1] with noise last.
        """
        for start in range(0, len(votes.voters), BLOCK):
            part = slice(start, start + BLOCK)
            labels = self.labels[votes.voters[part]]
            yield part, tally(labels, votes.weights[part], len(self.middles))


def save(folder: str, model: Model) -> None:
    """Write the model, and make the folder if it is missing."""
    arrays = os.path.join(folder, "anchors.npz")
    with replacing(arrays) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{name: getattr(model, name) for name in _ARRAYS})
    facts = {
        "format": FORMAT,
        "sha256": _sha256(arrays),
        "rows": len(model.anchors),
        "clusters": len(model.middles),
        "noise_share": model.noise_share,
        "embedding": model.embedding,
        "about": model.about,
        "method_level": model.method_level,
        "parents": [parents.tolist() for parents in model.parents],
        "names": [list(names) for names in model.names],
    }
    # Written last, because it says that the arrays exist, and which ones.
    write_text(os.path.join(folder, "model.json"), json.dumps(facts, indent=2) + "\n")


def load(folder: str) -> Model:
    """Read a model; ValueError, in one line, if the folder has none or a damaged one."""
    path, arrays = os.path.join(folder, "model.json"), os.path.join(folder, "anchors.npz")
    try:
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}, want {FORMAT}: cluster again")
        if _sha256(arrays) != facts["sha256"]:
            raise ValueError("anchors.npz does not belong to it: cluster again")
        with np.load(arrays, allow_pickle=False) as held:
            values = {name: held[name] for name in _ARRAYS}
        return Model(
            **values,
            parents=tuple(np.array(parents, np.int32) for parents in facts["parents"]),
            method_level=facts["method_level"],
            names=tuple(tuple(names) for names in facts["names"]),
            embedding=facts["embedding"],
            noise_share=facts["noise_share"],
            about=facts["about"],
        )
    except FileNotFoundError as error:
        raise ValueError(f"{folder}: no model of clusters: no {error.filename}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a usable model of clusters: {error}") from None


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
