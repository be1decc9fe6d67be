"""Misspelt environment variables of a worker."""

import difflib
from collections.abc import Iterable

KNOWN = ("THREADLOOM_REDIS_PASSWORD", "THREADLOOM_REDIS_PASSWORD_FILE")
ALIKE = 0.85  # the least ratio of difflib for a misspelling


def misspelt(environment: Iterable[str]) -> str:
    """Return a line about misspelt variables of a worker; "" if there are none.

    Other variables that begin with THREADLOOM_ may belong to a pipeline on the same machine.
    """
    said = []
    for name in sorted(environment):
        close = difflib.get_close_matches(name.upper(), KNOWN, 1, ALIKE)
        if close and name not in KNOWN:
            what = f"{name} is in the environment but is not a setting"
            said.append(f"{what}: did you mean {close[0]}?")
    return "; ".join(said)
