"""The vectors of words, by the engine that embeds chains.

The engine is in the Go program. A run passes the command that starts it, with the model's flags, in
`Settings.embedder`. The program runs as another process for the seconds that it takes.
"""

import json
import logging
import subprocess

import numpy as np

from threadloom.cluster.methods.neighbors import unit

_LOG = logging.getLogger(__name__)

# The program takes some seconds for 10,000 words. One that hangs must not hang the run.
_SECONDS = 600
_LONGEST_HEADER = 65_536


def embed(words: list[str], embedder: str, model: dict) -> np.ndarray | None:
    """Return the vectors of words, float32[w, d] of length 1; None if they cannot be had.

    embedder: JSON, an object with `command` (a list) and `model` (what the command's standard input
    says of the model); "" if there is none. model: what made the vectors of the chains, see
    `files.sources.models`. The vectors of words must be by the same model: its weights and its
    dimension count, its precision does not. A warning in the log says why there are none.
    """
    if not embedder or not words:
        return None
    _LOG.info("%s words are embedded for the names", f"{len(words):,}")
    try:
        return _embed(words, json.loads(embedder), model)
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        _LOG.warning("the clusters are named without the vectors of words: %s", error)
        return None


def _embed(words: list[str], embedder: dict, model: dict) -> np.ndarray:
    request = json.dumps({"model": embedder["model"], "texts": words})
    done = subprocess.run(
        embedder["command"],
        input=request.encode(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ValueError(f"{embedder['command'][0]} ended with {done.returncode}: {lines[-1]}")
    header, _, rest = done.stdout.partition(b"\n")
    facts = json.loads(header[:_LONGEST_HEADER])
    for name in ("model_sha256", "dimension"):
        if facts[name] != model.get(name):
            raise ValueError(f"their {name} is {facts[name]}, that of the chains {model.get(name)}")
    vectors = np.frombuffer(rest, "<f4").reshape(len(words), facts["dimension"])
    if not np.isfinite(vectors).all():
        raise ValueError("some have a value that is not finite")
    return unit(vectors)
