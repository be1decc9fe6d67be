"""The method for thousands of rows: UMAP reduces the vectors, HDBSCAN finds the dense regions.

HDBSCAN on the raw 384 dimensions calls nearly everything noise, so UMAP reduces them to five.
UMAP's layout depends on chance, and HDBSCAN reacts to its last digit: now and then one layout joins
clusters that others keep apart. So there are several layouts. The distance of two rows is the root
mean square of their distances in all layouts, because chance seldom errs in the same way twice.

Rows between the dense regions of the layouts are noise to HDBSCAN. If most of the nearest vectors
of such a row are in one cluster, the row goes there.

Sources: HDBSCAN, Campello, Moulavi & Sander 2013, doi:10.1007/978-3-642-37456-2_14, with the
excess-of-mass selection described there; its outlier scores (GLOSH), Campello, Moulavi, Zimek &
Sander 2015, doi:10.1145/2733381.
"""

import logging
from dataclasses import dataclass

import numpy as np

from threadloom.cluster.clustering import Found
from threadloom.cluster.methods.neighbor_votes import adopt
from threadloom.cluster.methods.rows import Rows
from threadloom.cluster.methods.umap import lay_out


@dataclass(frozen=True)
class Recipe:
    """The numbers of the method; a change of any of them makes older results stale.

    dimensions: of each layout.
    neighbors, neighbors_share, fewest_neighbors: a UMAP neighbourhood has share x n rows, the row
    itself included, but at most the first number and at least the last. In a small group 50
    neighbours of each row would join all topics.
    min_dist: UMAP's least distance between neighbours; 0 packs clusters as densely as they are.
    smallest_cluster, smallest_share: a cluster has at least max(smallest_cluster, share x n) rows.
    samples, samples_share, fewest_samples: HDBSCAN calls a row dense if it has share x n neighbours
    near it, within the same kind of bounds. A higher number is steadier between seeds, and joins
    small topics.
    layouts: how many there are.
    majority: a row of noise goes to a cluster with more than this share of its neighbours.
    """

    dimensions: int = 5
    neighbors: int = 50
    neighbors_share: float = 0.05
    fewest_neighbors: int = 15
    min_dist: float = 0.0
    smallest_cluster: int = 10
    smallest_share: float = 0.01
    samples: int = 15
    samples_share: float = 0.002
    fewest_samples: int = 5
    layouts: int = 3
    majority: float = 0.5

    def neighborhood(self, rows: int) -> int:
        """Return the rows in a UMAP neighbourhood among `rows`."""
        wanted = max(self.fewest_neighbors, int(rows * self.neighbors_share))
        return min(self.neighbors, wanted, rows - 1)

    def min_samples(self, rows: int) -> int:
        """Return the neighbours that a dense row must have among `rows`."""
        return min(self.samples, max(self.fewest_samples, int(rows * self.samples_share)))


RECIPE = Recipe()

# A layout of this many rows or more takes long enough to be logged.
_LONG = 20_000
_LOG = logging.getLogger(__name__)


def smallest(rows: int) -> int:
    """Return the least number of rows that make a cluster among `rows`."""
    return max(RECIPE.smallest_cluster, int(rows * RECIPE.smallest_share))


def find(rows: Rows, seed: int, min_cluster_size: int) -> Found:
    """Find clusters among the rows of `rows`; see `registry`."""
    import hdbscan

    k = RECIPE.neighborhood(len(rows))
    layouts = []
    for i in range(RECIPE.layouts):
        if len(rows) >= _LONG:
            _LOG.info("layout %d of %d, %s rows", i + 1, RECIPE.layouts, f"{len(rows):,}")
        seeded = (seed + i) % 2**32
        layouts.append(lay_out(rows, k, RECIPE.dimensions, seeded, RECIPE.min_dist))
    points = np.hstack(layouts) / np.sqrt(len(layouts))
    found = hdbscan.HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=RECIPE.min_samples(len(rows)),
        cluster_selection_method="eom",
        # More than one job starts processes, which would outlive a killed server.
        core_dist_n_jobs=1,
    ).fit(points)
    # Copies that differ in the last digit can be infinitely dense, and their score 0/0.
    scores = np.nan_to_num(found.outlier_scores_).clip(0, 1)
    labels, probabilities = adopt(rows, found.labels_, found.probabilities_, RECIPE.majority)
    return Found(labels, probabilities, scores)
