"""Fixtures of the export's tests."""

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer


@pytest.fixture(scope="session")
def make_tiny(tmp_path_factory):
    """Return a function that makes a tiny model and returns its folder: make(pooling, …)."""
    spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("tiny.py"))
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    return lambda *settings: tiny.make(tmp_path_factory.mktemp("tiny"), *settings)


@pytest.fixture(scope="session")
def embed():
    """Return a function that embeds texts with a model folder, as the Go side does."""

    def embed(folder: Path, texts: list[str], max_length: int) -> np.ndarray:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(max_length)
        tokenizer.enable_padding()
        batch = tokenizer.encode_batch(texts)
        session = onnxruntime.InferenceSession(folder / "onnx" / "model.onnx")
        feeds = {
            "input_ids": np.array([e.ids for e in batch], np.int64),
            "attention_mask": np.array([e.attention_mask for e in batch], np.int64),
        }
        return session.run(None, feeds)[0]

    return embed
