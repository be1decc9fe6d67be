"""The methods that find clusters among vectors; `METHODS` is the one place that knows them.

A method is a function `(rows, seed, min_cluster_size) -> Found`: rows are different vectors, in an
order that their values decide; seed is 0 .. 2**32 - 1; a cluster has so many of the rows at least.
"""

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass

from threadloom.cluster.clustering import Found
from threadloom.cluster.methods import cuml, evoc, hdbscan
from threadloom.cluster.methods.umap import Rows

# Numba's default threading layer ends the process when two threads enter it at once, and the Beam
# worker runs several groups at once; so one clustering at a time, which bounds memory too.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Method:
    """One way to cluster.

    find: does it. smallest: the least size of a cluster among so many rows, unless the user says.
    most: rows that are fitted unless the user says; the neighbours of the others decide for them.
    module: the library that it needs. version: rises with each change of what it gives.
    """

    find: Callable[[Rows, int, int], Found]
    smallest: Callable[[int], int]
    most: int
    module: str
    version: int

    def lacks(self) -> str:
        """Return what the machine lacks for the method, in one line; empty if nothing."""
        if importlib.util.find_spec(self.module):
            return ""
        return f"the Python package {self.module} is not installed"


METHODS = {
    "hdbscan": Method(hdbscan.find, hdbscan.smallest, 50_000, "hdbscan", 5),
    "evoc": Method(evoc.find, evoc.smallest, 200_000, "evoc", 2),
    "cuml": Method(cuml.find, hdbscan.smallest, 1_000_000, "cuml", 1),
}
DEFAULT = "hdbscan"


def named(name: str) -> Method:
    """Return a method by its name; ValueError, in one line, for none or one that cannot run."""
    method = METHODS.get(name)
    if method is None:
        raise ValueError(f"cluster method {name!r}: use one of {', '.join(METHODS)}")
    if missing := method.lacks():
        others = ", ".join(m for m in METHODS if not METHODS[m].lacks())
        raise ValueError(f"cluster method {name}: {missing}; here there is {others}")
    return method
