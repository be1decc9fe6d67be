"""Files of every page version, codec and encoding, with a column of each type."""

import itertools
import random
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from kinds import BYTES, DICTIONARY, KINDS

ROWS = 150
GROUP = 64  # rows of a row group: three groups, the last one shorter
PAGE = 16  # rows of a page, at most
TEXTS = 12  # different texts of a file that compresses badly
REFERENCE = "reference"  # the file of all texts, written as plainly as can be

CODECS = ("none", "snappy", "gzip", "zstd", "brotli", "lz4")
VERSIONS = ("1.0", "2.0")
WORDS = (
    "river", "bread", "engine", "winter", "garden", "violin", "teacher", "harbour", "pepper",
    "window", "market", "bridge", "cousin", "thunder", "ladder", "saddle", "orbit", "copper",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A file. Its columns have the encoding of this number, each among those of its type."""

    number: int
    version: str
    codec: str
    compressible: bool
    nulls: bool
    encoding: int

    @property
    def name(self) -> str:
        """Return the file's name."""
        size, holes = ("much", "little")[not self.compressible], ("nulls", "full")[not self.nulls]
        return f"v{self.version[0]}-{self.codec}-{size}-{holes}-{BYTES[self.encoding].lower()}"

    @property
    def rng(self) -> random.Random:
        """Return the file's own random numbers."""
        return random.Random(self.number)

    def texts(self) -> list[str | None]:
        """Return texts that no other file has."""
        rng, different = self.rng, 6 if self.compressible else TEXTS
        pool = [f"{' '.join(rng.choices(WORDS, k=4))} {self.number} {i}" for i in range(different)]
        texts = [*pool, *rng.choices(pool, k=ROWS - different)]
        if self.compressible:
            texts = [pool[i % different] for i in range(ROWS)]
        return [None if self.nulls and i % 5 == 2 else t for i, t in enumerate(texts)]

    def table(self) -> pa.Table:
        """Return the file's columns: one of each type, and the text among them."""
        rng = self.rng
        columns = {
            name: kind.array(kind.values(rng, ROWS, self.compressible, self.nulls))
            for name, kind in KINDS.items()
        }
        columns["text"] = pa.array(self.texts())
        fields = [
            pa.field(name, array.type, nullable=self.nulls or name == "null")
            for name, array in columns.items()
        ]
        return pa.table(list(columns.values()), schema=pa.schema(fields))

    def encodings(self) -> dict[str, str]:
        """Return each column's encoding."""
        kinds = {name: kind.input_encodings(self.version == "2.0") for name, kind in KINDS.items()}
        kinds["text"] = BYTES
        return {name: choice[self.encoding % len(choice)] for name, choice in kinds.items()}

    def write(self, path: Path) -> None:
        """Write the file: some row groups, and several pages in each."""
        encodings = self.encodings()
        dictionaries = [name for name, e in encodings.items() if e == DICTIONARY]
        pq.write_table(
            self.table(), path, compression=self.codec, data_page_version=self.version,
            row_group_size=GROUP, data_page_size=64, write_batch_size=PAGE, store_schema=False,
            use_dictionary=dictionaries, store_decimal_as_integer=self.version == "2.0",
            column_encoding={n: e for n, e in encodings.items() if e != DICTIONARY},
        )  # fmt: skip


def cases() -> list[Case]:
    """Return all files."""
    all_of_them = itertools.product(VERSIONS, CODECS, (True, False), (True, False), range(4))
    return [Case(number, *what) for number, what in enumerate(all_of_them)]


def quarter() -> list[Case]:
    """Return one file of each version, codec, size and nulls; the encodings take turns."""
    return [case for case in cases() if case.encoding == (case.number // 4 + case.number // 16) % 4]


def write(folder: Path) -> None:
    """Write all files, and one of all their texts."""
    texts = {"": None}
    for case in cases():
        case.write(folder / f"{case.name}.parquet")
        texts.update(dict.fromkeys(t for t in case.texts() if t))
    write_reference(folder, texts)


def write_reference(folder: Path, texts) -> None:
    """Write a file of the texts in the plainest form, which every reader reads right."""
    pq.write_table(
        pa.table({"text": list(texts)}), folder / f"{REFERENCE}.parquet",
        compression="none", use_dictionary=False, column_encoding={"text": "PLAIN"},
    )  # fmt: skip
