"""The data of a map: the places, clusters and texts of its chains."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threadloom.cluster.clustering import amid, at_level, members
from threadloom.cluster.files.common_type import TEXT
from threadloom.cluster.files.labels import SUBREDDIT
from threadloom.cluster.files.permalinks import address
from threadloom.cluster.files.report import headline
from threadloom.cluster.map.colours import assign
from threadloom.cluster.methods.fit import Fitted

# More points make a page slow to open, and show no more, because the map has fewer pixels.
MOST_POINTS = 100_000
_TITLE = "title"
_ID, _PERMALINK = "chain_id", "permalink"
# Colours from early to late: every 36th of viridis (Smith & van der Walt 2015) without its yellow,
# which is too pale on white.
_RAMP = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58")


@dataclass(frozen=True, eq=False)
class Finer:
    """A level below the clusters of a map.

    labels: int32[n], the cluster of each chain, -1 for noise. names: k names of clusters. parents:
    int32[k], the cluster of the level before in which each lies.
    """

    labels: np.ndarray
    names: list[str]
    parents: np.ndarray


@dataclass(frozen=True)
class Inner:
    """A cluster inside another one.

    at: a point amid it, float[2]. reach: how far from there two thirds of its chains lie. label: of
    the cluster of the map that it lies in. parent: the number of the cluster in which it lies. The
    clusters of the map have the first numbers, by label, and the inner ones the next.
    """

    name: str
    size: int
    at: np.ndarray
    reach: float
    label: int
    parent: int


@dataclass(frozen=True, eq=False)
class Colouring:
    """Something that the colour of a point can show.

    name: what it shows. labels: int32[n], which of the colours each chain has, -1 for that of
    noise. colours: "#rrggbb" each.
    """

    name: str
    labels: np.ndarray
    colours: list[str]


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
    finer: the levels below, coarsest first.
    charts: for each cluster its chains by period as a line of bars, or None if they have no times.
    coarser: the levels above, coarsest first: int32[c] each, the group of each cluster.
    ids: n texts by which a reader finds a chain again, or None.
    links: n addresses, "" for a chain without one, or None.
    times: datetime64[s][n], NaT if a time is not known, or None.

    Raises ValueError if these do not fit each other.
    """

    points: np.ndarray
    labels: np.ndarray
    names: list[str]
    texts: list[str]
    titles: list[str] | None
    subreddits: list[str]
    all_rows: int = 0
    finer: tuple[Finer, ...] = ()
    charts: list[str] | None = None
    coarser: tuple[np.ndarray, ...] = ()
    ids: list[str] | None = None
    links: list[str] | None = None
    times: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check the lengths, that every label has a name, and that the points are finite."""
        rows = len(self.labels)
        if self.points.shape != (rows, 2):
            raise ValueError(f"points of shape {self.points.shape} for {rows} labels")
        for name in ("texts", "titles", "subreddits", "ids", "links", "times"):
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
        return self._amid[0]

    @cached_property
    def reaches(self) -> np.ndarray:
        """How far from its anchor two thirds of a cluster's chains lie, float[c]."""
        return self._amid[1]

    @cached_property
    def _amid(self) -> tuple[np.ndarray, np.ndarray]:
        return _amid(self.points, self.labels, len(self.names))

    @cached_property
    def _amid_finer(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [_amid(self.points, level.labels, len(level.names)) for level in self.finer]

    @cached_property
    def inner(self) -> list[Inner]:
        """The clusters of the levels below, coarser and larger ones first.

        A cluster that is all of its parent does not count, nor does one without a chain on the map.
        """
        found: list[Inner] = []
        numbers = tops = np.arange(len(self.names))
        for level, (anchors, reaches) in zip(self.finer, self._amid_finer, strict=True):
            sizes = np.bincount(level.labels[level.labels >= 0], minlength=len(level.names))
            siblings = np.bincount(level.parents, minlength=len(numbers))[level.parents]
            numbers, above, tops = numbers[level.parents], numbers, tops[level.parents]
            for i in np.argsort(-sizes, kind="stable"):
                if siblings[i] > 1 and sizes[i]:
                    numbers[i] = len(self.names) + len(found)
                    parent = int(above[level.parents[i]])
                    found.append(
                        Inner(level.names[i], int(sizes[i]), anchors[i], float(reaches[i]),
                              int(tops[i]), parent)
                    )  # fmt: skip
        return found

    @cached_property
    def colours(self) -> list[tuple[str, str]]:
        """For each cluster "#rrggbb" for its points, and a darker one for its name."""
        return assign(self.anchors)

    @cached_property
    def colourings(self) -> list[Colouring]:
        """Other things than its cluster that the colour of a point can show."""
        above = [at_level(groups, self.labels) for groups in self.coarser]
        counts = [int(groups.max(initial=-1)) + 1 for groups in self.coarser]
        anchors = [
            _amid(self.points, labels, count)[0]
            for labels, count in zip(above, counts, strict=True)
        ] + [anchors for anchors, _ in self._amid_finer]
        labels = above + [level.labels for level in self.finer]
        # The level between these is that of the clusters, which the points show at first.
        numbers = [n for n in range(1, len(labels) + 2) if n != len(above) + 1]
        found = []
        for number, mine, at in zip(numbers, labels, anchors, strict=True):
            name = f"level {number}: {len(at):,} cluster{'s' if len(at) != 1 else ''}"
            found.append(Colouring(name, mine, _colours(at)))
        names = sorted(set(self.subreddits))
        if len(names) > 1:
            index = {name: i for i, name in enumerate(names)}
            codes = np.array([index[name] for name in self.subreddits], np.int32)
            at = _amid(self.points, codes, len(names))[0]
            found.append(Colouring("subreddit", codes, _colours(at)))
        if self.times is not None and len(np.unique(self.times[~np.isnat(self.times)])) > 1:
            found.append(Colouring("time, dark to bright", _steps(self.times), list(_RAMP)))
        return found

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

        If there are more than 100,000, every cluster has its share. Noise is painted first. The
        other rows are shuffled, always in the same way, so that no cluster covers another.
        """
        rows = np.argsort(self.labels, kind="stable")
        if len(rows) > MOST_POINTS:
            rows = rows[np.arange(MOST_POINTS) * len(rows) // MOST_POINTS]
        noise = int((self.labels[rows] < 0).sum())
        return np.concatenate([rows[:noise], np.random.default_rng(0).permutation(rows[noise:])])


def _colours(anchors: np.ndarray) -> list[str]:
    """Return the colours of clusters at float[c, 2], "#rrggbb" each."""
    return [colour for colour, _ in assign(anchors)]


def _steps(times: np.ndarray) -> np.ndarray:
    """Return the step of `_RAMP` for each time, int32[n], -1 for NaT; all have as many chains."""
    steps = np.full(len(times), -1, np.int32)
    known = ~np.isnat(times)
    seconds = times[known].astype(np.int64)
    edges = np.quantile(seconds, np.linspace(0, 1, len(_RAMP) + 1)[1:-1])
    steps[known] = np.searchsorted(edges, seconds, side="right")
    return steps


def _amid(points: np.ndarray, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `MapData.anchors` and `MapData.reaches` of some clusters."""
    anchors, reaches = np.zeros((count, 2)), np.zeros(count)
    for label, rows in enumerate(members(labels, count)):
        if len(rows):
            anchors[label] = amid(points[rows])
            reaches[label] = np.quantile(np.hypot(*(points[rows] - anchors[label]).T), 2 / 3)
    return anchors, reaches


def map_data(
    fitted: Fitted,
    names: tuple[tuple[str, ...], ...],
    snippets: list[str],
    keys: pa.Table,
    charts: list[str] | None = None,
    times: np.ndarray | None = None,
) -> MapData:
    """Return the data of a map of the rows `fitted.drawn`.

    names: of the clusters of each level. snippets: of these rows. keys: the key columns of all
    rows, with their subreddits. charts: see `MapData`. times: of all rows, datetime64[s][n].
    """
    keys = keys.take(fitted.drawn)
    model, shown = fitted.model, len(fitted.model.points)
    permalinks = _texts(keys, _PERMALINK)
    above = [np.arange(int(model.labels.max(initial=-1)) + 1, dtype=np.int32)]
    for parents in model.parents[model.method_level : 0 : -1]:
        above.insert(0, at_level(parents, above[0]))
    return MapData(
        model.points,
        model.labels[:shown],
        list(names[model.method_level]),
        snippets,
        _texts(keys, _TITLE),
        pc.fill_null(keys[SUBREDDIT], "").to_pylist(),
        len(fitted.clustering.labels),
        tuple(
            Finer(model.labels_at(level)[:shown], list(names[level]), model.parents[level])
            for level in range(model.method_level + 1, len(model.parents))
        ),
        charts,
        tuple(above[:-1]),
        _texts(keys, _ID),
        None if permalinks is None else [address(link) for link in permalinks],
        None if times is None else times[fitted.drawn],
    )


def _texts(keys: pa.Table, name: str) -> list[str] | None:
    """Return a column of texts, "" for null; None if there is none of that name and type."""
    if name not in keys.column_names or keys.schema.field(name).type not in (TEXT, pa.string()):
        return None
    return pc.fill_null(keys[name], "").to_pylist()


def clean(text: str) -> str:
    """Return a text that UTF-8 can encode: half a surrogate pair becomes "?"."""
    return text.encode(errors="replace").decode()
