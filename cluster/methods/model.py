"""A clustering that can be saved, and can put new vectors into its clusters.

A new row goes to the cluster of its nearest fitted rows, the anchors. Each of the nearest by cosine
votes for its own cluster, or for noise. The weight of its vote is the cosine times its probability
in that cluster. So the model is the same for every method and needs neither UMAP nor HDBSCAN. It
holds no pickled objects, because these run code when they are read, and break with the next version
of a library.

On disk it is a folder: `anchors.npz` (arrays) and `model.json` (the rest), bound by a sha256.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from threadloom.cluster.clustering import Clustering
from threadloom.cluster.files.atomic_write import replacing, write_text
from threadloom.cluster.methods.neighbor_votes import VOTERS, tally
from threadloom.cluster.methods.neighbors import BLOCK, nearest_means, nearest_of, unit

FORMAT = 1

_ARRAYS = ("anchors", "labels", "probabilities", "outlier_scores", "points", "middles")


@dataclass(frozen=True)
class Model:
    """The m rows that were fitted, and their clusters.

    anchors: float16[m, d] of length 1. labels: int32[m]. probabilities, outlier_scores: float32[m].
    points: float32[p, 2], where the first p of the anchors lie on the map. middles: float32[k, d],
    the clusters' mean directions. levels: int32[k] each, see `Clustering`. names: of the clusters.
    embedding: what made the vectors: `model`, `model_sha256`, `precision`, `dimension`.
    noise_share: the share of noise that `assign` gives rows like the fitted ones. about: method,
    seed and other settings.
    """

    anchors: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    outlier_scores: np.ndarray
    points: np.ndarray
    middles: np.ndarray
    levels: tuple[np.ndarray, ...] = ()
    names: tuple[str, ...] = ()
    embedding: dict = field(default_factory=dict)
    noise_share: float = 0.0
    about: dict = field(default_factory=dict)

    def assign(self, vectors: np.ndarray) -> Clustering:
        """Return the clusters of new vectors, float32[n, d]; nothing is fitted.

        A row's probability is the share of the votes that its cluster got, and its outlier score
        is the mean of its voters' scores.
        """
        labels, probabilities, scores = self.vote(vectors)
        nearest, distances = self.nearest(vectors, labels)
        return Clustering(labels, probabilities, scores, nearest, distances, self.levels)

    def vote(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return labels int32[n], probabilities and outlier scores float32[n] of new vectors."""
        rows, noise = len(vectors), len(self.middles)
        labels = np.full(rows, -1, np.int32)
        probabilities, scores = np.zeros(rows, np.float32), np.zeros(rows, np.float32)
        for part, votes, voters in self._polls(vectors):
            winner = votes.argmax(axis=1)
            share = votes.max(axis=1) / np.maximum(votes.sum(axis=1), np.finfo(np.float32).tiny)
            labels[part] = np.where(winner == noise, -1, winner)
            probabilities[part] = np.where(winner == noise, 0, share)
            scores[part] = self.outlier_scores[voters].mean(axis=1)
        return labels, probabilities, scores

    def nearest(self, vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the cluster of each row; for noise the one that got the most votes.

        If no neighbour is in any cluster, it is the one whose mean is nearest. Gives int32[n], -1
        if there are no clusters, and the cosine distances float32[n] (0..2) to the clusters' means,
        2 if there are none.
        """
        labels = labels.astype(np.int32)
        noise = np.flatnonzero(labels < 0)
        for part, votes, _ in self._polls(vectors, noise):
            inside = votes[:, :-1]
            if inside.shape[1]:
                labels[noise[part]] = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
        return nearest_means(vectors, labels, self.middles)

    def expected_noise(self) -> float:
        """Return the share of noise if each anchor were assigned by the other anchors.

        The first 4,096 anchors decide, which are a fair sample. `assign` compares the noise among
        new rows with this share.
        """
        asked = self.anchors[:4096]
        if not len(asked):
            return 0.0
        voters, closeness = nearest_of(asked, unit(self.anchors), VOTERS + 1)
        others = voters != np.arange(len(asked))[:, None]
        weights = np.maximum(closeness, 0) * self._says()[voters] * others
        votes = tally(self.labels[voters], weights, len(self.middles))
        return round(float((votes.argmax(axis=1) == len(self.middles)).mean()), 4)

    def _says(self) -> np.ndarray:
        """Return the weight of each anchor's vote: its probability, or 1 if it is noise."""
        return np.where(self.labels >= 0, self.probabilities, 1).astype(np.float32)

    def _polls(
        self, vectors: np.ndarray, rows: np.ndarray | None = None
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield the votes on some rows (all, if `rows` is None), a part at a time.

        Yields the part of `rows`, votes float32[p, k + 1] with noise last, and voters int[p, v].
        """
        if not len(self.anchors):
            return
        anchors = unit(self.anchors)
        says = self._says()
        for start in range(0, len(vectors) if rows is None else len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            voters, closeness = nearest_of(
                vectors[part if rows is None else rows[part]], anchors, VOTERS
            )
            weights = np.maximum(closeness, 0) * says[voters]
            yield part, tally(self.labels[voters], weights, len(self.middles)), voters


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
        "names": list(model.names),
        "levels": [groups.tolist() for groups in model.levels],
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
            levels=tuple(np.array(groups, np.int32) for groups in facts["levels"]),
            names=tuple(facts["names"]),
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
