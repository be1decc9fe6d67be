"""Turn a sentence-transformers folder into a model folder for ONNX Runtime.

A model folder has the Hugging Face layout (``onnx/model.onnx``,
``tokenizer.json``, …) and a ``manifest.json`` with the sha256 of each file.
Pooling and normalisation are part of the graph. Torch is not needed: the BERT
graph is built straight from ``model.safetensors``.
"""

from threadloom.export.folder import export
from threadloom.export.source import ExportError

__all__ = ["ExportError", "export"]
