"""Build the graph of a BERT sentence encoder from its weights.

The inputs are int64 ``input_ids`` and ``attention_mask``, both [batch, sequence]. The output is
float32 ``sentence_embedding``, [batch, dimension]. A single text has token type 0 only, so the
embedding of that type is added to those of the positions.

Formulas: Devlin et al. 2018, "BERT", arXiv:1810.04805; pooling as in sentence-transformers.
"""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from threadloom.export.source import ExportError, Source

OPSET = 17  # the first with LayerNormalization
IR_VERSION = 8


def build(source: Source, weights: dict[str, np.ndarray], half: bool = False) -> onnx.ModelProto:
    """Return the ONNX model of ``source`` with ``weights`` (its state dict).

    With ``half`` the encoder is in float16, for GPUs; pooling and output stay float32.
    """
    return _Builder(source, weights, half).build()


class _Builder:
    def __init__(self, source: Source, weights: dict[str, np.ndarray], half: bool):
        self.source = source
        self.weights = {_plain(k): v for k, v in weights.items()}
        self.hidden = source.config["hidden_size"]
        self.heads = source.config["num_attention_heads"]
        self.eps = source.config.get("layer_norm_eps", 1e-12)
        self.nodes, self.constants = [], {}
        self.number, self.kind = np.float32, TensorProto.FLOAT
        if half:
            self.number, self.kind = np.float16, TensorProto.FLOAT16

    def build(self) -> onnx.ModelProto:
        x = self.embeddings()
        bias = self.mask_bias()
        for i in range(self.source.config["num_hidden_layers"]):
            x = self.layer(f"encoder.layer.{i}", x, bias)
        if self.kind != TensorProto.FLOAT:
            x = self.op("Cast", [x], to=TensorProto.FLOAT)
            self.number = np.float32
        self.pool(x)
        ids, out = ["batch", "sequence"], ["batch", self.hidden]
        graph = helper.make_graph(
            self.nodes,
            "sentence_encoder",
            [
                helper.make_tensor_value_info("input_ids", TensorProto.INT64, ids),
                helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ids),
            ],
            [helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, out)],
            list(self.constants.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        model.producer_name = "threadloom"
        onnx.checker.check_model(model)
        return model

    def embeddings(self) -> str:
        words = self.constant("words", self.tensor("embeddings.word_embeddings.weight"))
        kinds = self.tensor("embeddings.token_type_embeddings.weight")[0]
        places = self.tensor("embeddings.position_embeddings.weight") + kinds
        self.constant("positions", places)
        here = self.op("Gather", ["positions", self.position_ids()])
        x = self.op("Add", [self.op("Gather", [words, "input_ids"]), here])
        return self.norm("embeddings.LayerNorm", x)

    def position_ids(self) -> str:
        """0, 1, 2, … in every row: [batch, sequence].

        They are counted along input_ids, so that they have the shape of input_ids. With a slice of
        the positions instead, ONNX Runtime cannot tell that all layers have one shape, and does not
        fuse the residual additions with the layer norms (up to 9 % slower).
        """
        one = self.constant("int_one", np.array(1, np.int64))
        zeros = self.op("Mul", ["input_ids", self.constant("int_zero", np.array(0, np.int64))])
        count = self.op("CumSum", [self.op("Add", [zeros, one]), one])
        return self.op("Sub", [count, one])

    def mask_bias(self) -> str:
        """0 for a token, -10,000 for padding: [batch, 1, 1, sequence].

        The exponential of -10,000 is 0 in any precision. The lowest float32 is minus infinity in
        bfloat16, and softmax would turn that into NaN.
        """
        mask = self.op("Cast", ["attention_mask"], to=self.kind)
        mask = self.op("Unsqueeze", [mask, self.ints("axes12", [1, 2])])
        low = self.scalar("masked", -10_000)
        one = self.scalar("float_one", 1)
        return self.op("Mul", [self.op("Sub", [one, mask]), low])

    def layer(self, name: str, x: str, bias: str) -> str:
        att = f"{name}.attention"
        q = self.split_heads(self.dense(f"{att}.self.query", x), [0, 2, 1, 3])
        k = self.split_heads(self.dense(f"{att}.self.key", x), [0, 2, 3, 1])
        v = self.split_heads(self.dense(f"{att}.self.value", x), [0, 2, 1, 3])
        root = self.scalar("root", math.sqrt(self.hidden // self.heads))
        scores = self.op("Div", [self.op("MatMul", [q, k]), root])
        share = self.op("Softmax", [self.op("Add", [scores, bias])], axis=-1)
        mixed = self.op("Transpose", [self.op("MatMul", [share, v])], perm=[0, 2, 1, 3])
        mixed = self.op("Reshape", [mixed, self.ints("merge", [0, 0, self.hidden])])
        out = self.dense(f"{att}.output.dense", mixed)
        x = self.norm(f"{att}.output.LayerNorm", self.op("Add", [out, x]))
        inner = self.gelu(self.dense(f"{name}.intermediate.dense", x))
        out = self.dense(f"{name}.output.dense", inner)
        return self.norm(f"{name}.output.LayerNorm", self.op("Add", [out, x]))

    def split_heads(self, x: str, perm: list[int]) -> str:
        split = self.ints("split", [0, 0, self.heads, self.hidden // self.heads])
        return self.op("Transpose", [self.op("Reshape", [x, split])], perm=perm)

    def gelu(self, x: str) -> str:
        """x/2 · (1 + erf(x/√2)), in the form that ONNX Runtime fuses."""
        erf = self.op("Erf", [self.op("Div", [x, self.scalar("sqrt2", math.sqrt(2))])])
        grown = self.op("Mul", [x, self.op("Add", [erf, self.scalar("gelu_one", 1)])])
        return self.op("Mul", [grown, self.scalar("half", 0.5)])

    def dense(self, name: str, x: str) -> str:
        weight = self.constant(f"{name}.weight", self.tensor(f"{name}.weight").T)
        bias = self.constant(f"{name}.bias", self.tensor(f"{name}.bias"))
        return self.op("Add", [self.op("MatMul", [x, weight]), bias])

    def norm(self, name: str, x: str) -> str:
        weight = self.constant(f"{name}.weight", self.tensor(f"{name}.weight"))
        bias = self.constant(f"{name}.bias", self.tensor(f"{name}.bias"))
        return self.op("LayerNormalization", [x, weight, bias], axis=-1, epsilon=self.eps)

    def pool(self, x: str) -> None:
        """The mean over the tokens or the first token's vector; of length 1 if normalised."""
        last = "pooled" if self.source.normalize else "sentence_embedding"
        if self.source.pooling == "cls":
            self.op("Gather", [x, self.constant("first", np.array(0, np.int64))], last, axis=1)
        else:
            mask = self.op("Cast", ["attention_mask"], to=TensorProto.FLOAT)
            mask = self.op("Unsqueeze", [mask, self.ints("axis2", [2])])
            along = self.ints("axis1", [1])
            total = self.op("ReduceSum", [self.op("Mul", [x, mask]), along], keepdims=0)
            count = self.op("ReduceSum", [mask, along], keepdims=0)
            count = self.op("Max", [count, self.scalar("tiny", 1e-9)])
            self.op("Div", [total, count], last)
        if self.source.normalize:
            size = self.op("ReduceL2", ["pooled"], axes=[1], keepdims=1)
            size = self.op("Max", [size, self.scalar("tiniest", 1e-12)])
            self.op("Div", ["pooled", size], "sentence_embedding")

    def op(self, kind: str, inputs: list[str], output: str | None = None, **attributes) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def scalar(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, self.number))

    def ints(self, name: str, values: list[int]) -> str:
        return self.constant(name, np.array(values, np.int64))

    def tensor(self, name: str) -> np.ndarray:
        if name not in self.weights:
            raise ExportError(f"{self.source.folder}: the weights have no tensor {name}")
        return self.weights[name].astype(self.number)


def _plain(name: str) -> str:
    """Drop the prefix and the old LayerNorm names that some checkpoints have."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )
