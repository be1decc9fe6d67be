"""Long texts in overlapping chunks, as ``models/split.go`` and ``models/stream.go`` have them."""

import json
from pathlib import Path

import numpy as np

# Tokens that two neighbouring chunks share, so that some chunk has each sentence whole.
OVERLAP_TOKENS = 32


def continuations(tokenizer: Path) -> set[int]:
    """Return the tokens that continue a word: those with the prefix of a WordPiece vocabulary."""
    model = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]
    prefix = model.get("continuing_subword_prefix")
    if model.get("type") != "WordPiece" or not prefix:
        return set()
    return {id for token, id in model["vocab"].items() if token.startswith(prefix)}


def split(
    ids: list[int], continues: set[int], size: int, overlap: int = OVERLAP_TOKENS
) -> list[list[int]]:
    """Cut tokens into windows of at most `size` that begin and end with whole words.

    A word that fills a window is cut.
    """
    windows, start = [], 0
    while True:
        end = min(start + size, len(ids))
        if end < len(ids):
            end = _word_start(ids, continues, end, start)
        windows.append(ids[start:end])
        if end == len(ids):
            return windows
        start = _word_start(ids, continues, max(start + 1, end - overlap), start)


def _word_start(ids: list[int], continues: set[int], i: int, after: int) -> int:
    return next((at for at in range(i, after, -1) if ids[at] not in continues), i)


def sums(values: np.ndarray, chunks: np.ndarray) -> np.ndarray:
    """Return the sum over each text's chunks, of the same type as the values."""
    if len(chunks) == 0:
        return values
    starts = np.cumsum(chunks) - chunks
    return np.add.reduceat(values, starts, axis=0, dtype=values.dtype)


def means(
    vectors: np.ndarray, weights: np.ndarray, chunks: np.ndarray, normalized: bool
) -> np.ndarray:
    """Return float32[texts, d]: the mean of each text's chunks, weighted by their tokens.

    vectors: float32[chunks of all, d]. weights: their tokens. chunks: int32[texts], how many each
    text has. A mean has length 1 if `normalized`. The vector of a text with one chunk stays as it
    is.
    """
    weighted = sums(vectors.astype(np.float64) * weights[:, None], chunks)
    if normalized:
        totals = np.linalg.norm(weighted, axis=1)
    else:
        totals = sums(weights.astype(np.float64), chunks)
    mean = (weighted / np.where(totals > 0, totals, 1)[:, None]).astype(np.float32)
    single = chunks == 1
    mean[single] = vectors[(np.cumsum(chunks) - chunks)[single]]
    return mean
