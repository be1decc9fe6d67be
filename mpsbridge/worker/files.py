"""Read chains files and write embeddings files, as ``transforms/chainfile`` does."""

import contextlib
import itertools
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from threadloom.worker.places import Below

VERSION = "0.1.0"
FINGERPRINT = "threadloom.fingerprint"
OURS = ("n_tokens", "truncated", "n_chunks", "embedding")
ROWS = 8192  # of a row group, and held at once
_count = itertools.count(1)
_swept: set[str] = set()  # folders in which nothing of killed workers is left


class Source:
    """An open chains file."""

    def __init__(self, at: Below, text_column: str, keep: tuple[str, ...]):
        """Open a file; raise ValueError where it has no such text column."""
        self._opened = at.open()
        self._file = pq.ParquetFile(self._opened)
        stat = os.fstat(self._opened.fileno())
        self.rows, self.size, self.mtime_ns = (
            self._file.metadata.num_rows, stat.st_size, stat.st_mtime_ns,
        )  # fmt: skip
        schema = self._file.schema_arrow
        if text_column not in schema.names:
            raise ValueError(f"no text column {text_column!r}; the file has {schema.names}")
        if not _is_text(schema.field(text_column).type):
            raise ValueError(f"column {text_column!r} is not a string column")
        self._text = text_column
        self.kept = [
            field
            for field in schema
            if field.name != text_column
            and not pa.types.is_nested(field.type)
            and (not keep or field.name in keep)
        ]

    def pieces(self) -> Iterator[tuple[list[bytes], pa.RecordBatch]]:
        """Yield the texts of some rows, in UTF-8, and the rows' kept columns."""
        columns = [self._text, *(field.name for field in self.kept)]
        for batch in self._file.iter_batches(batch_size=ROWS, columns=columns):
            text = batch.column(self._text)
            if pa.types.is_dictionary(text.type):
                text = text.dictionary_decode()
            texts = [value or b"" for value in text.cast(pa.large_binary()).to_pylist()]
            yield texts, batch.select([field.name for field in self.kept])

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._opened.close()


class Target:
    """An embeddings file that is being written: nothing is seen under its name until `commit`."""

    def __init__(self, at: Below, source: Source):
        """Start the file under a hidden name beside its place."""
        self._name = at.name
        # The same folder to the end, whatever is put in its place.
        self._folder = at.open_folder(make=True)
        if (folder := os.path.dirname(at.path)) not in _swept:
            _swept.add(folder)
            sweep(self._folder)
        self._temp = f".{socket.gethostname()}-{os.getpid()}-{next(_count)}.parquet.tmp"
        try:
            new = os.open(
                self._temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=self._folder
            )
        except OSError:
            os.close(self._folder)
            raise
        self._file = os.fdopen(new, "wb")
        self._kept = [f.name for f in source.kept if f.name not in OURS]
        element = pa.field("element", pa.float32())
        self._schema = pa.schema(
            [
                *(f.remove_metadata() for f in source.kept if f.name not in OURS),
                pa.field("n_tokens", pa.int32(), nullable=False),
                pa.field("truncated", pa.bool_(), nullable=False),
                pa.field("embedding", pa.list_(element), nullable=False),
            ]
        )
        self._writer = pq.ParquetWriter(
            self._file, self._schema, compression="zstd", compression_level=1,
            use_dictionary=self._kept, store_schema=False,
            use_byte_stream_split=["embedding.list.element"],
        )  # fmt: skip
        self.rows = 0

    def write(self, kept: pa.RecordBatch, tokens, truncated, vectors: np.ndarray) -> None:
        """Append rows: int32[rows], bool[rows] and float32[rows, dimension]."""
        ends = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
        lists = pa.ListArray.from_arrays(
            pa.array(ends), pa.array(vectors.ravel()), type=self._schema.field("embedding").type
        )
        columns = [kept.column(name) for name in self._kept]
        columns += [pa.array(tokens), pa.array(truncated), lists]
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._writer.write_batch(batch, row_group_size=ROWS)
        self.rows += len(vectors)

    def commit(self, fingerprint: dict) -> None:
        """Put the file in its place: on the disk, read back, renamed."""
        self._writer.add_key_value_metadata(
            {FINGERPRINT: json.dumps(fingerprint, ensure_ascii=False, separators=(",", ":"))}
        )
        self._writer.close()
        self._file.close()
        sync(self._temp, self._folder)
        with os.fdopen(os.open(self._temp, os.O_RDONLY, dir_fd=self._folder), "rb") as written:
            if pq.read_metadata(written).num_rows != self.rows:
                raise OSError(f"reading back {self._temp}: wrong number of rows")
        put_in_place(self._temp, self._name, self._folder)
        sync(".", self._folder)

    def abort(self) -> None:
        """Throw away what was written."""
        with contextlib.suppress(Exception):
            self._writer.close()
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temp, dir_fd=self._folder)

    def close(self) -> None:
        """Let go of the folder, after `commit` or `abort`."""
        os.close(self._folder)


def fingerprint(source: Source, facts: dict, model: str, backend: str, prompt: str) -> dict:
    """Return what the pipeline's fingerprint holds, in its order (chainfile/fingerprint.go)."""
    made = {"version": VERSION, "model": model, "model_sha256": facts["weights_sha256"]}
    names = ("weights_sha256", "tokenizer_sha256", "pooling", "normalized",
             "max_seq_length", "dimension")  # fmt: skip
    made |= {k: facts[k] for k in names}
    made["long_text"] = "truncate"
    if prompt:
        made["prompt"] = prompt
    return made | {
        "precision": "fp32", "backend": backend, "input_rows": source.rows,
        "input_size": source.size, "input_mtime": _rfc3339(source.mtime_ns),
    }  # fmt: skip


def rows_of(at: Below) -> int | None:
    """Return the rows that a file's footer tells, None where it has no valid one."""
    try:
        with at.open() as file:
            return pq.read_metadata(file).num_rows
    except (OSError, pa.ArrowException):
        return None


def sync(name: str, folder: int) -> None:
    """Have the system write a file of a folder, or "." for the folder itself, to the disk."""
    descriptor = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(temp: str, name: str, folder: int) -> None:
    """Rename a finished file."""
    os.replace(temp, name, src_dir_fd=folder, dst_dir_fd=folder)


def sweep(folder: int) -> None:
    """Remove what killed workers of this machine left unfinished in an output folder."""
    start = f".{socket.gethostname()}-"
    for name in os.listdir(folder):
        if not name.startswith(start) or not name.endswith(".parquet.tmp"):
            continue
        pid = name.removeprefix(start).split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        check(kind)
        for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary,
                      pa.types.is_large_binary, pa.types.is_string_view)
    )  # fmt: skip


def _rfc3339(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"
