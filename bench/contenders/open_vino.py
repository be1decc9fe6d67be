"""OpenVINO from Python on the model folder: bfloat16, sorted by length, batches of 32."""

from collections.abc import Callable
from functools import partial

import numpy as np
import openvino

from contenders import batches


def load() -> tuple[Callable[[list[str]], np.ndarray], str]:
    """Compile the graph for this CPU; SystemExit if it would not run in bfloat16."""
    model = openvino.Core().compile_model(
        batches.GRAPH, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"}
    )
    precision = model.get_property("INFERENCE_PRECISION_HINT")
    if precision != openvino.Type.bf16:
        raise SystemExit(f"OpenVINO computes in {precision} here")
    request = model.create_infer_request()

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        answer = request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        return answer[0]

    embed = partial(batches.embed, tokens=batches.tokenizer(), by_length=True, run=run)
    threads = model.get_property("INFERENCE_NUM_THREADS")
    return embed, f"openvino {openvino.__version__}, {threads} threads"
