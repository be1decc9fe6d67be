"""Tokens and batches of 32, for the contenders that run the model folder's graph."""

import json
from collections.abc import Callable

import numpy as np
import product
from tokenizers import Tokenizer

BATCH = 32
GRAPH = product.MODEL / "onnx" / "model.onnx"
DIMENSION = 384


def tokenizer() -> Tokenizer:
    """Load the model folder's tokenizer, which cuts as the model does and does not pad."""
    settings = json.loads((product.MODEL / "sentence_bert_config.json").read_text())
    tokens = Tokenizer.from_file(str(product.MODEL / "tokenizer.json"))
    tokens.no_padding()
    tokens.enable_truncation(settings["max_seq_length"])
    return tokens


def embed(
    texts: list[str],
    tokens: Tokenizer,
    by_length: bool,
    run: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Tokenise all texts on all cores, then run batch after batch of ids and their mask."""
    encoded = [encoding.ids for encoding in tokens.encode_batch_fast(texts)]
    order = list(range(len(texts)))
    if by_length:
        order.sort(key=lambda i: -len(encoded[i]))
    vectors = np.empty((len(texts), DIMENSION), np.float32)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        ids = np.zeros((len(rows), max(len(encoded[i]) for i in rows)), np.int64)
        mask = np.zeros_like(ids)
        for line, i in enumerate(rows):
            ids[line, : len(encoded[i])] = encoded[i]
            mask[line, : len(encoded[i])] = 1
        vectors[rows] = run(ids, mask)
    return vectors
