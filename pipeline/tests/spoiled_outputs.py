"""Make outputs, right and wrong ones, for `pipeline verify`, with their fingerprints.

The hashes are computed here, a second time and by another program than the one that writes them.
"""

import datetime
import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEY = b"threadloom.fingerprint"
TEXT_BYTES = 2**20 + 4  # so many bytes of a text count
ROWS = 24


@dataclass
class Embedded:
    """What a run made of a file."""

    source: pa.Table
    output: pa.Table


def chains(which: str) -> pa.Table:
    topics = ["bread", "a bicycle", "the garden", "an old radio", "rain", "chess"]
    texts = [
        f"{which} {i}: what I learned about {topics[i % 6]}, part {i * i}" for i in range(ROWS)
    ]
    if which == "a":  # in no row do the two have the same text
        texts[5], texts[6] = None, ""
    return pa.table(
        {
            "chain_id": [f"{which}_{i}" for i in range(ROWS)],
            "text": texts,
            "score": pa.array([None if i % 5 == 0 else i * len(which) for i in range(ROWS)]),
        }
    )


def texts_sha256(texts: Iterable[str | bytes | None]) -> str:
    """Return the hash of texts that a fingerprint has."""
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode() if isinstance(text, str) else text or b""
        content = content[:TEXT_BYTES]
        digest.update(struct.pack("<I", len(content)) + content)
    return digest.hexdigest()


def vectors_sha256(vectors: np.ndarray) -> str:
    """Return the hash of vectors that a fingerprint has."""
    return hashlib.sha256(np.ascontiguousarray(vectors, "<f4").tobytes()).hexdigest()


def vectors_of(output: pa.Table) -> np.ndarray:
    return np.array(output["embedding"].to_pylist(), np.float32)


def with_column(table: pa.Table, name: str, values: list | pa.Array) -> pa.Table:
    """Return a table with other values in a column of the same type."""
    at = table.column_names.index(name)
    return table.set_column(at, table.field(at), pa.array(values, table.field(at).type))


def with_vectors(output: pa.Table, vectors: np.ndarray) -> pa.Table:
    return with_column(output, "embedding", list(vectors))


def without_hashes(output: pa.Table) -> pa.Table:
    """Return an output as earlier versions made it."""
    fingerprint = json.loads(output.schema.metadata[KEY])
    for field in ("texts_sha256", "vectors_sha256"):
        fingerprint.pop(field, None)
    return output.replace_schema_metadata({KEY: json.dumps(fingerprint)})


def write_output(
    path: Path,
    output: pa.Table,
    source: Path,
    texts: list | None,
    vectors: np.ndarray | None,
    **options: object,
) -> None:
    """Write an output that says it was made of source, and holds these texts and vectors.

    Without them the fingerprint has no hashes, as those of earlier versions.
    """
    info = source.stat()
    seconds, nanoseconds = divmod(info.st_mtime_ns, 10**9)
    made = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    fingerprint = json.loads(without_hashes(output).schema.metadata[KEY]) | {
        "input_rows": output.num_rows,
        "input_size": info.st_size,
        "input_mtime": f"{made:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z",
    }
    for field, value in (
        ("texts_sha256", texts and texts_sha256(texts)),
        ("vectors_sha256", vectors is not None and vectors_sha256(vectors)),
    ):
        if value:
            fingerprint[field] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {KEY: json.dumps(fingerprint)}
    pq.write_table(output.replace_schema_metadata(metadata), path, **options)
