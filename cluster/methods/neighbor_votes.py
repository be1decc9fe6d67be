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


def heaviest(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return for each row the label that has the largest weight, the lowest of equal ones.

    labels: int[n, v], the labels of each row's v voters; weights: float32[n, v]. Gives int32[n], -1
    for a row without any weight. Its memory does not depend on the number of labels.
    """
    same = labels[:, :, None] == labels[:, None, :]
    totals = np.where(weights > 0, (same * weights[:, None, :]).sum(axis=2), 0)
    most = totals.max(axis=1, initial=0)
    none = np.iinfo(np.int32).max
    winners = np.where((totals == most[:, None]) & (totals > 0), labels, none)
    lowest = winners.min(axis=1, initial=none)
    return np.where(lowest == none, -1, lowest).astype(np.int32)


def shares(labels: np.ndarray, weights: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the share of the votes that each row's own label has, float32[n] in 0..1.

    labels: int[n, v], the labels of each row's v voters; weights: float32[n, v]; own: int[n]. 0 for
    a row of noise (-1), and for one without any weight.
    """
    mine = np.where(labels == own[:, None], weights, 0).sum(axis=1)
    all_of_it = np.maximum(weights.sum(axis=1), np.finfo(np.float32).tiny)
    return np.where(own < 0, 0, mine / all_of_it).clip(0, 1).astype(np.float32)


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
