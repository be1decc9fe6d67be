"""A worker's name and lease, kept up by a thread with a connection of its own."""

import contextlib
import logging
import os
import secrets
import socket
import threading
import time

import redis

from threadloom.worker.queue import Queue
from threadloom.worker.watched import Watched

log = logging.getLogger("threadloom.worker")


class Lease:
    """The right to hold jobs under a name.

    A thread renews it, also while the main thread computes. If a job is held and nothing was
    finished for `stall` seconds, the device hangs. Then the thread stops renewing, so that
    others get the job. A lost lease is never renewed. The worker goes on under a new name.
    """

    def __init__(self, queue: Queue, seconds: float, stall: float):
        """Register a first name; raises redis.RedisError if Redis does not answer."""
        self._queue, self._seconds, self._stall = queue, seconds, stall
        self._held, self._moved = 0, time.monotonic()
        self._rows, self._seconds_embedding = 0, 0.0
        self._end = threading.Event()
        self.name = ""
        self._register()
        self._thread = Watched("the thread that keeps the lease", self._keep)

    def check(self) -> None:
        """Raise ThreadEnded if nothing renews the lease any more."""
        self._thread.check()

    def moved(self) -> None:
        """Note that a batch or a file was finished."""
        self._moved = time.monotonic()

    def embedded(self, rows: int, seconds: float) -> None:
        """Count rows, and the time that they took, for whoever watches the queue."""
        self._rows += rows
        self._seconds_embedding += seconds

    @contextlib.contextmanager
    def holding(self):
        """Hold a job. Meanwhile the lease ends if the worker stalls."""
        self._held += 1
        self.moved()
        try:
            yield
        finally:
            self._held -= 1

    def close(self) -> None:
        """Stop renewing."""
        self._end.set()
        self._thread.join(timeout=20)

    def _register(self) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._renew(name, first=True)
        self.name = name

    def _renew(self, name: str, first: bool = False) -> bool:
        return self._queue.heartbeat(
            name, self._seconds, first, self._rows, self._seconds_embedding
        )

    def _keep(self) -> None:
        silent = False
        while not self._end.wait(self._seconds / 3):
            stalled = self._held and time.monotonic() - self._moved > self._stall
            try:
                if stalled:
                    log.error(
                        "nothing was finished for %.0f s: the lease is not renewed", self._stall
                    )
                elif not self._renew(self.name):
                    lost = self.name
                    self._register()
                    log.warning("%s lost its lease; going on as %s", lost, self.name)
                self._queue.reap()
                silent = False
            except redis.RedisError as error:
                if not silent:
                    log.warning("Redis does not answer: %s", error)
                silent = True
