"""Exported graphs against sentence-transformers and against torch's own export."""

import numpy as np
import onnx
import onnxruntime
import pytest

from threadloom.export import export
from threadloom.export.source import packaged

TEXTS = [
    "",
    "a",
    "Is the starter ready?",
    "🍞🔥 naïve café, Ωmega",
    "The derailleur skips under load. " * 8,
    "Long nights under the milky way, and a thermos of tea. " * 60,
]
# torch's older exporter needs no further packages, but warns that it is the older one.
TORCH_WARNS = pytest.mark.filterwarnings("ignore")
TINY_TEXTS = ["", "tea", "the dough rises", "the star is bright, the cup is hot " * 9]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("export") / "model"
    export(None, output)
    return output


def test_half_floats_are_near_whole_ones(folder, embed, tmp_path):
    export(None, tmp_path / "model", half=True)
    (tmp_path / "model" / "onnx" / "model_fp16.onnx").replace(
        tmp_path / "model" / "onnx" / "model.onnx"
    )
    got, want = embed(tmp_path / "model", TEXTS, 256), embed(folder, TEXTS, 256)
    assert got.dtype == np.float32
    assert (got * want).sum(axis=1).min() >= 0.9999


def test_vectors_equal_sentence_transformers(folder, embed):
    from sentence_transformers import SentenceTransformer

    want = SentenceTransformer(str(packaged()), device="cpu").encode(TEXTS)
    assert np.abs(embed(folder, TEXTS, 256) - want).max() <= 1e-6


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalize", [True, False])
def test_small_models_of_each_kind_equal_sentence_transformers(
    make_tiny, embed, tmp_path, pooling, normalize
):
    from sentence_transformers import SentenceTransformer

    source = make_tiny(pooling, normalize)
    made = export(str(source), tmp_path / "model")
    assert (made.pooling, made.normalize, made.max_seq_length) == (pooling, normalize, 24)
    want = SentenceTransformer(str(source), device="cpu").encode(TINY_TEXTS)
    got = embed(tmp_path / "model", TINY_TEXTS, 24)
    assert np.abs(got - want).max() <= 1e-5
    assert np.abs(got[1] - got[2]).max() > 1e-3  # the texts do differ


@TORCH_WARNS
def test_the_graph_equals_torchs_own_export(folder, tmp_path):
    theirs = torch_export(tmp_path / "torch.onnx")
    random = np.random.default_rng(1)
    for rows, width in ((1, 2), (3, 17), (2, 256)):
        mask = np.ones((rows, width), np.int64)
        mask[0, max(2, width // 2) :] = 0  # the first row is padded
        feeds = {"input_ids": random.integers(1000, 30000, (rows, width)), "attention_mask": mask}
        (got,) = onnxruntime.InferenceSession(folder / "onnx" / "model.onnx").run(None, feeds)
        (want,) = onnxruntime.InferenceSession(theirs).run(None, feeds)
        assert np.abs(got - want).max() <= 1e-6


@TORCH_WARNS
def test_onnx_runtime_fuses_the_graph_as_well_as_torchs(folder, tmp_path):
    mine = fused(folder / "onnx" / "model.onnx", tmp_path)
    theirs = fused(torch_export(tmp_path / "torch.onnx"), tmp_path)
    assert mine.count("SkipLayerNormalization") == 13  # two a layer, one for the embeddings
    for kind in ("BiasGelu", "FusedMatMul"):
        assert mine.count(kind) == theirs.count(kind) == 6
    assert len(mine) <= len(theirs)


def torch_export(path):
    """Export the packaged model with torch, mean pooling and normalisation in the graph."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(packaged()), device="cpu")

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            return self.model(features)["sentence_embedding"]

    ids = torch.randint(1000, 30000, (2, 9))
    axes = {0: "batch", 1: "sequence"}
    dynamic = {"input_ids": axes, "attention_mask": axes, "sentence_embedding": {0: "batch"}}
    torch.onnx.export(
        Encoder().eval(), (ids, torch.ones_like(ids)), path, dynamo=False, opset_version=17,
        input_names=["input_ids", "attention_mask"], output_names=["sentence_embedding"],
        dynamic_axes=dynamic,
    )  # fmt: skip
    return path


def fused(path, folder):
    """Return the kinds of the nodes that ONNX Runtime really runs."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns that the file is for this machine
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(folder / "fused.onnx")
    onnxruntime.InferenceSession(path, options)
    made = onnx.load(folder / "fused.onnx", load_external_data=False)
    return [node.op_type for node in made.graph.node]
