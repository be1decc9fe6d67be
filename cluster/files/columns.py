"""Open a Parquet file and read single columns of it, by their position.

Names are not enough: pyarrow takes "embedding.list" for a part of the column "embedding", and
cannot tell two columns of one name apart.
"""

import contextlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

# What pyarrow raises for a file: its own exceptions, the system's, and Python's about values that
# Python cannot hold.
_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, ArithmeticError, LookupError)


class Unreadable(ValueError):
    """A file or a column cannot be read; the text says why, in one line and without the path.

    passing: the system refused, so the next try may succeed.
    """

    def __init__(self, reason: str, passing: bool = False) -> None:
        """Take the reason."""
        super().__init__(reason)
        self.passing = passing


@contextlib.contextmanager
def opened(path: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; Unreadable if that fails, or if the block fails to read from it."""
    with reading(), contextlib.ExitStack() as stack:
        source = path
        try:
            path.encode()
        except UnicodeEncodeError:
            # pyarrow encodes paths as UTF-8, and this name is not.
            source = stack.enter_context(open(path, "rb"))
        yield stack.enter_context(pq.ParquetFile(source))


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn the exceptions that a library raises about a file into Unreadable."""
    try:
        yield
    except Unreadable:
        raise
    except FileNotFoundError:
        raise Unreadable("no such file", passing=True) from None
    except _ERRORS as error:
        # An error of the system has a number; an error of the content has none.
        passing = isinstance(error, MemoryError) or getattr(error, "errno", None) is not None
        raise Unreadable(one_line(error), passing) from None


def one_line(error: Exception) -> str:
    """Return a library's message as one line."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return printable(text)


def printable(text: str) -> str:
    r"""Return a text with \n and the like for characters that end a line or move the cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def first_leaves(schema: pa.Schema) -> list[int]:
    """Return the number of each column's first leaf, because Parquet numbers leaves."""
    first, count = [], 0
    for field in schema:
        first.append(count)
        count += leaves(field.type)
    return first


def leaves(kind: pa.DataType) -> int:
    """Return how many leaves a column of this type has in Parquet."""
    if isinstance(kind, pa.BaseExtensionType):
        return leaves(kind.storage_type)
    if not pa.types.is_nested(kind):
        return 1
    return sum(leaves(kind.field(i).type) for i in range(kind.num_fields))


def batches(path: str, leaf: int, rows: int) -> Iterator[pa.Array]:
    """Yield the column with this (first and only) leaf, at most `rows` values at a time."""
    with opened(path) as parquet:
        groups = list(range(parquet.num_row_groups))
        for batch in parquet.reader.iter_batches(rows, groups, column_indices=[leaf]):
            if len(batch):
                yield batch.column(0)


def storage(kind: pa.DataType) -> pa.DataType:
    """Return the type that holds the values of an extension type or of a dictionary."""
    if isinstance(kind, pa.BaseExtensionType):
        return storage(kind.storage_type)
    return storage(kind.value_type) if pa.types.is_dictionary(kind) else kind


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether values are texts or bytes of any length."""
    return any(
        test(kind)
        for test in (
            *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
            *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
        )
    )
