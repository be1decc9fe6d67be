"""Read the key columns of all files as one table.

Clustering needs only vectors and texts, so a bad key column never ends it. Columns whose types
differ get a common type. Values that cannot be read are null, and a warning says so.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threadloom.cluster.files import columns
from threadloom.cluster.files.columns import Unreadable, one_line
from threadloom.cluster.files.common_type import BYTES, TEXT, candidates, plain_type
from threadloom.cluster.files.left_out import Findings, shown
from threadloom.cluster.files.sources import Opened


@dataclass
class _Part:
    """A column of one file; `values` is None if the file has none that can be read."""

    file: Opened
    values: pa.ChunkedArray | None

    def __str__(self) -> str:
        """Return its type and file, for a message."""
        kind = {TEXT: "text", BYTES: "bytes"}.get(self.values.type, self.values.type)
        return f"{kind} in {shown(self.file.source.embeddings)}"


def read_keys(files: list[Opened], findings: Findings) -> pa.Table:
    """Return the key columns of all files, in row order.

    A column is null in the rows of files that lack it, or in which it cannot be read.
    """
    read = [_read(f, findings) for f in files]
    keys: dict[str, pa.ChunkedArray] = {}
    for name in dict.fromkeys(name for f in files for name in f.key_columns):
        parts = [_Part(f, have.pop(name, None)) for f, have in zip(files, read, strict=True)]
        if (column := _joined(name, parts, findings)) is not None:
            keys[name] = column
    return pa.table(keys)


def read_chains_column(
    name: str, files: list[Opened], findings: Findings
) -> pa.ChunkedArray | None:
    """Return a scalar column of the chains files, in row order; None if no file has one.

    This is for a column that the embeddings did not keep. It is null in the rows of files that lack
    it, or in which it cannot be read.
    """
    parts = [_Part(f, _read_from_chains(name, f, findings)) for f in files]
    return _joined(name, parts, findings)


def _read_from_chains(name: str, file: Opened, findings: Findings) -> pa.ChunkedArray | None:
    path = file.source.chains
    try:
        with columns.opened(path) as parquet:
            schema = parquet.schema_arrow
            if name not in schema.names:
                return None
            column = schema.names.index(name)
            kind = schema.field(column).type
            if pa.types.is_nested(columns.storage(kind)):
                return None
            return _column(parquet, file.rows, (columns.first_leaves(schema)[column], kind), name,
                           path, findings)  # fmt: skip
    except Unreadable as error:
        if file.no_texts is None:  # otherwise the findings name the file already
            findings.warn(f"column {name!r} of {shown(path)} is left out: {error}")
        return None


def _read(file: Opened, findings: Findings) -> dict[str, pa.ChunkedArray]:
    """Return the columns of a file that can be read."""
    path = file.source.embeddings
    found = {}
    try:
        with columns.opened(path) as parquet:
            for name in file.key_columns:
                try:
                    leaf = file.key_columns[name]
                    found[name] = _column(parquet, file.rows, leaf, name, path, findings)
                except Unreadable as error:
                    findings.warn(f"column {name!r} of {shown(path)} is left out: {error}")
    except Unreadable as error:
        findings.warn(f"the key columns of {shown(path)} are left out: {error}")
    return found


def _column(
    parquet: pq.ParquetFile,
    rows: int,
    place: tuple[int, pa.DataType],
    name: str,
    path: str,
    findings: Findings,
) -> pa.ChunkedArray:
    """Return a column of a file, from its leaf and type; Unreadable if it cannot be read."""
    leaf, kind = place
    if pa.types.is_null(kind):
        # There is nothing to read, and some writers' columns of nulls cannot be read.
        return pa.chunked_array([pa.nulls(rows)])
    with columns.reading():
        column = parquet.reader.read_all(column_indices=[leaf]).column(0)
        if len(column) != rows:
            raise Unreadable(f"{len(column)} values for {rows} rows")
        return _valid(column, name, path, findings)


def _valid(column: pa.ChunkedArray, name: str, path: str, findings: Findings) -> pa.ChunkedArray:
    """Return a column of texts as UTF-8, which no reader of Parquet checks; others as they are."""
    if plain_type(column.type) != TEXT:
        return column
    texts = _cast(_plain(column), TEXT)
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        findings.warn(f"column {name!r} of {shown(path)} is not all UTF-8: the rest became U+FFFD")
        values = texts.cast(BYTES).to_pylist()
        fixed = [None if v is None else v.decode(errors="replace") for v in values]
        return pa.chunked_array([pa.array(fixed, TEXT)])
    return column


def _joined(name: str, parts: list[_Part], findings: Findings) -> pa.ChunkedArray | None:
    """Return the column of all files, None if no type holds all of its values."""
    held = [p for p in parts if p.values is not None]
    if not held:
        return None
    kinds = {p.values.type for p in held}
    if len(kinds) == 1 and isinstance(held[0].values.type, pa.BaseExtensionType):
        return _concatenated(parts, held[0].values.type)  # such as a UUID, which stays one
    plain = [_Part(p.file, None if p.values is None else _plain(p.values)) for p in parts]
    tried = candidates(p.values.type for p in plain if p.values is not None)
    for target in tried:
        try:
            column = _concatenated(plain, target)
        except pa.ArrowException:
            continue
        _tell(name, plain, target, findings)
        return column
    one, other = _two(plain, next((p for p in plain if not _is_text(p)), None))
    findings.warn(f"column {name!r} is left out: it is {one} and {other}, and no type holds both")
    return None


def _tell(name: str, plain: list[_Part], target: pa.DataType, findings: Findings) -> None:
    """Warn that numbers or times have become texts, because a reader may compute with them."""
    kinds = {p.values.type for p in plain if p.values is not None}
    if target != TEXT or not any(k != TEXT and not pa.types.is_null(k) for k in kinds):
        return
    one, other = _two(plain)
    held = f"{one}" if one is other else f"{one} and {other}"
    findings.warn(f"column {name!r} is {held}: it becomes text in the labels")


def _two(parts: list[_Part], one: _Part | None = None) -> tuple[_Part, _Part]:
    """Return a part, by default the first, and the first of another type. Nulls do not count."""
    held = [p for p in parts if p.values is not None and not pa.types.is_null(p.values.type)]
    one = one or held[0]
    return one, next((p for p in held if p.values.type != one.values.type), one)


def _is_text(part: _Part) -> bool:
    """Return whether the values can become texts."""
    try:
        return part.values is None or _cast(part.values, TEXT) is not None
    except pa.ArrowException:
        return False


def _concatenated(parts: list[_Part], target: pa.DataType) -> pa.ChunkedArray:
    """Return the values of all files one after the other; ArrowException if they do not fit."""
    chunks = []
    for part in parts:
        if part.values is None:
            chunks.append(pa.nulls(part.file.rows, target))
        else:
            chunks += _cast(part.values, target).chunks
    return pa.chunked_array(chunks, target)


def _cast(column: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    if column.type == target:
        return column
    if target == TEXT and pa.types.is_fixed_size_binary(column.type):
        column = column.cast(BYTES)  # Arrow has no cast in one step
    return pc.cast(column, target, safe=True)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values in the plain type of a column."""
    kind = plain_type(column.type)
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [c.storage for c in column.chunks]
        column = pa.chunked_array(chunks, column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column if column.type == kind else column.cast(kind)


def row_values(keys: pa.Table, row: int) -> dict:
    """Return a row for a report; what Python cannot hold, such as nanoseconds, as a text."""
    return {name: _value(keys.column(name), row) for name in keys.column_names}


def _value(column: pa.ChunkedArray, row: int) -> object:
    try:
        # as_py makes nanoseconds a Timestamp of pandas, if that happens to be installed.
        if getattr(column.type, "unit", "") != "ns":
            return column[row].as_py()
    except (ValueError, ArithmeticError, pa.ArrowException):
        pass
    try:
        return _cast(_plain(column.slice(row, 1)), TEXT)[0].as_py()
    except (ValueError, pa.ArrowException) as error:
        return one_line(error)


def as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as texts; ArrowException if it holds bytes that are not UTF-8."""
    return _cast(_plain(column), TEXT)
