"""The exported graph against sentence-transformers, on texts of all lengths."""

import json

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from threadloom.export import ExportError, export
from threadloom.export.source import packaged

TEXTS = [
    "",
    "a",
    "Is the starter ready?",
    "🍞🔥 naïve café, Ωmega",
    "The derailleur skips under load. " * 8,
    "Long nights under the milky way, and a thermos of tea. " * 60,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("export") / "model"
    export(None, output)
    return output


def test_vectors_equal_sentence_transformers(folder):
    from sentence_transformers import SentenceTransformer

    want = SentenceTransformer(str(packaged()), device="cpu").encode(TEXTS)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    batch = tokenizer.encode_batch(TEXTS)
    session = onnxruntime.InferenceSession(folder / "onnx" / "model.onnx")
    (got,) = session.run(
        None,
        {
            "input_ids": np.array([e.ids for e in batch], np.int64),
            "attention_mask": np.array([e.attention_mask for e in batch], np.int64),
        },
    )
    assert np.abs(got - want).max() <= 1e-6


def test_two_exports_are_the_same_bytes(folder, tmp_path):
    export(None, tmp_path / "again")
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            assert (tmp_path / "again" / file.relative_to(folder)).read_bytes() == file.read_bytes()


def test_a_folder_of_someone_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="no model folder"):
        export(None, tmp_path)


def test_an_unknown_pooling_is_refused(tmp_path):
    for file in ("config.json", "modules.json", "sentence_bert_config.json"):
        (tmp_path / file).write_text((packaged() / file).read_text())
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(
        json.dumps({"pooling_mode_max_tokens": True})
    )
    with pytest.raises(ExportError, match="pooling"):
        export(str(tmp_path), tmp_path / "out")
