"""Write a model folder and its manifest."""

import hashlib
import json
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
from onnx.external_data_helper import convert_model_to_external_data, write_external_data_tensors
from safetensors import SafetensorError
from safetensors.numpy import load_file

from threadloom.export.graph import build
from threadloom.export.source import ExportError, Source, find

# Copied unchanged if the source has them. tokenizer.json keeps its own truncation and padding, and
# readers set theirs from sentence_bert_config.json.
COPIED = (
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)
MANIFEST = "manifest.json"
LEAST_APART = 1024  # bytes; a smaller tensor stays inside the graph
WEIGHTS = "model.safetensors"


def export(
    model: str | None, output: str | os.PathLike, name: str | None = None, half: bool = False
) -> Source:
    """Write the model folder ``output`` and return what it was made from.

    With ``half`` the folder gets a second graph in float16, onnx/model_fp16.onnx, for GPUs.

    An earlier export in ``output`` is replaced. Raises ExportError if ``output`` has other files,
    or if the model cannot be exported.
    """
    source = find(model, name)
    output = Path(output)
    if output.exists() and any(output.iterdir()) and not (output / MANIFEST).exists():
        raise ExportError(f"{output} exists and is no model folder: choose another --output")
    for file in (WEIGHTS, "tokenizer.json"):
        if not (source.folder / file).exists():
            raise ExportError(f"{source.folder} has no {file}")
    weights = _read_weights(source.folder / WEIGHTS)
    graphs = {"onnx/model.onnx": build(source, weights)}
    if half:
        graphs["onnx/model_fp16.onnx"] = build(source, weights, half=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as temp:
        made = Path(temp) / "model"
        (made / "onnx").mkdir(parents=True)
        for path, graph in graphs.items():
            _write_graph(made / path, graph)
        for file in COPIED:
            if (source.folder / file).exists():
                (made / file).parent.mkdir(exist_ok=True)
                shutil.copyfile(source.folder / file, made / file)
        _write_manifest(made, source)
        if output.exists():
            shutil.rmtree(output)
        os.replace(made, output)
    return source


def _write_graph(path: Path, graph: onnx.ModelProto) -> None:
    """Write a graph, and its tensors to a file with the same name and _data.

    Readers map that file into memory. If the tensors were inside the graph, they would be copied
    four times while ONNX Runtime hands them to OpenVINO.
    """
    data = path.with_name(path.name + "_data")
    convert_model_to_external_data(graph, location=data.name, size_threshold=LEAST_APART)
    write_external_data_tensors(graph, str(path.parent))
    path.write_bytes(graph.SerializeToString(deterministic=True))
    shutil.copymode(path, data)  # otherwise only its owner may read it


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ExportError(f"{path} cannot be read: {error}") from error


def _write_manifest(folder: Path, source: Source) -> None:
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    manifest = {
        "exporter": f"threadloom {version('threadloom')}",
        "files": {f: _sha256(folder / f) for f in files},
        "format": 1,
        "name": source.name,
        "weights_sha256": _sha256(source.folder / WEIGHTS),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
