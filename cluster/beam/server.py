"""Offer the step to pipelines in other languages: python -m threadloom.cluster.beam.server.

When it accepts connections it prints one line, `ready 127.0.0.1:PORT`. Everything else goes to
standard error. It ends at SIGTERM, at SIGINT, and when its standard input ends, so that it never
outlives the program that started it.

With `--listen HOST:PORT` it is an independent service, for `pipeline --cluster_endpoint`: it does
not read standard input. The job's machines reach it under the same HOST:PORT as the driver, so
127.0.0.1 is enough if one runs on each of them.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time

import grpc

# The format of Go's lines, because both go to one log.
LOG_FORMAT = 'time=%(asctime)s level=%(levelname)s msg="%(message)s"'

# The status of a call whose other side is gone.
HUNG_UP = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)

_LOG = logging.getLogger("threadloom.cluster.beam.server")


def main() -> None:
    """Serve until standard input ends or a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", metavar="HOST:PORT", help="serve there until a signal comes")
    listen = parser.parse_args().listen
    # The system's default ends the process immediately. A handler in Python would wait for the main
    # thread, perhaps for seconds while that computes in C.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if listen is None:
        threading.Thread(target=end_with_input, name="input", daemon=True).start()
    # During its import Beam warns about missing cloud libraries, which nothing here needs.
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format=LOG_FORMAT, datefmt="%FT%TZ")
    logging.Formatter.converter = time.gmtime
    from threadloom.cluster.beam import services

    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("threadloom").setLevel(logging.INFO)
    try:
        server, address = services.start(listen or "127.0.0.1:0")
    except (OSError, RuntimeError, ValueError) as why:
        raise SystemExit(f"error: --listen {listen}: {why}") from None
    threading.excepthook = hang_up
    print(f"ready {address}", flush=True)
    # The reader of that line must not get what libraries print.
    sys.stdout = sys.stderr
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    server.wait_for_termination()


def hang_up(failed: threading.ExceptHookArgs) -> None:
    """Ignore errors of Beam's threads after the runner hung up, as Flink does at a job's end."""
    if isinstance(failed.exc_value, grpc.RpcError) and failed.exc_value.code() in HUNG_UP:
        return
    threading.__excepthook__(failed)


def end_with_input() -> None:
    """End the process when its standard input ends.

    sys.exit would wait for the worker's threads, perhaps through a long computation. Results are
    renamed into place only when whole, so nothing is left half done.
    """
    while os.read(0, 4096):
        pass
    _LOG.debug("standard input has ended: stopping")
    os._exit(0)


def warm_up() -> None:
    """Import the clustering libraries and let numba compile them: some 15 s of one core.

    This runs while the pipeline is still embedding. A group that arrives early waits until it ends.
    """
    import numpy as np

    from threadloom.cluster import step  # noqa: F401
    from threadloom.cluster.methods import fit

    fit.cluster_vectors(np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32), 0)


if __name__ == "__main__":
    main()
