"""Read a column of times, however its writer keeps them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threadloom.cluster.files.common_type import TEXT, plain_type

# Between 1970 and 2100. A 0 stands for an unknown time, and a larger number is not a time.
_FIRST, _LAST = 1, 4_102_444_800
# A number up to this is in seconds, one up to a thousand times it in milliseconds, and so on.
# As seconds it is in the year 5138, and as milliseconds in March 1973, before there were posts.
_MOST_SECONDS = 1e11
_NUMBER = r"^[+-]?\d+(?:\.\d*)?$"
# ISO 8601, and the same with a space, with or without the time of day and the zone.
_DATE = (
    r"^(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?)?"
    r" ?(?:Z|UTC|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?$"
)


def instants(column: pa.ChunkedArray) -> np.ndarray:
    """Return the times of a column, datetime64[s][n] in UTC; NaT if a value is not a time.

    Takes timestamps, dates, numbers and texts. A number counts seconds, milliseconds, microseconds
    or nanoseconds since 1970: its size says which. A text is such a number or ISO 8601. Without a
    zone a time is in UTC.
    """
    kind = plain_type(column.type)
    column = column.cast(kind)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # Nanoseconds reach from 1678 to 2262 only, so the finest unit cannot be the common one.
        return _known(_floats(column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _known(_in_seconds(column))
    if kind == TEXT:
        return _known(_of_texts(column))
    return np.full(len(column), np.datetime64("NaT"), "datetime64[s]")


def _in_seconds(numbers: pa.ChunkedArray) -> np.ndarray:
    """Return numbers of seconds, of milliseconds and so on as seconds, float64[n]."""
    values = _floats(numbers)
    for _ in range(3):
        values = np.where(np.abs(values) > _MOST_SECONDS, values / 1000, values)
    return values


def _of_texts(texts: pa.ChunkedArray) -> np.ndarray:
    """Return the seconds that texts say, float64[n]."""
    texts = pc.utf8_trim_whitespace(texts)
    is_number = pc.match_substring_regex(texts, _NUMBER)
    numbers = pc.if_else(is_number, texts, None).cast(pa.float64())
    return np.where(np.isnan(got := _in_seconds(numbers)), _of_dates(texts), got)


def _of_dates(texts: pa.ChunkedArray) -> np.ndarray:
    """Return the seconds since 1970 of dates as ISO 8601 writes them, float64[n]."""
    found = pc.extract_regex(texts.cast(pa.string()), _DATE).combine_chunks()
    day, clock, sign, hours, minutes = (found.field(name) for name in range(5))
    clock = pc.if_else(pc.equal(clock, ""), "00:00", clock)
    clock = pc.if_else(
        pc.equal(pc.utf8_length(clock), 5), pc.binary_join_element_wise(clock, "00", ":"), clock
    )
    local = pc.strptime(
        pc.binary_join_element_wise(day, clock, "T"), "%Y-%m-%dT%H:%M:%S", "s", error_is_null=True
    )
    # strptime takes the 30th of February for a day in March.
    real = pc.equal(pc.strftime(local, "%Y-%m-%d"), day)
    local = _floats(pc.if_else(real, local.cast(pa.int64()), None))
    ahead = 3600 * _number(hours) + 60 * _number(minutes)
    west = np.asarray(pc.fill_null(pc.equal(sign, "-"), False))
    return local - np.where(west, -ahead, ahead)


def _number(digits: pa.Array) -> np.ndarray:
    """Return texts of digits as numbers, float64[n]; 0 for none."""
    return _floats(
        pc.if_else(pc.equal(digits, ""), "0", pc.fill_null(digits, "0")).cast(pa.float64())
    )


def _floats(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return values as float64[n], null as NaN."""
    return np.asarray(pc.fill_null(values.cast(pa.float64(), safe=False), float("nan")))


def _known(seconds: np.ndarray) -> np.ndarray:
    """Return seconds since 1970 as datetime64[s][n]; NaT for those that are not a time."""
    with np.errstate(invalid="ignore"):
        known = (seconds >= _FIRST) & (seconds < _LAST)
    times = np.full(len(seconds), np.datetime64("NaT"), "datetime64[s]")
    times[known] = np.floor(seconds[known]).astype("int64").astype("datetime64[s]")
    return times
