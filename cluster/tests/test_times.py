"""Times in every form in which a writer may keep them."""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pytest

from threadloom.cluster.files.times import instants

WHEN = datetime.datetime(2023, 12, 31, 23, 59, 58, tzinfo=datetime.UTC)
SECONDS = int(WHEN.timestamp())

SAME = {
    "seconds": pa.array([SECONDS]),
    "int32": pa.array([SECONDS], pa.int32()),
    "uint64": pa.array([SECONDS], pa.uint64()),
    "milliseconds": pa.array([SECONDS * 1000 + 999]),
    "microseconds": pa.array([SECONDS * 10**6 + 999_999]),
    "nanoseconds": pa.array([SECONDS * 10**9]),
    "double": pa.array([SECONDS + 0.5]),
    "decimal": pa.array([decimal.Decimal(f"{SECONDS}.25")]),
    "timestamp[s]": pa.array([SECONDS], pa.timestamp("s")),
    "timestamp[ms, UTC]": pa.array([SECONDS * 1000 + 5], pa.timestamp("ms", "UTC")),
    "timestamp[us, zone]": pa.array([SECONDS * 10**6], pa.timestamp("us", "America/New_York")),
    "timestamp[ns]": pa.array([SECONDS * 10**9 + 7], pa.timestamp("ns")),
    "digits": pa.array([str(SECONDS)]),
    "digits with a fraction": pa.array([f"{SECONDS}.0"]),
    "digits of milliseconds": pa.array([f" {SECONDS}123"], pa.string_view()),
    "dictionary": pa.array([str(SECONDS)]).dictionary_encode(),
    "ISO": pa.array(["2023-12-31T23:59:58Z"], pa.large_string()),
    "ISO with a zone": pa.array(["2024-01-01T05:29:58+05:30"]),
    "ISO west": pa.array(["2023-12-31T15:59:58.123-0800"]),
    "ISO with hours": pa.array(["2024-01-01T00:59:58+01"]),
    "space": pa.array(["2023-12-31 23:59:58"]),
    "UTC": pa.array(["2023-12-31 23:59:58 UTC"]),
}


@pytest.mark.parametrize("kind", SAME)
def test_every_way_gives_the_same(kind):
    column = pa.chunked_array([SAME[kind], pa.nulls(1, SAME[kind].type)])
    got = instants(column)
    assert got[0] == np.datetime64(WHEN.replace(tzinfo=None), "s"), got
    assert np.isnat(got[1])


def test_days():
    for column in ([datetime.date(2024, 2, 29)], ["2024-02-29"]):
        assert instants(pa.chunked_array([pa.array(column)]))[0] == np.datetime64("2024-02-29")
    milliseconds = pa.array([datetime.date(2024, 2, 29)], pa.date64())
    assert instants(pa.chunked_array([milliseconds]))[0] == np.datetime64("2024-02-29")


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["", "edited", "2023-13-01", "2023-02-30", "12:30", "+", "."]),
        pa.array([0, -5, 2**62]),
        pa.array([float("nan"), float("inf"), 1e300, -1e300]),
        pa.array([True, False]),
        pa.array([b"2023-01-01"]),
        pa.nulls(3),
        pa.array([[SECONDS]]),
        pa.array([], pa.int64()),
    ],
    ids=lambda column: str(column.type),
)
def test_what_is_no_time(column):
    got = instants(pa.chunked_array([column]))
    assert len(got) == len(column)
    assert np.isnat(got).all()


def test_seconds_and_milliseconds_in_one_column():
    """There are two months, one of them written by another tool."""
    got = instants(pa.chunked_array([pa.array([SECONDS]), pa.array([SECONDS * 1000])]))
    assert got[0] == got[1]
