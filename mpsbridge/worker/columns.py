"""Choose the columns of an output by what the input's mean, as ``transforms/chainfile`` does."""

import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

OURS = ("n_tokens", "truncated", "n_chunks", "embedding")
UNITS = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}
TEXTS = ("None", "String", "Enum", "JSON")  # annotations that the text column may have


@dataclass(frozen=True)
class Column:
    """A top-level column that is not nested."""

    name: str
    leaf: int  # its number among the leaves of the file
    physical: str
    meaning: dict  # the logical type, perhaps from a legacy annotation
    nullable: bool
    read: pa.DataType  # the type in which Arrow reads it

    @property
    def kind(self) -> str:
        """Return the name of the logical type, "None" without one."""
        return self.meaning["Type"]

    @property
    def is_text(self) -> bool:
        """Whether the column holds texts; one of the null type holds empty ones."""
        return self.kind == "Null" or (self.physical == "BYTE_ARRAY" and self.kind in TEXTS)

    @property
    def field(self) -> pa.Field:
        """Return the field of the output."""
        return pa.field(self.name, self._written(), nullable=self.nullable or self.kind == "Null")

    def _written(self) -> pa.DataType:
        match self.kind:
            case "Timestamp":  # Arrow takes a legacy annotation for a local time
                unit = UNITS[self.meaning["timeUnit"]]
                return pa.timestamp(unit, "UTC" if self.meaning["isAdjustedToUTC"] else None)
            case "UUID":
                return pa.uuid()
            case "JSON":
                return pa.json_(pa.string())
            case "String":
                return pa.string()
            case "Null" | "Decimal":
                return self.read
        # Arrow writes ENUM, BSON and the like as plain bytes.
        return pa.binary() if self.physical == "BYTE_ARRAY" else self.read

    def fitted(self, values: pa.Array) -> pa.Array:
        """Return values in the type in which they are written."""
        kind = self.field.type
        if values.type == kind:
            return values
        if isinstance(kind, pa.ExtensionType):
            return pa.ExtensionArray.from_storage(kind, values.view(kind.storage_type))
        return values.view(kind)  # the same bytes


def top_level(file: pq.ParquetFile) -> list[Column | None]:
    """Return a file's top-level columns in order, None for a nested or repeated one.

    They are found by position, because a column `a.b` and the field `b` of a column `a` have one
    name.
    """
    columns, leaf = [], 0
    for field in file.schema_arrow:
        if pa.types.is_nested(field.type):
            columns.append(None)
        else:
            columns.append(_column(file.schema.column(leaf), leaf, field))
        leaf += _leaves(field.type)
    return columns


def _column(leaf: pq.ColumnSchema, index: int, field: pa.Field) -> Column:
    meaning = json.loads(leaf.logical_type.to_json())
    nullable = leaf.max_definition_level > 0
    return Column(field.name, index, leaf.physical_type, meaning, nullable, field.type)


def _leaves(kind: pa.DataType) -> int:
    if not pa.types.is_nested(kind):
        return 1
    return sum(_leaves(kind.field(i).type) for i in range(kind.num_fields))


def kept(columns: list[Column | None], text: str, keep: tuple[str, ...]) -> list[Column]:
    """Return the columns that an output keeps; the first if several have one name."""
    found: dict[str, Column] = {}
    for column in columns:
        if column is None or column.name in (text, *OURS):
            continue
        if not keep or column.name in keep:
            found.setdefault(column.name, column)
    return list(found.values())
