"""The columns of ``transforms/chainfile/testdata/schema.json``, as files.

Each row of it is a column of an input and what becomes of it. Arrow cannot write all annotations:
`worker` is there where the worker writes another column.
"""

import json
from pathlib import Path

import pyarrow as pa

from threadloom.worker.tests.annotated import PHYSICAL, written

GOLDEN = Path(__file__).parents[3] / "transforms" / "chainfile" / "testdata" / "schema.json"
ROWS = json.loads(GOLDEN.read_text(encoding="utf-8"))
VALUES = {
    "BOOLEAN": [True, False], "INT32": [7, 1], "INT64": [7, 1], "INT96": [10**18, 1],
    "FLOAT": [1.5, 2], "DOUBLE": [1.5, 2], "BYTE_ARRAY": [b"{}", b"7"],
}  # fmt: skip


def values(column: dict) -> pa.Array:
    """Return some values of an input's column, with a null if it may have one."""
    physical, length = column["physical"], column.get("length")
    some = VALUES.get(physical) or [(7 - i).to_bytes(length, "big", signed=True) for i in (0, 1)]
    if column["repetition"] == "OPTIONAL":
        some = [*some, None]
    if column.get("logical") == "UNKNOWN":
        some = [None] * 3 if column["repetition"] == "OPTIONAL" else [0, 0]
    return pa.array(some, PHYSICAL.get(physical) or pa.binary(length))


def annotation(column: dict) -> dict:
    """Return the annotations of an input's column."""
    return {k: column[k] for k in ("logical", "converted") if k in column}


def input_of(row: dict) -> bytes:
    """Return an input with one column k."""
    column = row["input"]
    required = ["k"] if column["repetition"] == "REQUIRED" else []
    return written({"k": values(column)}, required=required, k=annotation(column))


def input_of_all(repetition: str, rows: list[dict] = ROWS) -> tuple[bytes, dict[str, dict]]:
    """Return an input with the columns of one repetition, and the golden's row of each."""
    found = {f"c{i}": r for i, r in enumerate(rows) if r["input"]["repetition"] == repetition}
    columns = {name: values(row["input"]) for name, row in found.items()}
    required = list(found) if repetition == "REQUIRED" else []
    annotations = {name: annotation(row["input"]) for name, row in found.items()}
    return written(columns, required=required, **annotations), found
