"""The lease on the clusters' folder: a run that has lost it writes nothing."""

import os
import re

# The files of pipeline/lease: a lease that is held, and one that was given back.
_LEASE = re.compile(r"([0-9]+)\.(?:lease|free)")


class Superseded(Exception):
    """Another run has taken over the folder."""


def check(lease: str) -> None:
    """Raise Superseded if a later lease is beside the file `lease`; "" is no lease.

    While a run is suspended, another one may take over its folder. The clustering of the first may
    be a process on another machine, which was not suspended with it.
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
