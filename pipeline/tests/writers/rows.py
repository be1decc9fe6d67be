"""Invented rows, and what is expected of them, for the scripts beside this one.

A script runs in the environment of one writer. python NAME_files.py FOLDER writes files of chains
and beside each the same rows as JSON, made from the same values and never read back.
python NAME_reads.py FILE prints what that program reads in an output, as JSON.
Only the standard library is needed here, because each environment has other packages.
"""

import datetime
import decimal
import json
import math
import sys
import uuid
from pathlib import Path

WORDS = (
    "market", "bridge", "copper", "forest", "kettle", "jacket", "lantern", "meadow", "pillow",
    "river", "bread", "engine", "winter",
)  # fmt: skip
START = datetime.datetime(2024, 2, 28, 23, 59, 58, 123456)


def text(seed: str, row: int) -> str:
    """Return one of forty texts that only files of this seed have."""
    n = row % 40
    return f"{seed} {WORDS[n % 13]} {WORDS[n * 5 % 13]} {WORDS[n * 7 % 11]} {n}"


def number(row: int, digits: int, scale: int) -> decimal.Decimal:
    """Return a decimal number of so many digits, negative in each third row."""
    value = (row * 7919 + 10**digits - 1) % 10**digits
    return decimal.Decimal(-value if row % 3 == 2 else value).scaleb(-scale, context=WIDE)


WIDE = decimal.Context(prec=60)

# A column's value in a row. Columns are chosen by these names.
VALUES = {
    "int8": lambda row: row % 256 - 128,
    "int16": lambda row: row * 37 % 65536 - 32768,
    "int32": lambda row: (-1) ** row * (2**31 - 1 - row),
    "int64": lambda row: (-1) ** row * (2**63 - 1 - row),
    "uint32": lambda row: 2**32 - 1 - row,
    "uint64": lambda row: 2**64 - 1 - row,
    "float32": lambda row: math.nan if row == 3 else row / 8 - 1,
    "float64": lambda row: math.inf if row == 3 else row / 3 - 1,
    "flag": lambda row: row % 3 == 0,
    "day": lambda row: (START + datetime.timedelta(days=row * 11 - 20000)).date(),
    "moment": lambda row: START + datetime.timedelta(seconds=row * 86399, microseconds=row),
    "instant": lambda row: VALUES["moment"](row).replace(tzinfo=datetime.UTC),
    "clock": lambda row: (START + datetime.timedelta(seconds=row * 61)).time(),
    "decimal4": lambda row: number(row, 4, 1),
    "decimal9": lambda row: number(row, 9, 2),
    "decimal18": lambda row: number(row, 18, 3),
    "decimal38": lambda row: number(row, 38, 10),
    "name": lambda row: f"ü{row % 7}" if row % 2 else f"name {row} ÿ",
    "one": lambda row: "always the same",
    "bytes": lambda row: bytes([row % 256, 255, 0]),
    "uuid": lambda row: uuid.UUID(int=(row * 2**121 + row) % 2**128),
    "nothing": lambda row: None,
}


def rows(seed: str, count: int, nulls: bool, names: list[str]) -> dict[str, list]:
    """Return columns of these names and the text, the last with nulls in each if asked for."""
    columns = {"text": [text(seed, row) for row in range(count)]}
    for name in names:
        columns[name] = [VALUES[name](row) for row in range(count)]
    if nulls:
        for at, values in enumerate(columns.values()):
            # Here and there, and several hundred in a row.
            values[:] = [
                None if (row + at) % 5 == 2 or 200 <= row < 500 else v
                for row, v in enumerate(values)
            ]
    return columns


def plain(value: object) -> object:
    """Return a value as JSON has it: what it means, whatever type holds it."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return list(value)
    return value.hex if isinstance(value, uuid.UUID) else value


def expect(folder: Path, name: str, columns: dict[str, list]) -> None:
    """Write what is expected of the file of this name."""
    values = {name: [plain(v) for v in values] for name, values in columns.items()}
    (folder / f"{name}.json").write_text(json.dumps(values))


def folder() -> Path:
    """Return the folder to write to."""
    return Path(sys.argv[1])


READ = ("int64", "flag", "day", "decimal9", "name", "embedding")  # what the NAME_reads.py print


def report(columns: dict[str, list]) -> None:
    """Print what was read of the columns in READ."""
    print(json.dumps({n: [plain(v) for v in columns[n]] for n in READ if n in columns}))
