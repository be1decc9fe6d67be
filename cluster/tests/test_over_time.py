"""Clusters by day, month and year, and what rises."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.files.report import bars
from threadloom.cluster.settings import Settings
from threadloom.cluster.step import cluster_files
from threadloom.cluster.topics import over_time


def times(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[s]")


@pytest.mark.parametrize(
    ("first", "last", "unit", "periods"),
    [
        ("2023-01-01", "2023-01-01T23:00:00", "day", 1),
        ("2023-12-30", "2024-01-02", "day", 4),
        ("2023-01-01", "2023-12-31", "month", 12),
        ("2005-06-30", "2024-01-01", "month", 224),
        ("1993-01-01", "2024-01-01", "year", 32),
    ],
)
def test_the_span_decides_the_unit(first, last, unit, periods):
    found = over_time.periods(times(first, last))
    assert (found.unit, len(found.starts)) == (unit, periods)
    assert found.of_rows.tolist() == [0, periods - 1]


def test_one_broken_time_does_not_make_years_of_days():
    days = np.datetime64("2024-01-01", "s") + np.arange(500) * np.timedelta64(3600, "s")
    found = over_time.periods(np.append(days, np.datetime64("2022-03-05")).astype("datetime64[s]"))
    assert found.unit == "day"


def test_no_time_is_known():
    assert over_time.periods(times("NaT", "NaT")) is None
    assert over_time.periods(times()) is None


def test_months_add_up_to_the_chains():
    """The counts are the same as with the standard library."""
    rng = np.random.default_rng(3)
    when = np.datetime64("2021-05-03", "s") + rng.integers(0, 10**8, 5000) * np.timedelta64(1, "s")
    when[rng.random(5000) < 0.1] = np.datetime64("NaT")
    labels = rng.integers(-1, 4, 5000)
    found = over_time.periods(when)
    assert found.unit == "month"
    table = over_time.counts(found, labels, 4)
    assert table.sum() == 5000
    wanted = Counter(
        (label, "never" if np.isnat(time) else str(time)[:7])
        for label, time in zip(labels.tolist(), when, strict=True)
    )
    names = [str(day)[:7] for day in found.starts] + ["never"]
    got = {
        (label if label < 4 else -1, name): int(table[label, column])
        for label in range(5)
        for column, name in enumerate(names)
        if table[label, column]
    }
    assert got == dict(wanted)


def planted(months: int = 6, begins: int = 2, seed: int = 1) -> np.ndarray:
    """Return chains by month: a steady topic, one that begins, one that ends, and a short one.

    There are more chains each month, so the steady topic grows in number and not in share.
    """
    rng = np.random.default_rng(seed)
    table = np.zeros((5, months + 1), np.int64)
    for month in range(months):
        weights = [4.0, 1.0 * (month >= begins), 1.0 * (month < months - begins), 0, 2.0]
        weights[3] = 3.0 * (month == months // 2)
        shares = np.array(weights) / sum(weights)
        table[:, month] = rng.multinomial(300 + 200 * month, shares)
    return table


@pytest.mark.parametrize("seed", range(20))
def test_a_topic_that_begins_rises_and_one_that_ends_falls(seed):
    assert over_time.trends(planted(seed=seed)) == [None, "rising", "falling", None]


def test_chance_is_no_trend():
    """If the shares of 4,000 clusters do not change, none of them rises or falls."""
    rng = np.random.default_rng(5)
    table = rng.multinomial(100_000, np.full(4001, 1 / 4001), size=12).T
    table = np.column_stack([table, np.zeros(4001, np.int64)])
    assert not any(over_time.trends(table))


def test_the_test_for_a_trend_is_a_correlation_over_single_chains():
    """Its square is N times the square of Pearson's correlation of time and membership."""
    table = planted()
    chains = table[:, :-1].sum(axis=0)
    month = np.repeat(np.arange(6), chains)
    for label, z in enumerate(over_time.deviations(table)):
        inside = np.concatenate(
            [np.arange(n) < table[label, t] for t, n in enumerate(chains.tolist())]
        )
        assert z == pytest.approx(np.corrcoef(month, inside)[0, 1] * np.sqrt(len(month)))


def test_bars():
    assert bars([0, 1, 4, 8]) == "·▁▄█"
    assert bars([0, 0]) == "··"
    assert bars([5]) == "█"
    assert bars([]) == ""
    assert len(bars([1] * 100)) == 20
    assert bars([1000, 1]) == "█▁"


MONTHS = np.array(["2024-01-15T12:00", "2024-02-15T00:00", "2024-06-30T23:59"], "datetime64[s]")


def kept(kind: str, when: np.ndarray) -> pa.Array:
    """Return times as a writer keeps them."""
    seconds = when.astype(np.int64)
    if kind == "digits":
        return pa.array([str(s) for s in seconds.tolist()])
    if kind == "timestamps":
        return pa.array(when, pa.timestamp("ms", "UTC"))
    return pa.array(seconds * {"seconds": 1, "milliseconds": 1000}[kind])


@pytest.fixture
def timed(folder, make_blobs):
    """Return a function that clusters three topics whose chains were written in three months."""

    def cluster(kind: str, settings=None) -> tuple[dict, pa.Table]:
        vectors, texts = make_blobs(120)
        when = MONTHS[np.arange(120) // 40]
        source = folder.write(f"{kind}.parquet", vectors, texts,
                              keys={"created_utc": kept(kind, when)})  # fmt: skip
        settings = settings or Settings(str(folder.root / kind), min_size=10)
        done = cluster_files([source], settings)
        with open(done["report"], encoding="utf-8") as file:
            report = json.load(file)
        return report, folder.root / kind / "over_time.parquet"

    return cluster


@pytest.mark.parametrize("kind", ["seconds", "milliseconds", "timestamps", "digits"])
def test_months_add_up_to_the_chains_in_duckdb(timed, kind):
    report, path = timed(kind)
    assert report["time"] == {
        "unit": "month", "first": "2024-01-01", "last": "2024-06-01", "unknown": 0,
    }  # fmt: skip
    labels = path.with_name("labels.parquet")
    when = {"digits": "to_timestamp(created_utc::BIGINT)", "timestamps": "created_utc",
            "milliseconds": "make_timestamp(created_utc * 1000)",
            "seconds": "to_timestamp(created_utc)"}[kind]  # fmt: skip
    duckdb.sql("SET TimeZone = 'UTC'")
    for level in range(1, len(report["levels"]) + 1):
        got = duckdb.sql(
            f"SELECT label, period, chains FROM '{path}' WHERE level = {level} ORDER BY ALL"
        ).fetchall()
        wanted = duckdb.sql(
            f"SELECT label_level_{level}, date_trunc('month', {when})::DATE, count(*)"
            f" FROM '{labels}' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        assert got == wanted
        assert sum(chains for *_, chains in got) == 120
        shares = duckdb.sql(
            f"SELECT period, sum(share) FROM '{path}' WHERE level = {level} GROUP BY ALL"
        ).fetchall()
        assert all(total == pytest.approx(1) for _, total in shares)
    for cluster in report["clusters"]:
        assert sum(cluster["over_time"]) == cluster["size"]


def test_without_times_there_is_no_file_and_an_old_one_goes(folder, timed):
    _, path = timed("seconds")
    assert path.exists()
    settings = Settings(str(path.parent), min_size=10)
    done = cluster_files(folder.write_topics(), settings)
    assert not path.exists()
    with open(done["report"], encoding="utf-8") as file:
        assert "time" not in json.load(file)


@pytest.mark.parametrize("name", ["created_utc", "written"])
def test_times_that_only_the_chains_have_count_as_well(folder, timed, make_blobs, name):
    kept_report, kept_path = timed("seconds")
    vectors, texts = make_blobs(120)
    source = folder.write("chains.parquet", vectors, texts)
    times = kept("seconds", MONTHS[np.arange(120) // 40])
    pq.write_table(pq.read_table(source.chains).append_column(name, times), source.chains)
    done = cluster_files(
        [source], Settings(str(folder.root / "out"), min_size=10, time_column=name)
    )
    report = json.loads(Path(done["report"]).read_text())
    assert report["time"] == kept_report["time"]
    assert pq.read_table(folder.root / "out" / "over_time.parquet").equals(pq.read_table(kept_path))


def test_a_column_that_is_named_and_missing_is_a_warning(folder):
    settings = Settings(str(folder.root / "out"), min_size=10, time_column="written")
    done = cluster_files(folder.write_topics(), settings)
    with open(done["report"], encoding="utf-8") as file:
        assert any("written" in warning for warning in json.load(file)["warnings"])


def test_the_table_for_readers_has_the_bars(timed):
    _, path = timed("seconds")
    table = path.with_name("clusters.md").read_text()
    assert "by month" in table
    assert "█" in table
