"""The texts that contenders embed, and how much work they make."""

from pathlib import Path

import numpy as np
import product
import pyarrow.parquet as pq
from contenders import batches
from contest import spread

SETS = {
    "mix": ("newsgroups", "comments"),
    "newsgroups": ("newsgroups",),
    "comments": ("comments",),
}
HIDDEN, INNER, LAYERS = 384, 1536, 6  # of all-MiniLM-L6-v2


def choose(name: str, number: int) -> list[str]:
    """Return `number` texts of a set, spread evenly over the corpus, in the order of the files.

    No text comes twice, because our engine would run it once. The halves of "mix" follow each
    other. If they were mixed more finely, batches in file order would have more padding than those
    of real files.
    """
    parts = SETS[name]
    corpus = product.corpus(*parts)
    return [text for part in parts for text in spread(read(corpus, part), number // len(parts))]


def read(corpus: Path, suffix: str) -> list[str]:
    """Return the texts of a part of the corpus, each once and without nulls."""
    files = sorted((corpus / "chains" / suffix).glob("*/*.parquet"))
    columns = [pq.read_table(file, columns=["text"])["text"].to_pylist() for file in files]
    return list(dict.fromkeys(text for column in columns for text in column if text is not None))


def lengths(texts: list[str]) -> np.ndarray:
    """Return the tokens that the model reads of each text."""
    return np.array([len(e.ids) for e in batches.tokenizer().encode_batch_fast(texts)])


def flops(tokens: np.ndarray) -> float:
    """Return the operations in matrix products for texts of int[n] tokens, without padding."""
    linear = 2 * LAYERS * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * INNER)
    attention = 4 * LAYERS * HIDDEN * tokens.astype(float)  # for one token
    return float(((linear + attention) * tokens).sum())
