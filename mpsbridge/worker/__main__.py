r"""threadloom-worker: embed files that a pipeline hands over through Redis.

Example, on a Mac that has the pipeline's /data mounted as /Volumes/data:

    threadloom-worker --redis redis://node1:6379 --root /Volumes/data \
        --path_map /data=/Volumes/data

After the first SIGTERM or SIGINT the worker finishes the open file and ends. At the second it gives
the file back and ends at once. The password of Redis may be in THREADLOOM_REDIS_PASSWORD, or in the
file that THREADLOOM_REDIS_PASSWORD_FILE names. A TIME has a unit (3s, 1m30s, 250ms) or is a number
of seconds. Defaults are in brackets.
"""

import argparse
import contextlib
import logging
import os
import re
import signal
import sys
import threading
import time

from threadloom.worker import durations, jobs, redisurl, variables
from threadloom.worker.keys import DEFAULT_QUEUE

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
LEAST_LEASE = 0.001  # seconds; Redis counts in milliseconds
PROGRESS_EVERY = 30  # seconds between two lines of the log, if there is no terminal


def main() -> None:
    """Run the worker; exit with 0, with 1 if it failed, 2 for wrong usage, 128 + the signal."""
    options = _flags().parse_args()
    logging.basicConfig(
        level=logging.INFO, format="time=%(asctime)s level=%(levelname)s msg=%(message)s"
    )
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    try:
        sys.exit(_work(options))
    except _Wrong as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


class _Wrong(Exception):
    """A wrong setting; the message is one line."""


class _Flags(argparse.ArgumentParser):
    """Flags whose errors are one line, without what may be a URL with a password."""

    def error(self, message: str):
        message = re.sub(r"\S+://.*", "(a URL)", message, flags=re.DOTALL)
        print(f"error: {message} (--help lists the flags)", file=sys.stderr)
        sys.exit(2)


def _time(least: float):
    """Return a function that reads a time of at least `least` seconds."""

    def read(text: str) -> float:
        try:
            seconds = durations.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
        if seconds < least:
            raise argparse.ArgumentTypeError(f"{text!r}: want at least {least:g}s")
        return seconds

    return read


def _flags() -> argparse.ArgumentParser:
    flags = _Flags(
        prog="threadloom-worker", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )

    def add(name: str, text: str, **more) -> None:
        flags.add_argument(f"--{name}", help=text, **more)

    lease = {"type": _time(LEAST_LEASE), "metavar": "TIME"}
    add("redis", "redis://[user[:password]@]host[:port][/db], rediss:// for TLS, or unix:///path;\n"
        "percent-encode # / ? @ and %% in user and password",
        default="redis://127.0.0.1:6379", metavar="URL")  # fmt: skip
    add("queue", "name of the list of jobs in Redis", default=DEFAULT_QUEUE)
    add("root", "read and write only files below this folder (may be repeated)",
        action="append", required=True, metavar="DIR")  # fmt: skip
    add("path_map", "what this machine (TO) calls a folder of the pipeline (may be repeated)",
        action="append", default=[], metavar="FROM=TO")  # fmt: skip
    add(
        "lease",
        "if the worker is silent for this long, others get its job (1m)",
        default=60,
        **lease,
    )
    add("stall", "the same if it finishes no batch for this long (10m)", default=600, **lease)
    add("model", "folder, or name on the hub (all-MiniLM-L6-v2)", default=DEFAULT_MODEL)
    add("device", "where the model runs; auto: the first of the others that is there (auto)",
        default="auto", choices=("auto", "mps", "cuda", "cpu"))  # fmt: skip
    add("token_budget", "tokens in one batch, padding included (by device)",
        type=int, metavar="TOKENS")  # fmt: skip
    add("threads", "threads of torch on a CPU (torch chooses)", type=int)
    add("until_idle", "end if no job has come for this long", type=_time(0), metavar="TIME")
    return flags


def _work(options: argparse.Namespace) -> int:
    if warning := variables.misspelt(os.environ):
        print(f"warning: {warning}", file=sys.stderr)
    try:
        address = redisurl.parse(options.redis)
    except redisurl.WrongURL as error:
        raise _Wrong(f"--redis: {error}") from None
    try:
        paths = jobs.PathMap(options.path_map)
    except ValueError as error:
        raise _Wrong(f"--path_map: {error}") from None
    # Imported here, so that a wrong flag is reported at once. torch takes seconds.
    import redis
    import torch

    from threadloom.worker import model, places
    from threadloom.worker.codes import DeviceLost
    from threadloom.worker.lease import Lease
    from threadloom.worker.queue import NoPassword, Queue, connect
    from threadloom.worker.watched import ThreadEnded
    from threadloom.worker.worker import Interrupted, Worker

    try:
        mine, loaders, heart = (Queue(connect(options.redis), options.queue) for _ in range(3))
        mine.client.ping()
    except NoPassword as error:
        raise _Wrong(str(error)) from None
    except redisurl.WrongURL as error:
        raise _Wrong(f"--redis: {error}") from None
    except (redis.RedisError, ValueError, OSError) as error:
        raise _Wrong(f"redis at {address.place} does not answer: {error}") from None
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        device = model.choose_device(options.device)
        encoder = model.Encoder(model.find(options.model), device, options.token_budget)
    except model.NoDevice as error:
        raise _Wrong(str(error)) from None
    except (OSError, ValueError) as error:
        raise _Wrong(f"--model {options.model}: {str(error).splitlines()[0]}") from None
    lease = Lease(heart, options.lease, options.stall)
    worker = Worker(mine, loaders, lease, encoder, places.Places(options.root, paths),
                    options.model)  # fmt: skip
    signals = _follow_signals(worker, Interrupted)
    logging.info("%s waits for jobs in %s, on %s", lease.name, options.queue, device)
    with _progress(worker):
        try:
            worker.run(options.until_idle)
        except Interrupted:
            logging.warning("the open file was given back")
        except (ThreadEnded, DeviceLost) as error:
            logging.error("%s", error)
            return 1
    t = worker.totals
    print(f"files {t.files}, rows {t.rows}, {t.truncated} truncated, failed {t.failed}")
    return 128 + signals[0] if signals else 0


def _follow_signals(worker, interrupted: type[BaseException]) -> list[int]:
    """Stop at the first signal, interrupt at the second; return the list of those received."""
    received: list[int] = []

    def handle(number: int, _frame) -> None:
        received.append(number)
        if len(received) == 1:
            logging.warning("finishing the open file; a second signal gives it back at once")
            worker.stop()
        elif len(received) == 2:
            raise interrupted

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return received


@contextlib.contextmanager
def _progress(worker):
    """Show on a terminal what the worker does; without one, log it now and then."""
    start = time.monotonic()

    def line() -> str:
        t = worker.totals
        speed = t.rows / (time.monotonic() - start)
        return f"{t.files} files, {t.rows} rows, {speed:.0f} rows/s  {worker.current}"

    if sys.stderr.isatty():
        from rich.console import Console
        from rich.text import Text

        # A Text, because brackets in a file's name would be markup.
        status = Console(stderr=True).status("waiting")
        with status, _repeated(0.5, lambda: status.update(Text(line()))):
            yield
        return
    with _repeated(PROGRESS_EVERY, lambda: logging.info("%s", line())):
        yield


@contextlib.contextmanager
def _repeated(seconds: float, show):
    """Call `show` every few seconds on a thread. An error of `show` does not end it."""
    end = threading.Event()

    def run() -> None:
        told = False
        while not end.wait(seconds):
            try:
                show()
            except Exception as error:
                if not told:
                    logging.warning("progress cannot be shown", exc_info=error)
                told = True

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


if __name__ == "__main__":
    main()
