"""Write embeddings files, as ``transforms/chainfile`` does."""

import base64
import contextlib
import hashlib
import io
import json
import os
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from threadloom.worker import codes, unfinished
from threadloom.worker.chains import ROWS, Source
from threadloom.worker.columns import Column
from threadloom.worker.model import Tokens
from threadloom.worker.places import Below, Settings

VERSION = "0.1.0"
FINGERPRINT = "threadloom.fingerprint"
ARROW_SCHEMA = "ARROW:schema"  # where Arrow's readers look for the schema that was written
_swept: set[str] = set()  # folders from which this process has removed what killed workers left


class Target:
    """An embeddings file that is being written. It gets its name at `commit`."""

    def __init__(self, at: Below, source: Source, chunked: bool = False, fixed_size: int = 0):
        """Start the file under a hidden name in the same folder.

        fixed_size: the numbers in each vector, if Arrow's readers are to see lists of this fixed
        size; 0: they see lists of any size, as all others do in any case.
        """
        self._name = at.name
        # Open to the end, so that it stays the same folder whatever somebody puts in its place.
        self._folder = at.open_folder(make=True)
        if (folder := os.path.dirname(at.path)) not in _swept:
            _swept.add(folder)
            unfinished.sweep(self._folder)
        self._temp = unfinished.new_name()
        try:
            new = os.open(
                self._temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=self._folder
            )
        except OSError:
            os.close(self._folder)
            raise
        self._file = os.fdopen(new, "wb")
        self._writer, self._schema = _writer(self._file, source.kept, chunked)
        self._arrow = _arrow_schema(source.kept, chunked, fixed_size) if fixed_size else None
        self._vectors = hashlib.sha256()
        self.rows = 0

    def write(self, kept: list[pa.Array], tokens: Tokens, vectors: np.ndarray) -> None:
        """Append rows: the kept columns, and float32[rows, dimension]."""
        ends = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
        lists = pa.ListArray.from_arrays(
            pa.array(ends), pa.array(vectors.ravel()), type=self._schema.field(-1).type
        )
        chunks = [] if tokens.chunks is None else [pa.array(tokens.chunks)]
        columns = [*kept, pa.array(tokens.counts), pa.array(tokens.truncated), *chunks, lists]
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._writer.write_batch(batch, row_group_size=ROWS)
        self._vectors.update(vectors.astype("<f4").tobytes())
        self.rows += len(vectors)

    @property
    def vectors_sha256(self) -> str:
        """Return the hash of all vectors so far."""
        return self._vectors.hexdigest()

    def commit(self, fingerprint: dict) -> None:
        """Sync the file, read it back, and rename it to its name."""
        metadata = {FINGERPRINT: json.dumps(fingerprint, ensure_ascii=False, separators=(",", ":"))}
        if self._arrow is not None:
            # pyarrow's schema of a file takes its metadata from here and not from the footer.
            schema = self._arrow.with_metadata(metadata)
            metadata[ARROW_SCHEMA] = base64.b64encode(schema.serialize()).decode()
        self._writer.add_key_value_metadata(metadata)
        self._writer.close()
        self._file.close()
        sync(self._temp, self._folder)
        with os.fdopen(os.open(self._temp, os.O_RDONLY, dir_fd=self._folder), "rb") as written:
            if pq.read_metadata(written).num_rows != self.rows:
                raise codes.Failure(
                    codes.OUTPUT_NOT_WHOLE, f"reading back {self._temp}: wrong number of rows"
                )
        os.replace(self._temp, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        sync(".", self._folder)

    def abort(self) -> None:
        """Remove what was written."""
        with contextlib.suppress(Exception):
            self._writer.close()
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temp, dir_fd=self._folder)

    def close(self) -> None:
        """Close the folder, after `commit` or `abort`."""
        os.close(self._folder)


def _writer(file, kept: list[Column], chunked: bool) -> tuple[pq.ParquetWriter, pa.Schema]:
    """Return a writer, with the schema of its rows."""
    schema = pa.schema(
        [
            *(column.field for column in kept),
            pa.field("n_tokens", pa.int32(), nullable=False),
            pa.field("truncated", pa.bool_(), nullable=False),
            *([pa.field("n_chunks", pa.int32(), nullable=False)] if chunked else []),
            pa.field("embedding", pa.list_(pa.field("element", pa.float32())), nullable=False),
        ]
    )
    times = [c.meaning["isAdjustedToUTC"] for c in kept if c.kind == "Time"]
    writer = pq.ParquetWriter(
        file, schema, compression="zstd", compression_level=1, use_dictionary=False,
        store_schema=False, store_decimal_as_integer=True,
        write_time_adjusted_to_utc=any(times),  # for all: an Arrow time does not say it
    )  # fmt: skip
    return writer, schema


def _arrow_schema(kept: list[Column], chunked: bool, size: int) -> pa.Schema:
    """Return the schema with which Arrow's readers take vectors for lists of a fixed size.

    Arrow's readers go through this schema and the file's side by side, so it names all columns. For
    the others it says what these readers infer without it, from a file without rows.
    """
    empty = io.BytesIO()
    _writer(empty, kept, chunked)[0].close()
    inferred = pq.ParquetFile(empty, arrow_extensions_enabled=False).schema_arrow
    vectors = inferred.field(-1)
    fixed = vectors.with_type(pa.list_(vectors.type.value_field, size))
    return inferred.set(len(inferred) - 1, fixed)


def fingerprint(
    source: Source, target: Target, facts: dict, model: str, backend: str, settings: Settings
) -> dict:
    """Return the fingerprint, with the keys and the order of ``chainfile/fingerprint.go``."""
    made = {"version": VERSION, "model": model, "model_sha256": facts["weights_sha256"]}
    made |= facts | {"long_text": settings.long_text}
    if settings.prompt:
        made["prompt"] = settings.prompt
    return made | {
        "precision": "fp32", "backend": backend, "input_rows": source.rows,
        "input_size": source.size, "input_mtime": _rfc3339(source.mtime_ns),
        "texts_sha256": source.texts_sha256, "vectors_sha256": target.vectors_sha256,
    }  # fmt: skip


def rows_of(at: Below) -> int | None:
    """Return the number of rows in a file's footer; None if there is no valid footer."""
    try:
        with at.open() as file:
            return pq.read_metadata(file).num_rows
    except (OSError, pa.ArrowException):
        return None


def sync(name: str, folder: int) -> None:
    """Make the system write a file of a folder, or with "." the folder itself, to the disk."""
    descriptor = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rfc3339(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"
