"""Parquet files whose pages are bad, or bombs."""

import struct

import compact
import pyarrow as pa
from compact import put, put_together, settle
from spoil import HUGE, PLAIN, content, data_header, good, header, spoiled, written

ZEROS = 128 << 20  # bytes
LONG = 50_000_000


def headers() -> dict[str, bytes]:
    """Return files whose page headers lie."""
    deep = compact.take_apart(good())
    deep.pages[0] = ({1: (5, 0), 15: (12, b"\x1c" * 8_000_000)}, b"")
    many = compact.take_apart(good())
    many.pages[0][0][14] = (9, b"\xf1\xff\xff\xff\xff\x07")
    stats = compact.take_apart(good())
    stats.pages[0][0][5][1][5] = (12, b"\x18\xff\xff\xff\xff\x07")
    broken = compact.take_apart(good())
    broken.pages[0] = ({1: (5, b"\xff" * 40)}, broken.pages[0][1])
    return {
        "page of 2 GB": spoiled(header(3, HUGE)),
        "page of 2 GB, compressed": spoiled(header(3, HUGE), compression="zstd"),
        "page expands to 2 GB": spoiled(header(2, HUGE), compression="zstd"),
        "page expands to 2 GB, snappy": spoiled(header(2, HUGE), compression="snappy"),
        "negative page size": spoiled(header(3, -1)),
        "negative uncompressed size": spoiled(header(2, -5), compression="snappy"),
        "page type unknown": spoiled(header(1, 77)),
        "page of 2 billion values": spoiled(data_header(1, HUGE)),
        "negative number of values": spoiled(data_header(1, -1)),
        "fewer values than rows": spoiled(data_header(1, 3)),
        "more values than rows": spoiled(data_header(1, 41)),
        "encoding unknown": spoiled(data_header(2, 99)),
        "encoding of another type": spoiled(data_header(2, 5)),
        "level encoding unknown": spoiled(data_header(3, 99)),
        "index page instead of data": spoiled(header(1, 1)),
        "page header without data header": spoiled(
            lambda f: (f.pages[0][0].pop(5), settle(f)),
        ),
        "page header nested very deep": put_together(settle(deep)),
        "page header with 2 billion booleans": put_together(settle(many)),
        "statistics of 2 GB": put_together(settle(stats)),
        "page header with an endless varint": put_together(settle(broken)),
    }


def contents() -> dict[str, bytes]:
    """Return files whose pages hold something else than their headers say."""
    options = {"use_dictionary": True}
    two = {"data_page_version": "2.0", "compression": "snappy"}
    return {
        "empty page": spoiled(content(lambda _: b"")),
        "half a page": spoiled(content(lambda b: b[: len(b) // 2])),
        "levels longer than the page": spoiled(content(lambda b: struct.pack("<I", 10**9) + b[4:])),
        "levels out of range": spoiled(
            content(lambda b: struct.pack("<I", 2) + b"\x50\x07" + b[PLAIN:])
        ),
        "levels: a run of 2 billion": spoiled(
            content(lambda b: struct.pack("<I", 6) + b"\xfe\xff\xff\xff\x0f\x01" + b[PLAIN:])
        ),
        "levels: an endless varint": spoiled(
            content(lambda b: struct.pack("<I", 12) + b"\xff" * 12 + b[PLAIN:])
        ),
        "levels: none": spoiled(content(lambda b: struct.pack("<I", 0) + b[PLAIN:])),
        "a text longer than the page": spoiled(
            content(lambda b: b[:PLAIN] + struct.pack("<I", 10**9) + b[PLAIN + 4 :])
        ),
        "a text of negative length": spoiled(
            content(lambda b: b[:PLAIN] + struct.pack("<i", -1) + b[PLAIN + 4 :])
        ),
        "dictionary index out of range": spoiled(
            content(lambda b: b[:PLAIN] + b"\x08" + b"\x50\xff", page=1), **options
        ),
        "dictionary index of 200 bits": spoiled(
            content(lambda b: b[:PLAIN] + b"\xc8" + b"\x50" + b"\xff" * 25, page=1), **options
        ),
        "dictionary: an endless varint": spoiled(
            content(lambda b: b[:PLAIN] + b"\x08" + b"\xff" * 12, page=1), **options
        ),
        "dictionary: too few indices": spoiled(
            content(lambda b: b[:PLAIN] + b"\x08" + b"\x02\x00", page=1), **options
        ),
        "dictionary: 2 billion entries": spoiled(data_header(1, HUGE, kind=7), **options),
        "dictionary: no entries": spoiled(data_header(1, 0, kind=7), **options),
        "dictionary: empty": spoiled(content(lambda _: b""), **options),
        "dictionary: missing": spoiled(
            lambda f: (f.pages.pop(0), f.chunk.pop(11), settle(f)), **options
        ),
        "dictionary twice": spoiled(
            lambda f: (f.pages.insert(0, f.pages[0]), settle(f)), **options
        ),
        "delta lengths out of range": spoiled(
            content(lambda b: b[:PLAIN] + b"\x80\x01\x04" + b"\xff" * 30),
            column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY"},
        ),
        "delta prefixes out of range": spoiled(
            content(lambda b: b[:PLAIN] + b"\x80\x01\x04\x28" + b"\xff" * 60),
            column_encoding={"text": "DELTA_BYTE_ARRAY"},
        ),
        "version 2: levels longer than the page": spoiled(data_header(5, 10**6, kind=8), **two),
        "version 2: repetition levels longer than the page": spoiled(
            data_header(6, HUGE, kind=8), **two
        ),
        "version 2: negative levels": spoiled(data_header(5, -7, kind=8), **two),
        "version 2: more nulls than values": spoiled(data_header(2, 50, kind=8), **two),
        "version 2: 2 billion rows": spoiled(data_header(3, HUGE, kind=8), **two),
        **{
            f"{codec}: garbage": spoiled(content(lambda b: b"\xf7" * len(b)), compression=codec)
            for codec in ("snappy", "gzip", "zstd", "lz4", "brotli")
        },
        "snappy: claims 4 GB": spoiled(
            content(lambda b: b"\xff\xff\xff\xff\x0f" + b[1:]), compression="snappy"
        ),
    }


def bombs() -> dict[str, bytes]:
    """Return small files that expand to many GB, or say that they do."""

    def expanding(codec: str, times: int) -> bytes:
        """Return a file of one page that has more in it than it says."""
        frame = pa.Codec(codec).compress(bytes(ZEROS), asbytes=True)

        def change(file) -> None:
            head, _ = file.pages[0]
            put(head, 3, len(frame) * times)
            file.pages[0] = (head, frame * times)
            settle(file)

        return spoiled(change, compression=codec)

    def many_pages(file) -> None:
        """Put 2,000 pages into the file that expand to 64 MB each, as they say."""
        values = ZEROS // 8  # empty texts, each after its length
        texts = pa.Codec("zstd").compress(bytes(values * 4), asbytes=True)
        head, _ = file.pages[0]
        for number, value in ((2, values * 4), (3, len(texts))):
            put(head, number, value)
        put(head[5][1], 1, values)
        file.schema[1][3] = (5, 0)  # no levels
        file.pages = [(head, texts)] * 2000
        for fields, number in ((file.footer, 3), (file.group, 3), (file.chunk, 5)):
            put(fields, number, values * 2000)
        settle(file)

    endless = b"\xfe\xff\xff\xff\x0f\x01"  # a run of two billion
    kept = pa.table(
        {
            "text": ["a"] * 3000,
            "body": pa.DictionaryArray.from_arrays([0] * 3000, ["b" * LONG]),
        }
    )
    return {
        "zstd: expands to 8 GB": expanding("zstd", 64),
        "gzip: expands to 8 GB": expanding("gzip", 64),
        "brotli: expands to 128 MB": expanding("brotli", 1),
        "zstd: 2,000 pages of 64 MB": spoiled(many_pages, compression="zstd"),
        "dictionary: a run of 2 billion": spoiled(
            content(lambda b: b[:PLAIN] + b"\x08" + endless, page=1), use_dictionary=True
        ),
        "dictionary: 200 runs of 2 billion": spoiled(
            content(lambda b: b[:PLAIN] + b"\x08" + endless * 200, page=1), use_dictionary=True
        ),
        "dictionary: runs of no bits": spoiled(
            content(lambda b: b[:PLAIN] + b"\0" + b"\xff\xff\xff\x0f" * 9, page=1),
            use_dictionary=True,
        ),
        "delta: 300 times 1 MB from 1 MB": written(
            pa.table({"text": ["a" * 2**20] * 300}), column_encoding={"text": "DELTA_BYTE_ARRAY"}
        ),
        "3,000 times 50 MB in another column": written(
            kept, use_dictionary=True, compression="zstd"
        ),
    }
