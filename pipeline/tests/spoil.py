"""Make a Parquet file of one column and change a part of it."""

import io
from collections.abc import Callable

import compact
import pyarrow as pa
import pyarrow.parquet as pq
from compact import put, put_together, settle

TEXTS = [f"Feed the starter {n} times, then bake." for n in range(40)]
HUGE = 2**31 - 1
PLAIN = 6  # where the values begin in a page of version 1: after the levels, which are one run


def written(table: pa.Table, **options: object) -> bytes:
    """Return a table as a file."""
    buffer = io.BytesIO()
    options = {"compression": "none", "use_dictionary": False, "write_statistics": False} | options
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def good(**options: object) -> bytes:
    """Return a good file of one column."""
    return written(pa.table({"text": TEXTS}), **options)


def spoiled(change: Callable, **options: object) -> bytes:
    """Return a good file, of which change(file) has then spoiled a part."""
    file = compact.take_apart(good(**options))
    change(file)
    return put_together(file)


def header(number: int, value: object, page: int = 0) -> Callable:
    """Return a function that changes a field of a page's header."""

    def change(file) -> None:
        put(file.pages[page][0], number, value)
        settle(file)

    return change


def data_header(number: int, value: object, page: int = 0, kind: int = 5) -> Callable:
    """Return a function that changes a field of a data page's own header."""

    def change(file) -> None:
        put(file.pages[page][0][kind][1], number, value)
        settle(file)

    return change


def chunk(number: int, value: object) -> Callable:
    """Return a function that changes a field of the column chunk's metadata."""
    return lambda file: put(file.chunk, number, value)


def content(change: Callable[[bytes], bytes], page: int = 0) -> Callable:
    """Return a function that changes a page's content, and makes the sizes fit."""

    def changed(file) -> None:
        head, old = file.pages[page]
        new = change(old)
        put(head, 2, len(new))
        put(head, 3, len(new))
        file.pages[page] = (head, new)
        settle(file)

    return changed


def element(number: int, value: object, which: int = 1, kind: int | None = None) -> Callable:
    """Return a function that changes a field of an element of the schema."""

    def change(file) -> None:
        fields = file.schema[which]
        fields[number] = (kind or fields[number][0], value)

    return change
