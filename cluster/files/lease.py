"""The lease on the folder of the clusters: nothing is written for a run that was succeeded."""

import os
import re

# The files of pipeline/lease: a lease that is held, and one that was given back.
_LEASE = re.compile(r"([0-9]+)\.(?:lease|free)")


class Superseded(Exception):
    """Another run has taken over the folder."""


def check(lease: str) -> None:
    """Raise Superseded if a later lease is beside the file `lease`; "" is no lease.

    A run that was suspended may find that another one has taken its folder over. Its clustering,
    which may be another process on another machine, was not suspended with it.
    """
    if not lease:
        return
    folder, name = os.path.split(lease)
    own = _number(name)
    later = [entry for entry in os.listdir(folder) if _number(entry) > own]
    if later:
        raise Superseded(f"another run has taken over: {os.path.join(folder, later[0])}")


def _number(name: str) -> int:
    """Return the number of a lease; -1 if it is none."""
    match = _LEASE.fullmatch(name)
    return int(match[1]) if match else -1
