"""Write files whole or not at all, so that nobody ever sees a half-written result."""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

# A temporary file this old (seconds) was left by a killed run, because no write takes so long.
_ABANDONED = 3600


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Yield a temporary path beside `path`, and rename it to `path` if the block ends well.

    The file and its folder are on the disk before this returns. If the block raises, the
    temporary file is removed and `path` stays as it was. Makes the folder if it is missing, and
    removes what killed runs left for the same `path`.
    """
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    _sweep(folder, name)
    temporary = os.path.join(folder, f"{name}.{secrets.token_hex(6)}.tmp")
    try:
        yield temporary
        _sync(temporary, os.O_RDWR)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync(folder, os.O_RDONLY)


def write_text(path: str, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def write_parquet(path: str, table: pa.Table, **options: object) -> None:
    """Write a table to `path` as Parquet (zstd), whole or not at all."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", **options)


def _sync(path: str, flags: int) -> None:
    """Make the system write a file or a folder to the disk."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: str, name: str) -> None:
    """Remove the temporary files for `name` that no running write can own any more."""
    for entry in os.scandir(folder):
        if entry.name.startswith(f"{name}.") and entry.name.endswith(".tmp"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > _ABANDONED:
                    os.unlink(entry.path)
