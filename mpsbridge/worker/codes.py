"""The codes that say why a job failed, as in ``transforms/deadletter/code.go``."""

import contextlib
from collections.abc import Iterator

# The file itself.
CANNOT_OPEN = "cannot_open"
LEADS_OUTSIDE = "leads_outside"
CANNOT_READ = "cannot_read"
CHANGED_WHILE_READ = "changed_while_read"
EMPTY = "empty"
NOT_PARQUET = "not_parquet"
ENCRYPTED = "encrypted"
DAMAGED = "damaged"
TOO_LARGE = "too_large"
# The columns.
NO_TEXT_COLUMN = "no_text_column"
AMBIGUOUS_TEXT_COLUMN = "ambiguous_text_column"
TEXT_COLUMN_TYPE = "text_column_type"
UNSUPPORTED_CODEC = "unsupported_codec"
UNSUPPORTED_ENCODING = "unsupported_encoding"
VALUE_TOO_LARGE = "value_too_large"
VALUE_OUT_OF_RANGE = "value_out_of_range"
# The run.
EMBEDDING_FAILED = "embedding_failed"
PROCESS_LOST = "process_lost"
OUTPUT_NOT_WRITTEN = "output_not_written"
OUTPUT_NOT_WHOLE = "output_not_whole"
CANNOT_LIST = "cannot_list"
INTERNAL = "internal"
# Workers.
WORKER_LOST = "worker_lost"
NOT_VISIBLE = "not_visible"
OUTSIDE_ROOT = "outside_root"
BAD_JOB = "bad_job"


class Failure(Exception):
    """A job that failed and may be tried again; the message is one line that says why."""

    def __init__(self, code: str, why: object):
        """Take a code, and an error or its text."""
        super().__init__(one_line(why))
        self.code = code


class Refused(Failure):
    """A job that would fail at each attempt."""


class DeviceLost(Failure):
    """A job that failed because the device is broken, so that every other job would fail."""


def one_line(why: object) -> str:
    """Return the first line of an error's text, or its type if it has none."""
    said = str(why).strip().splitlines() or [type(why).__name__]
    return said[0][:500]


@contextlib.contextmanager
def failing(code: str, kind: type[Exception] = Exception) -> Iterator[None]:
    """Turn errors of a kind into Failure with a code; a Failure keeps its own."""
    try:
        yield
    except Failure:
        raise
    except kind as error:
        raise Failure(code, error) from error
