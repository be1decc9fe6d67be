"""Measure the machine's speed limit: ONNX Runtime's fp32 matrix products of the model's shapes."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROWS = 512  # tokens of a batch
# (k, n) of products [ROWS, k] × [k, n], and how many of them a layer has.
SHAPES = {(384, 384): 4, (384, 1536): 1, (1536, 384): 1}
REPEATS = 5
SECONDS = 0.05  # of one repeat


@dataclass(frozen=True)
class Product:
    """A session of one matrix product, ready to run."""

    session: onnxruntime.InferenceSession
    binding: onnxruntime.IOBinding
    held: tuple  # the memory of input and output, which the binding does not keep alive

    def repeat(self, times: int) -> float:
        """Run it so many times; return the seconds."""
        start = time.perf_counter()
        for _ in range(times):
            self.session.run_with_iobinding(self.binding)
        return time.perf_counter() - start


class Peak:
    """One session for each core and shape, each on one thread."""

    def __init__(self) -> None:
        """Open the sessions."""
        self.cores = len(os.sched_getaffinity(0))
        self._products = {shape: [bind(*shape) for _ in range(self.cores)] for shape in SHAPES}

    def measure(self) -> float:
        """Return the FLOP/s of a layer's products, all cores at once, each shape at its best."""
        work = sum(flop(*shape) * times for shape, times in SHAPES.items())
        seconds = sum(flop(*shape) * times / self._best(shape) for shape, times in SHAPES.items())
        return work / seconds

    def _best(self, shape: tuple[int, int]) -> float:
        """Return the most FLOP/s of several tries."""
        single = self._products[shape][0].repeat(3) / 3
        times = max(1, round(SECONDS / single))
        best = 0.0
        with ThreadPoolExecutor(self.cores) as pool:
            for _ in range(REPEATS):
                start = Barrier(self.cores)

                def run(one: Product, start: Barrier = start) -> float:
                    start.wait()
                    return one.repeat(times)

                slowest = max(pool.map(run, self._products[shape]))
                best = max(best, self.cores * times * flop(*shape) / slowest)
        return best


def flop(k: int, n: int) -> int:
    """Return the operations of one product."""
    return 2 * ROWS * k * n


def bind(k: int, n: int) -> Product:
    """Open a session that multiplies by a constant [k, n], its input and output in place."""
    random = np.random.default_rng(0)
    weight = numpy_helper.from_array(random.standard_normal((k, n), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [ROWS, k])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [ROWS, n])],
        [weight],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = onnxruntime.OrtValue.ortvalue_from_numpy(random.standard_normal((ROWS, k), np.float32))
    y = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty((ROWS, n), np.float32))
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", x)
    binding.bind_ortvalue_output("y", y)
    return Product(session, binding, (x, y))
