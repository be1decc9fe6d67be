"""Take Parquet files of one column apart and put them together again, spoiled.

No writer makes bad files, and pyarrow edits neither footers nor page headers. They are Thrift in
its compact form, https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md,
and are read here into {field: (type, value)}. A list is (type of the elements, values).
"""

import struct
from dataclasses import dataclass

TRUE, FALSE, I32, I64, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 5, 6, 7, 8, 9, 12
INTEGERS = (4, I32, I64)
MAGIC = b"PAR1"


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned varint and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at


def varint(value: int) -> bytes:
    """Return an unsigned varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def read_value(data: bytes, at: int, kind: int) -> tuple[object, int]:
    """Return a value of a kind and where it ends."""
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if kind in INTEGERS:
        value, at = read_varint(data, at)
        return value >> 1 ^ -(value & 1), at
    if kind == 3:
        return data[at], at + 1
    if kind == DOUBLE:
        return data[at : at + 8], at + 8
    if kind == BINARY:
        size, at = read_varint(data, at)
        return data[at : at + size], at + size
    if kind == LIST:
        size, element = data[at] >> 4, data[at] & 15
        at += 1
        if size == 15:
            size, at = read_varint(data, at)
        values = []
        for _ in range(size):
            value, at = read_value(data, at, element)
            values.append(value)
        return (element, values), at
    return read_struct(data, at)


def read_struct(data: bytes, at: int = 0) -> tuple[dict, int]:
    """Return a struct and where it ends."""
    fields, last = {}, 0
    while data[at]:
        delta, kind = data[at] >> 4, data[at] & 15
        at += 1
        last += delta  # no field of Parquet's needs the long form
        fields[last] = (kind, None)
        value, at = read_value(data, at, kind)
        fields[last] = (kind, value)
    return fields, at + 1


def write_value(kind: int, value: object) -> bytes:
    """Return a value as it is in a file. Bytes are written as they are, whatever the kind."""
    if kind in (TRUE, FALSE):
        return b""
    if isinstance(value, bytes):
        return varint(len(value)) + value if kind == BINARY else value
    if kind in INTEGERS:
        return varint((value << 1 ^ value >> 63) & (1 << 64) - 1)
    if kind == LIST:
        element, values = value
        size = len(values)
        head = bytes([size << 4 | element]) if size < 15 else bytes([240 | element]) + varint(size)
        return head + b"".join(write_value(element, v) for v in values)
    return write_struct(value)


def write_struct(fields: dict) -> bytes:
    """Return a struct as it is in a file."""
    out, last = b"", 0
    for number, (kind, value) in sorted(fields.items()):
        out += bytes([number - last << 4 | kind]) + write_value(kind, value)
        last = number
    return out + b"\0"


@dataclass
class File:
    """A Parquet file of one column and one row group."""

    pages: list[tuple[dict, bytes]]  # header and content
    footer: dict

    @property
    def group(self) -> dict:
        """Return the row group's struct."""
        return self.footer[4][1][1][0]

    @property
    def chunk(self) -> dict:
        """Return the column chunk's metadata."""
        return self.group[1][1][1][0][3][1]

    @property
    def schema(self) -> list[dict]:
        """Return the schema's elements."""
        return self.footer[2][1][1]

    def body(self) -> bytes:
        """Return everything before the footer."""
        return MAGIC + b"".join(write_struct(header) + content for header, content in self.pages)


def put(fields: dict, number: int, value: object) -> None:
    """Change a field and leave its type."""
    fields[number] = (fields[number][0], value)


def take_apart(data: bytes) -> File:
    """Read a file of one column and one row group."""
    (size,) = struct.unpack("<I", data[-8:-4])
    footer, _ = read_struct(data[-8 - size : -8])
    file = File([], footer)
    at, end = len(MAGIC), len(MAGIC) + file.chunk[7][1]
    while at < end:
        header, start = read_struct(data, at)
        at = start + header[3][1]
        file.pages.append((header, data[start:at]))
    return file


def settle(file: File) -> File:
    """Make sizes and offsets fit the pages."""
    dictionary = file.pages[0][0][1][1] == 2
    first = len(write_struct(file.pages[0][0]) + file.pages[0][1]) if dictionary else 0
    put(file.chunk, 7, len(file.body()) - len(MAGIC))
    put(file.chunk, 9, len(MAGIC) + first)
    return file


def put_together(file: File, footer: bytes | None = None) -> bytes:
    """Return the file's bytes, with another footer if one is given."""
    footer = write_struct(file.footer) if footer is None else footer
    return file.body() + footer + struct.pack("<I", len(footer)) + MAGIC
