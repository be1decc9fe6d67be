"""Run a contender that is written in Python, in a process of its own.

    python bench/child.py MODULE [ARGUMENT …]

Loads `contenders.MODULE`, prints {"ready": "what it is"}, and answers requests. Each request and
each answer is a JSON object on a line. For {"texts": […], "out": "path"} it embeds the texts,
writes the vectors to the path as raw float32 and answers {"seconds": …}. The seconds are those from
texts to vectors. The contenders in Go (`bench/engine`, `bench/hugot`) and Rust do the same.
"""

import importlib
import json
import os
import sys
import time

import numpy as np


def main() -> None:
    """Load the module's model, then serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not an answer
    module = importlib.import_module(f"contenders.{sys.argv[1]}")
    embed, description = module.load(*sys.argv[2:])
    print(json.dumps({"ready": description}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        start = time.perf_counter()
        vectors = embed(request["texts"])
        seconds = time.perf_counter() - start
        np.ascontiguousarray(vectors, np.float32).tofile(request["out"])
        print(json.dumps({"seconds": seconds}), file=answers, flush=True)


if __name__ == "__main__":
    main()
