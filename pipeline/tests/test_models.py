"""Other models than the default: tiny random ones of each pooling, exported and run."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

TINY = Path(__file__).parents[2] / "models" / "export" / "tests" / "tiny.py"
TEXTS = ["", "tea", "the dough rises", None, "the star is bright, the cup is hot " * 9]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_model_of_each_pooling_equals_sentence_transformers(pooling, program, lay_out, tmp_path):
    from sentence_transformers import SentenceTransformer

    spec = importlib.util.spec_from_file_location("tiny", TINY)
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    source = tiny.make(tmp_path / "source", pooling)
    model = tmp_path / "model"
    command = [sys.executable, "-m", "threadloom.export", "--model", source, "--output", model]
    subprocess.run(command, check=True)

    lay_out(tmp_path, TEXTS)
    ended = program.run("--root", tmp_path, "--suffix=test", "--cluster=false", "--model", model)
    assert ended.code == 0, ended.errors
    output = pq.read_table(tmp_path / "embeddings" / "test" / "mixed" / "all.parquet")
    got = np.array(output["embedding"].to_pylist(), np.float32)

    want = SentenceTransformer(str(source), device="cpu").encode([t or "" for t in TEXTS])
    assert np.abs(got - want).max() <= 1e-5
    assert output["truncated"].to_pylist() == [False, False, False, False, True]
    mark = json.loads(output.schema.metadata[b"threadloom.fingerprint"])
    assert (mark["pooling"], mark["dimension"], mark["max_seq_length"]) == (pooling, 32, 24)
