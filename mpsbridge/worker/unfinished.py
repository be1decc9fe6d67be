"""Outputs that are being written: their names, and how to tell that one was abandoned.

``transforms/chainfile/sweep.go`` has the same rule; ``golden/unfinished.json`` holds both to it.
"""

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable

from threadloom.worker.process import Process, myself, place

SUFFIX = ".parquet.tmp"
SWEEP_AGE = 24 * 3600.0  # seconds; decides if we cannot tell whether the writer has ended
# .{place}.{pid}.{start}.{random}.{name hash} and SUFFIX. Names of older versions have at least two
# dashes, so that no host name can make one form look like the other.
_NAMES = re.compile(
    r"\.([0-9a-f]{32})\.([1-9][0-9]{0,9})\.([0-9]{1,20})\.([0-9a-f]{16})\.([0-9a-f]{16})"
    + re.escape(SUFFIX)
)
_NO_HASH = "0" * 16  # the worker does not hash the output's name, the pipeline does
_MOST_PID = 2**31 - 1


def new_name() -> str:
    """Return a new name for an output that is being written."""
    me = myself()
    return f".{me.place}.{me.pid}.{me.start}.{secrets.token_hex(8)}.{_NO_HASH}{SUFFIX}"


def is_unfinished(name: str) -> bool:
    """Return whether a name is that of an unfinished output."""
    return name.startswith(".") and name.endswith(SUFFIX)


def parse(name: str) -> tuple[Process | None, str]:
    """Return an unfinished file's writer and its output's name hash; None and "" if unknown."""
    found = _NAMES.fullmatch(name)
    if not found or int(found[2]) > _MOST_PID:
        return None, ""
    name_hash = "" if found[5] == _NO_HASH else found[5]
    return Process(found[1], int(found[2]), found[3]), name_hash


def left_behind(
    writer: Process | None, here: str, ended: Callable[[Process], bool], age: float
) -> bool:
    """Return whether the writer of an unfinished file is gone.

    If the writer is in our place, we can see whether its process has ended, and the age of the file
    does not matter. If it is elsewhere, or the name does not say, the file must be a day old. age:
    seconds since the last write.
    """
    if writer and writer.place == here:
        return ended(writer)
    return abs(age) > SWEEP_AGE  # or in the future, because a clock may have been set back


def sweep(folder: int) -> None:
    """Remove what was left behind in an output folder."""
    for name in filter(is_unfinished, os.listdir(folder)):
        with contextlib.suppress(OSError):  # gone meanwhile
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            writer, _ = parse(name)
            age = time.time() - info.st_mtime
            if stat.S_ISREG(info.st_mode) and left_behind(writer, place(), Process.ended, age):
                os.unlink(name, dir_fd=folder)
