"""The votes of a row's nearest neighbours on the cluster to which it belongs."""

import numpy as np

from threadloom.cluster.methods.rows import Rows

# The number of neighbours that vote.
VOTERS = 15


def tally(labels: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """Return the votes for each of `count` clusters, and for noise in the last column.

    labels: int[n, v], the clusters of each row's v voters, -1 for noise; weights: float32[n, v].
    Gives float32[n, count + 1].
    """
    votes = np.zeros((len(labels), count + 1), np.float32)
    chosen = np.where(labels < 0, count, labels)
    np.add.at(votes, (np.arange(len(labels))[:, None], chosen), weights)
    return votes


def adopt(
    rows: Rows, labels: np.ndarray, probabilities: np.ndarray, majority: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and probabilities, with rows of noise moved to their neighbours' cluster.

    labels: int[m]; probabilities: float[m]. A row of noise moves to a cluster with more than
    `majority` (0..1) of its neighbours' votes. The weight of a vote is its cosine. The share of the
    votes becomes the row's probability.
    """
    if labels.max(initial=-1) < 0:
        return labels, probabilities
    voters, distances = rows.neighbors(min(VOTERS + 1, len(rows)))
    weights = np.maximum(1 - distances[:, 1:], 0)
    votes = tally(labels[voters[:, 1:]], weights, labels.max() + 1)
    share = votes / np.maximum(votes.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    best = share[:, :-1].argmax(axis=1)
    won = np.take_along_axis(share, best[:, None], axis=1)[:, 0]
    moved = (labels < 0) & (won > majority)
    return np.where(moved, best, labels), np.where(moved, won, probabilities)
