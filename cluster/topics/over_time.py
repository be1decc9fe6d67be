"""The chains of each cluster by day, month or year, and which clusters rise or fall."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from threadloom.cluster.clustering import Clustering

Unit = Literal["day", "month", "year"]

# A period is the shortest that gives at most this many between the first time and the last. The
# outermost hundredths do not count, because one broken time may lie decades away.
_MOST = {"day": 92, "month": 240}
_OUTER = 0.01
# numpy's name of each unit.
_CODES = {"day": "D", "month": "M", "year": "Y"}
# A cluster rises or falls if its share of the chains follows the time so closely that chance gives
# as much in 1 of 15,000 clusters (4 standard deviations), ...
_DEVIATIONS = 4.0
# ... and if its share in one half of the time is this many times that in the other.
_TIMES = 1.5


@dataclass(frozen=True)
class Periods:
    """The days, months or years from the first time of the chains to the last.

    starts: datetime64[D][p], the first day of each, without gaps. of_rows: int32[n], the period of
    each row, -1 if its time is not known.
    """

    unit: Unit
    starts: np.ndarray
    of_rows: np.ndarray


def periods(times: np.ndarray) -> Periods | None:
    """Return the periods of times, datetime64[s][n]; None if no time is known (NaT)."""
    known = ~np.isnat(times)
    if not known.any():
        return None
    seconds = times[known].astype(np.int64)
    inner = np.quantile(seconds, [_OUTER, 1 - _OUTER], method="nearest").astype("datetime64[s]")
    unit: Unit = "year"
    for candidate, most in _MOST.items():
        first, last = inner.astype(f"datetime64[{_CODES[candidate]}]").astype(np.int64)
        if last - first < most:
            unit = candidate
            break
    numbers = times[known].astype(f"datetime64[{_CODES[unit]}]")
    first, last = numbers.min(), numbers.max()
    of_rows = np.full(len(times), -1, np.int32)
    of_rows[known] = (numbers - first).astype(np.int32)
    return Periods(unit, np.arange(first, last + 1).astype("datetime64[D]"), of_rows)


def counts(found: Periods, labels: np.ndarray, count: int) -> np.ndarray:
    """Return the chains of each cluster in each period, int64[count + 1, p + 1].

    labels: int[n], -1 for noise. Noise is the last row, and chains without a time the last column,
    so all of it adds up to n.
    """
    wide = len(found.starts) + 1
    cells = (labels % (count + 1)).astype(np.int64) * wide + found.of_rows % wide
    return np.bincount(cells, minlength=(count + 1) * wide).reshape(count + 1, wide)


@dataclass(frozen=True)
class OverTime:
    """The chains of each cluster by period.

    tables: of each level, coarsest first: int64[k + 1, p + 1], see `counts`. unknown: how many
    chains have no time.
    """

    periods: Periods
    tables: tuple[np.ndarray, ...]

    def about(self) -> dict:
        """Return what the report says: `unit`, `first` and `last` period, and `unknown` chains."""
        starts = self.periods.starts
        return {
            "unit": self.periods.unit,
            "first": str(starts[0]),
            "last": str(starts[-1]),
            "unknown": int(self.tables[0][:, -1].sum()),
        }

    def of_clusters(self, level: int) -> list[dict]:
        """Return what the report says of each cluster of a level: `over_time` and `trend`."""
        table = self.tables[level]
        return [
            {"over_time": chains.tolist(), "trend": trend}
            for chains, trend in zip(table[:-1, :-1], trends(table), strict=True)
        ]


def over_time(times: np.ndarray, found: Clustering) -> OverTime | None:
    """Return the chains of each cluster of each level by period; None if no time is known.

    times: datetime64[s][n], NaT if one is not known.
    """
    if (spans := periods(times)) is None:
        return None
    tables = (
        counts(spans, level.labels, found.count_at(i)) for i, level in enumerate(found.levels)
    )
    return OverTime(spans, tuple(tables))


def deviations(table: np.ndarray) -> np.ndarray:
    """Return how firmly each cluster's share of the chains grows (above 0) or shrinks, float64[k].

    table: what `counts` returns. These are standard deviations of the Cochran-Armitage test for a
    trend in proportions (Armitage 1955, doi:10.2307/3001775). With r of the n chains of period t in
    the cluster, and p its share of all N:

        z = sum(t (r - n p)) / sqrt(p (1 - p) (sum(n t^2) - sum(n t)^2 / N))
    """
    inside, chains = table[:-1, :-1], table[:, :-1].sum(axis=0)
    total = max(int(chains.sum()), 1)
    at = np.arange(len(chains), dtype=np.float64)
    spread = (chains * at**2).sum() - (chains * at).sum() ** 2 / total
    shares = inside.sum(axis=1) / total
    pull = (inside - shares[:, None] * chains) @ at
    scale = np.sqrt(shares * (1 - shares) * spread)
    return np.divide(pull, scale, out=np.zeros(len(inside)), where=scale > 0)


def trends(table: np.ndarray) -> list[Literal["rising", "falling"] | None]:
    """Return whether each cluster takes a larger or smaller share of the chains as time goes by.

    table: what `counts` returns. A topic that everybody talked about once, in the middle of the
    time, has no trend.
    """
    z = deviations(table)
    inside, chains = table[:-1, :-1], table[:, :-1].sum(axis=0)
    # The halves have equally many chains, as nearly as whole periods allow.
    early = np.cumsum(chains) <= chains.sum() / 2
    early[0] = True
    before = inside[:, early].sum(axis=1) / max(chains[early].sum(), 1)
    after = inside[:, ~early].sum(axis=1) / max(chains[~early].sum(), 1)
    rising = (z >= _DEVIATIONS) & (after >= _TIMES * before)
    falling = (z <= -_DEVIATIONS) & (before >= _TIMES * after)
    return [
        "rising" if up else "falling" if down else None
        for up, down in zip(rising.tolist(), falling.tolist(), strict=True)
    ]
