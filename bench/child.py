"""Run a contender that is written in Python, in a process of its own.

    python bench/child.py MODULE [ARGUMENT …]

Loads `contenders.MODULE`, prints {"ready": "what it is"}, and answers requests. Each request and
each answer is a JSON object on a line. For {"texts": […], "out": "path"} it embeds the texts,
writes the vectors to the path as raw float32 and answers {"seconds": …, "peak_rss_mb": …}. The
seconds are those from texts to vectors. The contenders in Go (`bench/engine`, `bench/hugot`) do the
same.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

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
        answer = {"seconds": seconds, "peak_rss_mb": peak_rss_mb()}
        print(json.dumps(answer), file=answers, flush=True)


def peak_rss_mb() -> float:
    """Return the most memory that this process has held, in MB.

    The kernel says it. getrusage would include the parent's, from before the exec.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
