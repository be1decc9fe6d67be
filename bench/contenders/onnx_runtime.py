"""ONNX Runtime from Python on the model folder: batches of 32, its own number of threads."""

from collections.abc import Callable
from functools import partial

import numpy as np
import onnxruntime

from contenders import batches


def load(order: str) -> tuple[Callable[[list[str]], np.ndarray], str]:
    """Load the graph; the order of the texts is that of the "file" or by "length"."""
    session = onnxruntime.InferenceSession(batches.GRAPH, providers=["CPUExecutionProvider"])

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    tokens = batches.tokenizer()
    embed = partial(batches.embed, tokens=tokens, by_length=order == "length", run=run)
    return embed, f"onnxruntime {onnxruntime.__version__}"
