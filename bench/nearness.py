"""Measure how near vectors are to those of a reference."""

from dataclasses import dataclass

import numpy as np

NEAREST = 10


@dataclass(frozen=True)
class Nearness:
    """Cosines of the rows, and the largest difference of a number."""

    least: float
    mean: float
    difference: float

    def __str__(self) -> str:
        """Return the figures as a table has them."""
        return f"{self.least:.6f} / {self.mean:.6f}  {self.difference:.1e}"


def compare(vectors: np.ndarray, wanted: np.ndarray) -> Nearness:
    """Compare float32[rows, dimension] row by row."""
    a, b = vectors.astype(np.float64), wanted.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines = (a * b).sum(axis=1) / lengths
    return Nearness(float(cosines.min()), float(cosines.mean()), float(np.abs(a - b).max()))


def worst(all_of: list[Nearness]) -> Nearness:
    """Return the worst of each figure; NaN is the worst of all."""
    return Nearness(
        float(np.min([n.least for n in all_of])),
        float(np.min([n.mean for n in all_of])),
        float(np.max([n.difference for n in all_of])),
    )


def overlap(vectors: np.ndarray, wanted: np.ndarray) -> float:
    """Return the mean share of each row's nearest rows that both have in common."""
    number = min(NEAREST, len(wanted) - 1)
    pairs = zip(nearest(vectors, number), nearest(wanted, number), strict=True)
    return float(np.mean([len(set(a) & set(b)) / number for a, b in pairs]))


def nearest(vectors: np.ndarray, number: int) -> np.ndarray:
    """Return the rows with the highest cosine to each row, itself left out."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :number]
