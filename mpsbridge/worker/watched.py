"""Threads whose end is noticed: somebody checks now and then that they still run."""

import logging
import threading
from collections.abc import Callable

from threadloom.worker.codes import one_line

log = logging.getLogger("threadloom.worker")


class ThreadEnded(Exception):
    """A thread that this worker needs has ended."""


class Watched:
    """A thread that remembers the exception that ended it."""

    def __init__(self, what: str, run: Callable[[], None]):
        """Start the thread; `what` names it in an error."""
        self._what, self._run = what, run
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._remember, name=what, daemon=True)
        self._thread.start()

    def _remember(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._error = error
            log.error("%s has ended", self._what, exc_info=error)

    def check(self) -> None:
        """Raise ThreadEnded if the thread has ended."""
        if self._thread.is_alive():
            return
        error = self._error
        why = f": {type(error).__name__}: {one_line(error)}" if error else ""
        raise ThreadEnded(f"{self._what} has ended{why}")

    def join(self, timeout: float) -> None:
        """Wait for its end, at most `timeout` seconds."""
        self._thread.join(timeout)
