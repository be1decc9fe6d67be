"""The data of a map: the places, clusters and texts of its chains."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threadloom.cluster.clustering import members
from threadloom.cluster.files.common_type import TEXT
from threadloom.cluster.files.labels import SUBREDDIT
from threadloom.cluster.files.report import headline
from threadloom.cluster.map.colours import assign
from threadloom.cluster.methods.fit import Fitted

# More points make a page slow to open, and show no more, because the map has fewer pixels.
MOST_POINTS = 100_000
_TITLE = "title"


@dataclass(frozen=True, eq=False)
class MapData:
    """The data of a map of n chains in c clusters.

    points: float32[n, 2], where each chain is; finite.
    labels: int32[n], 0 .. c - 1 with 0 the largest cluster, -1 for noise.
    names: c names of clusters.
    texts: n snippets.
    titles: n titles, or None if the chains have none.
    subreddits: n names of subreddits.
    all_rows: the number of chains in the group, if the map shows fewer of them.
    charts: for each cluster its chains by period as a line of bars, or None if they have no times.

    Raises ValueError if these do not fit each other.
    """

    points: np.ndarray
    labels: np.ndarray
    names: list[str]
    texts: list[str]
    titles: list[str] | None
    subreddits: list[str]
    all_rows: int = 0
    charts: list[str] | None = None

    def __post_init__(self) -> None:
        """Check the lengths, that every label has a name, and that the points are finite."""
        rows = len(self.labels)
        if self.points.shape != (rows, 2):
            raise ValueError(f"points of shape {self.points.shape} for {rows} labels")
        for name in ("texts", "titles", "subreddits"):
            values = getattr(self, name)
            if values is not None and len(values) != rows:
                raise ValueError(f"{len(values)} {name} for {rows} labels")
        if self.charts is not None and len(self.charts) != len(self.names):
            raise ValueError(f"{len(self.charts)} charts for {len(self.names)} clusters")
        if rows and not -1 <= self.labels.min() <= self.labels.max() < len(self.names):
            raise ValueError(
                f"a label outside -1 .. {len(self.names) - 1}, the clusters with names"
            )
        if not np.isfinite(self.points).all():
            raise ValueError("a point that is not finite")

    @cached_property
    def sizes(self) -> np.ndarray:
        """The number of chains in each cluster, int[c]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.names))

    @cached_property
    def anchors(self) -> np.ndarray:
        """A point amid each cluster, float[c, 2]: the chain nearest to the medians of x and y.

        If a cluster is bent or in two parts, its middle may lie in another cluster. So a chain of
        the cluster itself is taken.
        """
        anchors = np.zeros((len(self.names), 2))
        for label, rows in enumerate(members(self.labels, len(self.names))):
            if len(rows):
                mine = self.points[rows].astype(np.float64)
                away = ((mine - np.median(mine, axis=0)) ** 2).sum(axis=1)
                anchors[label] = mine[away.argmin()]
        return anchors

    @cached_property
    def reaches(self) -> np.ndarray:
        """How far from its anchor two thirds of a cluster's chains lie, float[c]."""
        reaches = np.zeros(len(self.names))
        for label, rows in enumerate(members(self.labels, len(self.names))):
            if len(rows):
                away = self.points[rows] - self.anchors[label]
                reaches[label] = np.quantile(np.hypot(*away.T), 2 / 3)
        return reaches

    @cached_property
    def colours(self) -> list[tuple[str, str]]:
        """For each cluster "#rrggbb" for its points, and a darker one for its name."""
        return assign(self.anchors)

    @property
    def caption(self) -> str:
        """Return the figures in words: chains, clusters, noise, and whether a sample is shown."""
        rows = len(self.labels)
        figures = headline(rows, len(self.names), rows - int(self.sizes.sum()))
        if self.all_rows > rows:
            figures = f"{rows:,} of {self.all_rows:,} " + figures.split(" ", 1)[1]
        if rows > MOST_POINTS:
            figures += f"; the map shows an even sample of {MOST_POINTS:,}"
        return figures

    def rows_to_draw(self) -> np.ndarray:
        """Return the rows to show, int[<= 100,000], in the order in which to paint them.

        If there are more than 100,000, every cluster gives its share. Noise is painted first. The
        other rows are shuffled, always in the same way, so that no cluster covers another.
        """
        rows = np.argsort(self.labels, kind="stable")
        if len(rows) > MOST_POINTS:
            rows = rows[np.arange(MOST_POINTS) * len(rows) // MOST_POINTS]
        noise = int((self.labels[rows] < 0).sum())
        return np.concatenate([rows[:noise], np.random.default_rng(0).permutation(rows[noise:])])


def map_data(
    fitted: Fitted,
    names: list[str],
    snippets: list[str],
    keys: pa.Table,
    charts: list[str] | None = None,
) -> MapData:
    """Return the data of a map of the rows `fitted.drawn`.

    names: of the clusters. snippets: of these rows. keys: the key columns of all rows, with their
    subreddits. charts: see `MapData`.
    """
    keys = keys.take(fitted.drawn)
    titles = None
    if _TITLE in keys.column_names and keys.schema.field(_TITLE).type == TEXT:
        titles = pc.fill_null(keys[_TITLE], "").to_pylist()
    return MapData(
        fitted.model.points,
        fitted.model.labels[: len(fitted.model.points)],
        names,
        snippets,
        titles,
        pc.fill_null(keys[SUBREDDIT], "").to_pylist(),
        len(fitted.clustering.labels),
        charts,
    )


def clean(text: str) -> str:
    """Return a text that UTF-8 can encode: half a surrogate pair becomes "?"."""
    return text.encode(errors="replace").decode()
