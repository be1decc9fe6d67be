"""Parquet files with annotations that pyarrow does not write: their footers are changed."""

import importlib.util
import io
import re
import struct
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_path = Path(__file__).parents[3] / "pipeline" / "tests" / "compact.py"
_spec = importlib.util.spec_from_file_location("compact", _path)
compact = importlib.util.module_from_spec(_spec)
sys.modules["compact"] = compact  # where dataclasses look for it
_spec.loader.exec_module(compact)

PHYSICAL = {
    "BOOLEAN": pa.bool_(), "INT32": pa.int32(), "INT64": pa.int64(), "INT96": pa.timestamp("ns"),
    "FLOAT": pa.float32(), "DOUBLE": pa.float64(), "BYTE_ARRAY": pa.binary(),
}  # fmt: skip
CONVERTED = {
    "UTF8": 0, "ENUM": 4, "DECIMAL": 5, "DATE": 6, "TIME_MILLIS": 7, "TIME_MICROS": 8,
    "TIMESTAMP_MILLIS": 9, "TIMESTAMP_MICROS": 10, "UINT_8": 11, "UINT_16": 12, "UINT_32": 13,
    "UINT_64": 14, "INT_8": 15, "INT_16": 16, "INT_32": 17, "INT_64": 18, "JSON": 19, "BSON": 20,
    "INTERVAL": 21,
}  # fmt: skip
LOGICAL = {
    "STRING": 1, "ENUM": 4, "DECIMAL": 5, "DATE": 6, "TIME": 7, "TIMESTAMP": 8, "INT": 10,
    "UNKNOWN": 11, "JSON": 12, "BSON": 13, "UUID": 14, "FLOAT16": 15,
}  # fmt: skip
UNITS = {"MILLIS": 1, "MICROS": 2, "NANOS": 3}


def edited(data: bytes, edit) -> bytes:
    """Return a file whose footer a function has changed, as a struct of Thrift."""
    (size,) = struct.unpack("<I", data[-8:-4])
    footer, _ = compact.read_struct(data[-8 - size : -8])
    edit(footer)
    new = compact.write_struct(footer)
    return data[: -8 - size] + new + struct.pack("<I", len(new)) + b"PAR1"


def annotate(element: dict, logical: str = "", converted: str = "") -> None:
    """Annotate an element of a schema with a type as the golden file writes it."""
    for number in (6, 7, 8, 10):
        element.pop(number, None)
    name, *arguments = re.findall(r"\w+", logical or converted)
    if name == "DECIMAL":
        element[7], element[8] = (compact.I32, int(arguments[1])), (compact.I32, int(arguments[0]))
    if converted:
        element[6] = (compact.I32, CONVERTED[name])
    if logical == "GEOMETRY":  # a number of more than 4 bits has another form
        element[10] = (12, b"\x0c\x22\0\0")
    elif logical:
        element[10] = (12, {LOGICAL[name]: (compact.STRUCT, _parameters(name, arguments))})


def _parameters(name: str, arguments: list[str]) -> dict:
    def flag(value: bool) -> tuple:
        return (compact.TRUE if value else compact.FALSE, value)

    match name:
        case "DECIMAL":
            return {1: (compact.I32, int(arguments[1])), 2: (compact.I32, int(arguments[0]))}
        case "TIME" | "TIMESTAMP":
            unit = {UNITS[arguments[0]]: (compact.STRUCT, {})}
            return {1: flag(arguments[1] == "utc"), 2: (compact.STRUCT, unit)}
        case "INT":
            return {1: (3, bytes([int(arguments[0])])), 2: flag(arguments[1] == "signed")}
    return {}


def written(columns: dict, **annotations: dict) -> bytes:
    """Return a file with a column `text` and other columns, which may get annotations."""
    rows = len(next(iter(columns.values())))
    table = pa.table({"text": [f"text {i}" for i in range(rows)], **columns})
    if nullable := annotations.pop("required", None):
        fields = [f.with_nullable(f.name not in nullable) for f in table.schema]
        table = table.cast(pa.schema(fields))
    file = io.BytesIO()
    pq.write_table(table, file, use_deprecated_int96_timestamps=True, store_schema=False)

    def edit(footer: dict) -> None:
        for element in footer[2][1][1]:
            if annotation := annotations.get(element[4][1].decode()):
                annotate(element, **annotation)

    return edited(file.getvalue(), edit)
