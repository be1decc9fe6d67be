"""Read the vectors of all files into one array."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threadloom.cluster.files import columns
from threadloom.cluster.files.columns import Unreadable
from threadloom.cluster.files.left_out import Findings
from threadloom.cluster.files.sources import Opened

# Rows that are read at a time, of 1,536 bytes each.
_ROWS = 8192


def read_vectors(files: list[Opened], findings: Findings) -> tuple[list[Opened], np.ndarray]:
    """Return the files whose vectors can be used, and these vectors, float32[rows, dimension].

    The peak of memory is that array and one batch. Leaves out a file if a vector is missing, has
    another length, or has a value that is not finite. All files must be of one model.
    """
    total = sum(f.rows for f in files)
    vectors = np.empty((0, 0), np.float32)
    good, done = [], 0
    for file in files:
        end = done
        try:
            for block in _blocks(file):
                if not len(vectors):
                    vectors = np.empty((total, block.shape[1]), np.float32)
                vectors[end : end + len(block)] = block
                end += len(block)
        except Unreadable as error:
            findings.leave_out(file.source.embeddings, error)
            continue
        good.append(file)
        done = end
    return good, vectors[:done]


def read_rows(files: list[Opened], rows: np.ndarray) -> np.ndarray:
    """Return the vectors of some rows of files that can be used, float32[len(rows), dimension].

    rows: int[k], rising, numbered through all files. Raises Unreadable if a file cannot be read.
    """
    found = [np.empty((0, 0), np.float32)] if not len(rows) else []
    start = 0
    for file in files:
        for block in _blocks(file):
            first, last = np.searchsorted(rows, (start, start + len(block)))
            if first < last:
                found.append(block[rows[first:last] - start])
            start += len(block)
    return np.concatenate(found)


def _blocks(file: Opened) -> Iterator[np.ndarray]:
    """Yield the vectors of a file, float32[n, d], and check that they are as its footer says."""
    done = 0
    for lists in columns.batches(file.source.embeddings, file.embedding_leaf, _ROWS):
        with columns.reading():
            block = _matrix(lists, done)
        if block.shape[1] != file.model["dimension"]:
            raise Unreadable(
                f"row {done} has {block.shape[1]} dimensions, but its footer says "
                f"{file.model['dimension']}"
            )
        done += len(block)
        if done > file.rows:
            break
        yield block
    if done != file.rows:
        raise Unreadable(f"it does not have the {file.rows} vectors that its footer says")


def _matrix(lists: pa.Array, first_row: int) -> np.ndarray:
    """Return a list array of n vectors as float32[n, d]; errors count rows from `first_row`."""
    if lists.null_count:
        raise Unreadable(f"row {first_row + pc.index(lists.is_null(), True).as_py()} has no vector")
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    if (lengths != lengths[0]).any():
        row = int(np.flatnonzero(lengths != lengths[0])[0])
        raise Unreadable(
            f"row {first_row + row} has {lengths[row]} dimensions, the others have {lengths[0]}"
        )
    if not lengths[0]:
        raise Unreadable(f"row {first_row} has no vector")
    values = lists.flatten().to_numpy(zero_copy_only=False)
    matrix = values.astype(np.float32, copy=False).reshape(len(lists), lengths[0])
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        row = first_row + int(np.flatnonzero(~finite)[0])
        raise Unreadable(f"row {row} of the vectors has a value that is not finite")
    return matrix
