"""The column types of the matrix, with their values and encodings."""

import decimal
import math
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

DICTIONARY = "DICTIONARY"
NUMBER = (DICTIONARY, "PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT")
REAL = (DICTIONARY, "PLAIN", "BYTE_STREAM_SPLIT")
FIXED = (DICTIONARY, "PLAIN", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT")
BYTES = (DICTIONARY, "PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY")
BOOLEAN = ("PLAIN", "RLE")

WORDS = [
    "dog",
    "went",
    "home",
    "told",
    "nobody",
    "where",
    "been",
    "night",
    "ålesund",
    "東京",
    "naïve",
    "🦊",
    "zebra",
    "ÿ",
]


@dataclass(frozen=True)
class Kind:
    """A column type. An output stores it as physical; length counts bytes where they are fixed."""

    type: pa.DataType
    encodings: tuple[str, ...]
    physical: str
    draw: Callable[[random.Random], object]
    edges: list = field(default_factory=list)  # values that wrong statistics would hide
    length: int = 0

    def values(self, rng: random.Random, rows: int, compressible: bool, nulls: bool) -> list:
        """Return that many values, the edges among them."""
        pool = [*self.edges, *(self.draw(rng) for _ in range(4))]
        fresh = [] if compressible else [self.draw(rng) for _ in range(rows - len(pool))]
        values = [(pool + fresh)[i % len(pool + fresh)] for i in range(rows)]
        if nulls:
            # Some nulls here and there, and more in a row than fit into a page.
            values = [None if i % 3 == 1 or 64 <= i < 100 else v for i, v in enumerate(values)]
        return values

    def array(self, values: list) -> pa.Array:
        """Return the values as an array."""
        if isinstance(self.type, pa.BaseExtensionType):
            return self.type.wrap_array(pa.array(values, self.type.storage_type))
        return pa.array(values, self.type)

    def input_encodings(self, decimals_as_integers: bool) -> tuple[str, ...]:
        """Return the encodings that pyarrow can write; those of decimals depend on an option."""
        narrow = pa.types.is_decimal(self.type) and self.type.precision <= 18
        return NUMBER if narrow and decimals_as_integers else self.encodings


def integer(bits: int, signed: bool) -> Kind:
    """Return an integer type."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    kind = getattr(pa, f"{'' if signed else 'u'}int{bits}")()
    draw = lambda rng: rng.randint(low, high)  # noqa: E731
    return Kind(kind, NUMBER, "INT64" if bits == 64 else "INT32", draw, [low, high, 7, high - 5])


def real(kind: pa.DataType, physical: str, large: float, encodings=REAL, length: int = 0) -> Kind:
    """Return a floating-point type. Halves of small integers are exact in each of them."""
    edges = [math.nan, -0.0, 0.0, -large, large, math.inf, -math.inf]
    return Kind(kind, encodings, physical, lambda rng: rng.randint(-2000, 2000) / 2, edges, length)


def number(precision: int, scale: int, physical: str, length: int = 0) -> Kind:
    """Return a decimal type."""
    most = 10**precision - 1

    def draw(rng: random.Random, value: int | None = None) -> decimal.Decimal:
        value = rng.randint(-most, most) if value is None else value
        digits = tuple(map(int, str(abs(value))))
        return decimal.Decimal((int(value < 0), digits, -scale))

    edges = [draw(None, v) for v in (-most, most, -1, 0, 255, -256)]
    return Kind(pa.decimal128(precision, scale), FIXED, physical, draw, edges, length)


def moment(unit: str, zone: str | None, encodings=NUMBER) -> Kind:
    """Return a timestamp type. Its values count units: Python has no nanoseconds."""
    scale = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    draw = lambda rng: rng.randint(-(2**31) * scale, 2**32 * scale)  # noqa: E731
    return Kind(pa.timestamp(unit, zone), encodings, "INT64", draw, [0, -1, 1_700_000_000 * scale])


def phrase(rng: random.Random) -> str:
    """Return a few words and a number that make it different from others."""
    return " ".join([*rng.choices(WORDS, k=3), str(rng.randrange(10**9))])


KINDS = {
    "int8": integer(8, signed=True),
    "int32": integer(32, signed=True),
    "int64": integer(64, signed=True),
    "uint32": integer(32, signed=False),
    "uint64": integer(64, signed=False),
    "float16": real(pa.float16(), "FIXED_LEN_BYTE_ARRAY", 65504.0, FIXED, 2),
    "float32": real(pa.float32(), "FLOAT", 2.0**127),
    "float64": real(pa.float64(), "DOUBLE", 1.7e308),
    "bool": Kind(pa.bool_(), BOOLEAN, "BOOLEAN", lambda rng: rng.random() < 0.5, [True, False]),
    "date": Kind(pa.date32(), NUMBER, "INT32", lambda rng: rng.randint(-9000, 30000), [0, -1]),
    "timestamp_ms": moment("ms", None),
    "timestamp_us": moment("us", None),
    "timestamp_ns_utc": moment("ns", "UTC"),
    "time": Kind(pa.time64("us"), NUMBER, "INT64", lambda rng: rng.randrange(86_400 * 10**6), [0]),
    "decimal9": number(9, 2, "INT32"),
    "decimal18": number(18, 4, "INT64"),
    "decimal38": number(38, 10, "FIXED_LEN_BYTE_ARRAY", 16),
    "fixed": Kind(
        pa.binary(8), FIXED, "FIXED_LEN_BYTE_ARRAY", lambda rng: rng.randbytes(8),
        [b"\x7f" * 8, b"\x80" * 8, b"\xff" * 8], 8,
    ),
    "uuid": Kind(
        pa.uuid(), FIXED, "FIXED_LEN_BYTE_ARRAY", lambda rng: rng.randbytes(16),
        [uuid.UUID(int=0).bytes, uuid.UUID(int=2**127).bytes], 16,
    ),
    "string": Kind(
        pa.string(), BYTES, "BYTE_ARRAY", phrase, ["", "a", "\x7f", "\x80", "ÿ", "\U0010ffff"]
    ),
    "json": Kind(pa.json_(), BYTES, "BYTE_ARRAY", lambda rng: f'{{"é": {rng.random()}}}', ["null"]),
    "binary": Kind(
        pa.binary(), BYTES, "BYTE_ARRAY", lambda rng: rng.randbytes(9), [b"", b"\xff", b"\x7f\0"]
    ),
    "null": Kind(pa.null(), (DICTIONARY, "PLAIN"), "INT32", lambda _: None, [None]),
}  # fmt: skip
