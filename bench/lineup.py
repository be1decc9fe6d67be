"""Who takes part in `bench/engine.py`, and how each is built or installed."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import product
from contest import Contender, Skipped, checked, python

BENCH = Path(__file__).resolve().parent
LIBRARIES = product.REPOSITORY / "build" / "lib"
REFERENCE = "sentence-transformers fp32"


def everyone() -> list[Contender]:
    """Return all contenders; the first is what the others are compared with."""
    return [
        reference(),
        Contender("sentence-transformers bf16", partial(python, "encode", "bf16")),
        Contender("Python ORT, file order", partial(python, "onnx_runtime", "file")),
        Contender("Python ORT, by length", partial(python, "onnx_runtime", "length")),
        Contender("Python OpenVINO bf16, by length", openvino),
        Contender("hugot (Go, ORT), file order", hugot),
        Contender("Rust ort, by length", rust),
        *ours(),
    ]


def reference() -> Contender:
    """Return sentence-transformers with its defaults."""
    return Contender(REFERENCE, partial(python, "encode", "fp32"))


def ours() -> list[Contender]:
    """Return our engine in each precision that a CPU can have."""
    return [Contender(f"ours {p}", partial(engine, p), ours=True) for p in ("fp32", "bf16")]


def engine(precision: str, cores: int = 0) -> list:
    """Build our engine's program, to run on so many cores; 0: all."""
    program = product.RESULTS / "engine"
    subprocess.run(
        ["go", "build", "-o", program, "./bench/engine"], cwd=product.REPOSITORY, check=True
    )
    return [program, "-model", product.MODEL, "-precision", precision, "-cores", str(cores)]


def openvino() -> list:
    """Install OpenVINO into an environment of its own, so that other packages stay as they are."""
    cpu = Path("/proc/cpuinfo")
    flags = cpu.read_text(encoding="utf-8").split() if cpu.exists() else []
    if not {"avx512_bf16", "amx_bf16"} & set(flags):
        raise Skipped("this CPU has neither avx512_bf16 nor amx_bf16")
    wanted = BENCH / "contenders" / "openvino.txt"
    environment = product.RESULTS / "venv"
    interpreter, stamp = environment / "bin" / "python", environment / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        checked("no environment", [sys.executable, "-m", "venv", environment])
        checked("cannot be installed", [interpreter, "-m", "pip", "install", "-q", "-r", wanted])
        shutil.copyfile(wanted, stamp)
    return python("open_vino", interpreter=interpreter)


def hugot() -> list:
    """Build hugot's program on our native libraries, and lay out a model folder for it."""
    program = product.RESULTS / "hugot"
    flags = f"-L{LIBRARIES} {os.environ.get('CGO_LDFLAGS', '')}".strip()
    checked(
        "cannot be built",
        ["go", "build", "-C", BENCH / "hugot", "-tags", "ORT", "-o", program, "."],
        CGO_LDFLAGS=flags,
    )
    return [program, "-model", hugot_model(), "-libraries", LIBRARIES]


def rust() -> list:
    """Build the loop in Rust."""
    target = product.RESULTS / "rust"
    manifest = BENCH / "rust" / "Cargo.toml"
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest]
    checked("cannot be built", [*command, "--target-dir", target])
    return [target / "release" / "bench", product.MODEL, LIBRARIES / "libonnxruntime.so"]


def hugot_model() -> Path:
    """Lay the model out for hugot: all files in one folder, and a tokenizer that cuts at 256.

    hugot obeys tokenizer.json, which says to cut and to pad to 128 tokens. sentence-transformers
    does neither, and our engine does neither.
    """
    folder = product.RESULTS / "hugot-model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (
        "onnx/model.onnx",
        "onnx/model.onnx_data",
        "config.json",
        "special_tokens_map.json",
    ):
        shutil.copy(product.MODEL / name, folder)
    sentence = json.loads((product.MODEL / "sentence_bert_config.json").read_text())
    settings = json.loads((product.MODEL / "tokenizer.json").read_text(encoding="utf-8"))
    settings["truncation"]["max_length"] = sentence["max_seq_length"]
    settings["padding"] = None
    (folder / "tokenizer.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder
