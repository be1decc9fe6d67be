"""The methods that find clusters among vectors; `METHODS` lists them.

A method is a function `(rows, seed, min_cluster_size) -> Found`. rows: different vectors, in an
order that only their values decide. seed: 0 .. 2**32 - 1. min_cluster_size: the least rows of a
cluster.
"""

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass

from threadloom.cluster.clustering import Found
from threadloom.cluster.methods import cuml, evoc, hdbscan, leiden
from threadloom.cluster.methods.rows import Rows

# Numba's default threading layer ends the process if two threads enter it together, and the Beam
# worker runs several groups in parallel. So only one clusters at a time, which also bounds memory.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Method:
    """One way to cluster.

    find: the function. smallest: gives the default of the least rows of a cluster for a number of
    rows. most: the default of how many rows are fitted; neighbours decide for the others. module:
    the library that it needs. version: goes up with each change of its results.
    """

    find: Callable[[Rows, int, int], Found]
    smallest: Callable[[int], int]
    most: int
    module: str
    version: int

    def lacks(self) -> str:
        """Return what the machine lacks for the method, in one line; "" if nothing."""
        if importlib.util.find_spec(self.module):
            return ""
        return f"the Python package {self.module} is not installed"


METHODS = {
    "hdbscan": Method(hdbscan.find, hdbscan.smallest, 50_000, "hdbscan", 6),
    "leiden": Method(leiden.find, leiden.smallest, 50_000, "graspologic_native", 2),
    "evoc": Method(evoc.find, evoc.smallest, 200_000, "evoc", 3),
    "cuml": Method(cuml.find, hdbscan.smallest, 1_000_000, "cuml", 2),
}
AUTO = "auto"
# AUTO takes hdbscan for a number of different rows between these, if all are fitted. Below, the
# last digit of a vector may decide hdbscan's clusters; above, it takes too long (bench/RESULTS.md).
# AUTO takes leiden there.
AUTO_LEAST, AUTO_MOST = 3_000, 15_000


def resolve(name: str, rows: int, sample: int = 0) -> str:
    """Return the name of the method that clusters some different rows: AUTO chooses one.

    sample: the most rows that are fitted; 0: as many as the method takes.
    """
    if name != AUTO:
        return name
    fitted_whole = rows <= (sample or rows)
    return "hdbscan" if AUTO_LEAST <= rows <= AUTO_MOST and fitted_whole else "leiden"


def versions(name: str) -> list[int]:
    """Return the versions of the methods that may run under a name."""
    names = ("hdbscan", "leiden") if name == AUTO else (name, "leiden")
    return [METHODS[n].version for n in names]


def check(name: str) -> None:
    """Raise ValueError, in one line, if there is no method of a name or it cannot run here."""
    if name == AUTO:
        return
    method = METHODS.get(name)
    if method is None:
        raise ValueError(f"cluster method {name!r}: use one of {', '.join((AUTO, *METHODS))}")
    if missing := method.lacks():
        others = ", ".join((AUTO, *(m for m in METHODS if not METHODS[m].lacks())))
        raise ValueError(f"cluster method {name}: {missing}; use {others}")
