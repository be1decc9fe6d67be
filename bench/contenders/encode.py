"""sentence-transformers' `encode` with its defaults: batches of 32, sorted by length."""

from collections.abc import Callable

import numpy as np
import sentence_transformers
import torch

from threadloom.export.source import packaged


def load(precision: str) -> tuple[Callable[[list[str]], np.ndarray], str]:
    """Load the packaged weights as "fp32" or "bf16"."""
    model = sentence_transformers.SentenceTransformer(str(packaged()), device="cpu")
    if precision == "bf16":
        model.bfloat16()
    description = (
        f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    return lambda texts: model.encode(texts, show_progress_bar=False), description
