"""Read chains files, as ``transforms/chainfile`` does."""

import contextlib
import hashlib
import io
import itertools
import os
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threadloom.worker import codes, columns
from threadloom.worker.codes import Failure, Refused
from threadloom.worker.places import Below

ROWS = 8192  # in memory at a time
MAX_TEXT_BYTES = (1 << 20) + 4  # taken of each text; the model never reads more
# The pipeline refuses values of more than 64 MB in 256 rows, too.
CHUNK_ROWS, CHUNK_BYTES = 256, 64 << 20
MAGIC, ENCRYPTED = b"PAR1", b"PARE"
# The key under which Arrow stores its schema in a footer, between the marks of its field and of its
# value. If that schema were read, the types of columns would depend on who wrote the file.
ARROW_SCHEMA = b"\x18\x0cARROW:schema\x18"


class Source:
    """An open chains file."""

    def __init__(self, at: Below, text_column: str, keep: tuple[str, ...]):
        """Open a file. Raises Failure if it cannot be opened, Refused if it is no chains file."""
        self._at = at
        with codes.failing(codes.CANNOT_OPEN, OSError):
            self._opened = at.open()
        try:
            stat = os.fstat(self._opened.fileno())
            self.size, self.mtime_ns = stat.st_size, stat.st_mtime_ns
            with reading():
                self._footer = footer(self._opened, self.size)
                self._file = self._parquet(self._opened)
                self.rows = self._file.metadata.num_rows
                found = columns.top_level(self._file)
            self._text = text_of(found, text_column, self._file.schema_arrow.names)
        except BaseException:
            self._opened.close()
            raise
        self.kept = columns.kept(found, text_column, keep)
        self._texts = hashlib.sha256()

    def pieces(self) -> Iterator[tuple[list[bytes], list[pa.Array]]]:
        """Yield for some rows at a time their texts, in UTF-8, and their kept columns."""
        moments = [column for column in self.kept if column.physical == "INT96"]
        with reading(), contextlib.ExitStack() as opened:
            rough = itertools.repeat([])
            if moments:
                again = opened.enter_context(self._at.open())
                rough = _batches(self._parquet(again, "us"), moments)
            for (text, *kept), exact in zip(
                _batches(self._file, [self._text, *self.kept]), rough, strict=False
            ):
                for column, values in zip(self.kept, kept, strict=True):
                    refuse_long_decimals(column, values)
                fitted = [c.fitted(values) for c, values in zip(self.kept, kept, strict=True)]
                refuse_large(self.kept, fitted)
                for column, values in zip(moments, exact, strict=True):
                    refuse_overflow(column, fitted[self.kept.index(column)], values)
                yield self._counted(text), fitted

    def _parquet(self, file: BinaryIO, int96: str = "ns") -> pq.ParquetFile:
        return pq.ParquetFile(
            file, metadata=self._footer, coerce_int96_timestamp_unit=int96,
            arrow_extensions_enabled=False,
        )  # fmt: skip

    def _counted(self, text: pa.Array) -> list[bytes]:
        """Return texts as bytes, and add them to the hash."""
        texts = [
            (value or b"")[:MAX_TEXT_BYTES] for value in text.cast(pa.large_binary()).to_pylist()
        ]
        self._texts.update(b"".join(len(t).to_bytes(4, "little") + t for t in texts))
        return texts

    @property
    def texts_sha256(self) -> str:
        """Return the hash of all texts so far; the length of each goes before it."""
        return self._texts.hexdigest()

    def check_unchanged(self) -> None:
        """Raise Failure if the file was written to or replaced since it was opened.

        What was read may then be a mixture. A file that was deleted was read as it was.
        """
        replaced = False
        with codes.failing(codes.CANNOT_READ, OSError):
            now = os.fstat(self._opened.fileno())
            with contextlib.suppress(FileNotFoundError), self._at.open() as file:
                replaced = not os.path.samestat(now, os.fstat(file.fileno()))
        if replaced or (now.st_size, now.st_mtime_ns) != (self.size, self.mtime_ns):
            raise Failure(codes.CHANGED_WHILE_READ, "the file was changed while it was read")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._opened.close()


def footer(file: BinaryIO, size: int) -> pq.FileMetaData:
    """Read a file's footer without the schema that Arrow stores there."""
    head = file.read(4)
    file.seek(max(0, size - 8))
    end = file.read(8)
    if size == 0:
        raise Refused(codes.EMPTY, "the file is empty (0 bytes)")
    if size < 12 or head not in (MAGIC, ENCRYPTED):
        raise Refused(codes.NOT_PARQUET, "no Parquet file: it does not begin with PAR1")
    if ENCRYPTED in (head, end[4:]):
        raise Refused(codes.ENCRYPTED, "the file is encrypted")
    if end[4:] != MAGIC:
        raise Refused(
            codes.DAMAGED,
            "the file does not end with PAR1: it was cut off, or is still being written",
        )
    length = int.from_bytes(end[:4], "little")
    if length > size - 12:
        raise Refused(codes.DAMAGED, f"its footer would have {length} bytes, the file has {size}")
    file.seek(size - 8 - length)
    footer = file.read(length).replace(ARROW_SCHEMA, ARROW_SCHEMA.lower())
    return pq.read_metadata(io.BytesIO(MAGIC + footer + end))


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn Arrow's errors about a file into Failure if a retry may help, else into Refused."""
    try:
        yield
    except Failure:
        raise
    except MemoryError as error:
        raise Failure(codes.TOO_LARGE, f"not enough memory to read it: {error}") from error
    except (pa.ArrowException, NotImplementedError, OSError, UnicodeDecodeError) as error:
        if getattr(error, "errno", None):
            raise Failure(codes.CANNOT_READ, error) from error
        raise _refused(codes.one_line(error)) from error


def _refused(said: str) -> Refused:
    """Return Arrow's error about a file with a code, which its text decides, not its type."""
    if "crypt" in said:
        return Refused(codes.ENCRYPTED, said)
    if "LZO" in said:
        return Refused(codes.UNSUPPORTED_CODEC, f"{said} (write it with zstd)")
    if "ncoding" in said:
        return Refused(codes.UNSUPPORTED_ENCODING, f"{said} (write it with its writer's defaults)")
    return Refused(codes.DAMAGED, f"the file is damaged: {said}")


def text_of(found: list[columns.Column | None], text: str, names: list[str]) -> columns.Column:
    """Return the text column; Refused unless one column has the name, and holds texts."""
    named = [column for column, name in zip(found, names, strict=True) if name == text]
    if not named:
        has = ", ".join(names)
        why = f"no text column {text!r}; the file has {has} (--text_column chooses another)"
        raise Refused(codes.NO_TEXT_COLUMN, why)
    if len(named) > 1:
        why = f"{len(named)} columns are called {text!r}: rename all but one"
        raise Refused(codes.AMBIGUOUS_TEXT_COLUMN, why)
    if named[0] is None or not named[0].is_text:
        raise Refused(codes.TEXT_COLUMN_TYPE, f"column {text!r} is not a string column")
    return named[0]


def refuse_large(kept: list[columns.Column], values: list[pa.Array]) -> None:
    """Raise Refused if the values of some rows take more memory than the pipeline allows."""
    texts = [v for c, v in zip(kept, values, strict=True) if c.physical.endswith("BYTE_ARRAY")]
    if sum(v.nbytes for v in texts) <= CHUNK_BYTES:
        return
    for start in range(0, len(texts[0]), CHUNK_ROWS):
        if sum(v.slice(start, CHUNK_ROWS).nbytes for v in texts) > CHUNK_BYTES:
            why = f"{CHUNK_ROWS} rows of its kept columns have more than {CHUNK_BYTES >> 20} MB"
            raise Refused(codes.VALUE_TOO_LARGE, f"{why} (--keep leaves columns out)")


def refuse_long_decimals(column: columns.Column, values: pa.Array) -> None:
    """Raise Refused if decimals have more digits than the schema says. Arrow would cut them."""
    try:
        if column.kind == "Decimal":
            values.validate(full=True)
    except pa.ArrowInvalid as error:
        why = f"column {column.name!r}: {codes.one_line(error)} (--keep leaves it out)"
        raise Refused(codes.VALUE_OUT_OF_RANGE, why) from error


def refuse_overflow(column: columns.Column, exact: pa.Array, rough: pa.Array) -> None:
    """Raise Refused if INT96 holds times that 64 bits of nanoseconds cannot hold.

    Arrow lets them overflow. In microseconds all of them fit, so the two are compared.
    """
    wrapped = pc.not_equal(exact.cast(pa.timestamp("us"), safe=False), rough)
    if pc.any(wrapped).as_py():
        why = f"column {column.name!r} has a time before 1677 or after 2262 (--keep leaves it out)"
        raise Refused(codes.VALUE_OUT_OF_RANGE, why)


def _batches(file: pq.ParquetFile, wanted: list[columns.Column]) -> Iterator[list[pa.Array]]:
    """Yield the values of some columns, found by their places in the file."""
    leaves = sorted(column.leaf for column in wanted)
    places = [leaves.index(column.leaf) for column in wanted]
    groups = range(file.num_row_groups)
    for batch in file.reader.iter_batches(ROWS, row_groups=groups, column_indices=leaves):
        yield [batch.column(place) for place in places]
