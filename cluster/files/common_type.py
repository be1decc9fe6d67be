"""Find one type for the columns of one name whose types differ from file to file.

In Reddit's dumps, for instance, `created_utc` is a text until 2015 and a number since.
"""

from collections.abc import Iterable
from functools import reduce

import numpy as np
import pyarrow as pa

from threadloom.cluster.files.columns import storage

TEXT, BYTES = pa.large_string(), pa.large_binary()
# The digits that Arrow requires of a decimal that holds every integer of a type.
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19}
_MOST_DIGITS = 38  # of decimal128; most readers know no larger one
_UNITS = ("s", "ms", "us", "ns")


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values, without views, dictionaries and extensions."""
    kind = storage(kind)
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return TEXT
    if pa.types.is_binary(kind) or pa.types.is_binary_view(kind):
        return BYTES
    if pa.types.is_date64(kind):
        return pa.date32()
    if pa.types.is_decimal32(kind) or pa.types.is_decimal64(kind):
        return pa.decimal128(kind.precision, kind.scale)
    return kind


def candidates(kinds: Iterable[pa.DataType]) -> list[pa.DataType]:
    """Return the types to try for columns of these plain types, the best first.

    A safe cast then shows whether one holds every value: a double cannot hold a large integer.
    """
    different = sorted({k for k in kinds if not pa.types.is_null(k)}, key=str)
    if not different:
        return [pa.null()]
    common = _known(reduce(_merged, different))
    last = [BYTES] if any(map(_holds_bytes, different)) else []
    tried = [common, TEXT, *last] if common is not None else [TEXT, *last]
    return list(dict.fromkeys(tried))


def _known(kind: pa.DataType | None) -> pa.DataType | None:
    """Return a type that most readers know; None if only a text can hold the values."""
    if kind is None or not pa.types.is_decimal256(kind):
        return kind
    return pa.decimal128(_MOST_DIGITS, kind.scale) if kind.scale <= _MOST_DIGITS else None


def _holds_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_fixed_size_binary(kind) or kind == BYTES


def _merged(a: pa.DataType | None, b: pa.DataType) -> pa.DataType | None:
    """Return the type that can hold the values of both; None if only a text can."""
    if a is None or a == b:
        return a
    if _is_number(a) and _is_number(b):
        return _number(a, b)
    if pa.types.is_timestamp(a) and pa.types.is_timestamp(b):
        # A time without a zone does not say which moment it was.
        zoned = {a.tz is None, b.tz is None}
        unit = _finer(a.unit, b.unit)
        return pa.timestamp(unit, "UTC" if a.tz else None) if len(zoned) == 1 else None
    if pa.types.is_time(a) and pa.types.is_time(b):
        unit = _finer(a.unit, b.unit)
        return pa.time64(unit) if unit in _UNITS[2:] else pa.time32(unit)
    if _holds_bytes(a) and _holds_bytes(b):
        return BYTES
    return None


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _number(a: pa.DataType, b: pa.DataType) -> pa.DataType | None:
    floats = [pa.types.is_floating(k) for k in (a, b)]
    exact = pa.types.is_decimal(a) or pa.types.is_decimal(b)
    if floats[0] != floats[1]:
        # A binary fraction cannot hold a decimal one.
        return None if exact else pa.float64()
    if exact:
        return _decimal(a, b)
    common = pa.from_numpy_dtype(np.promote_types(a.to_pandas_dtype(), b.to_pandas_dtype()))
    # numpy takes a float for uint64 and a signed integer, which no integer type holds.
    return common if all(floats) or pa.types.is_integer(common) else _decimal(a, b)


def _decimal(a: pa.DataType, b: pa.DataType) -> pa.DataType | None:
    scales = [k.scale if pa.types.is_decimal(k) else 0 for k in (a, b)]
    before = [_digits(k) - scale for k, scale in zip((a, b), scales, strict=True)]
    digits = max(before) + max(scales)
    return pa.decimal128(digits, max(scales)) if digits <= _MOST_DIGITS else None


def _digits(kind: pa.DataType) -> int:
    if pa.types.is_decimal(kind):
        return kind.precision
    return 20 if kind == pa.uint64() else _DIGITS[kind.bit_width]


def _finer(a: str, b: str) -> str:
    return max(a, b, key=_UNITS.index)
