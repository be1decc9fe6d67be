"""Read the texts of all rows from the chains files."""

from collections.abc import Iterator
from itertools import islice, repeat

import pyarrow as pa

from threadloom.cluster.files import columns
from threadloom.cluster.files.columns import Unreadable
from threadloom.cluster.files.left_out import TEXTS, Findings
from threadloom.cluster.files.sources import Opened

# Rows that are read at a time, of perhaps 100,000 characters each.
_ROWS = 512


def read_texts(files: list[Opened], findings: Findings) -> Iterator[str]:
    """Yield the texts of all rows in order, a batch in memory at a time; "" for a null.

    Texts that cannot be read are "". The findings name the file, and its vectors take part.
    """
    for file in files:
        done = 0
        try:
            for text in islice(_texts(file), file.rows):
                yield text
                done += 1
            if done < file.rows:
                raise Unreadable(f"it does not have the {file.rows} texts that its footer says")
        except Unreadable as error:
            findings.leave_out(file.source.chains, error, TEXTS)
            yield from repeat("", file.rows - done)


def _texts(file: Opened) -> Iterator[str]:
    if file.no_texts is not None:
        raise file.no_texts
    if file.text_leaf is None:
        yield from repeat("", file.rows)
        return
    for texts in columns.batches(file.source.chains, file.text_leaf, _ROWS):
        with columns.reading():
            decoded = _decoded(texts)
        yield from decoded


def _decoded(texts: pa.Array) -> list[str]:
    """Return texts; bytes that are not UTF-8 become U+FFFD, as in the embedding step."""
    if isinstance(texts, pa.ExtensionArray):
        texts = texts.storage
    if isinstance(texts, pa.DictionaryArray):
        texts = texts.dictionary_decode()
    return [(t or b"").decode(errors="replace") for t in texts.cast(pa.large_binary()).to_pylist()]
