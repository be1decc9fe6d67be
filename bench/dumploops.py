"""Read dumps as people do today: decompress, parse each line, keep those of one subreddit.

    python bench/dumploops.py json|orjson SUBREDDIT DUMP …

With json it reads as the usual scripts do (single_file.py and filter_file.py of
Watchful1/PushshiftDumps): python-zstandard gives chunks of 128 MiB, which are decoded and then
split at the ends of lines. It replaces bytes that are not UTF-8. Those scripts end at such bytes.
With orjson it is as fast as a loop in Python can be: the chunks are smaller and are not decoded,
because orjson takes bytes.
It writes no file. It prints how many lines were kept, were read, and could not be read.
"""

import importlib
import sys
from collections.abc import Iterator

import zstandard


def decoded(path: str) -> Iterator[str]:
    """Return the lines of a dump as the scripts read them."""
    buffer = ""
    for chunk in chunks(path, 1 << 27):
        lines = (buffer + chunk.decode(errors="replace")).split("\n")
        yield from lines[:-1]
        buffer = lines[-1]


def raw(path: str) -> Iterator[bytes]:
    """Return the lines of a dump as bytes."""
    buffer = b""
    for chunk in chunks(path, 1 << 22):
        lines = (buffer + chunk).split(b"\n")
        yield from lines[:-1]
        buffer = lines[-1]


def chunks(path: str, size: int) -> Iterator[bytes]:
    """Return the content of a dump, in parts of a size."""
    with open(path, "rb") as file:
        decoder = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        with decoder.stream_reader(file) as reader:
            while chunk := reader.read(size):
                yield chunk


def main(parser: str, subreddit: str, *paths: str) -> None:
    """Read all, and print the counts."""
    loads = importlib.import_module(parser).loads
    lines = decoded if parser == "json" else raw
    subreddit = subreddit.lower()
    kept = read = bad = 0
    for path in paths:
        for line in lines(path):
            read += 1
            try:
                if loads(line)["subreddit"].lower() == subreddit:
                    kept += 1
            except (KeyError, ValueError, TypeError, AttributeError):
                bad += 1
    print(kept, read, bad)


if __name__ == "__main__":
    main(*sys.argv[1:])
