"""Run the command 'import' as a user does, and compare its files with the plain program's."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import plainimport
import pyarrow as pa
import pyarrow.parquet as pq

SUFFIX = "test"
TYPES = {
    "chain_id": pa.string(), "text": pa.string(), "subreddit": pa.string(), "link_id": pa.string(),
    "root_id": pa.string(), "leaf_id": pa.string(), "permalink": pa.string(), "score": pa.int32(),
    "n_turns": pa.int32(), "n_missing": pa.int32(), "depth": pa.int32(), "complete": pa.bool_(),
    "title": pa.string(), "author": pa.string(),
}  # fmt: skip
TIMES = ("created_utc", "started_utc")
NULLABLE = ("score", "title")


@dataclass(frozen=True)
class Ended:
    """An import that has ended."""

    code: int
    out: str
    errors: str


@dataclass(frozen=True)
class Import:
    """Imports into one root."""

    program: Path
    root: Path

    def start(self, *arguments: object) -> subprocess.Popen:
        command = [self.program, "import", "--root", self.root, f"--suffix={SUFFIX}", *arguments]
        return subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: object) -> Ended:
        process = self.start(*arguments)
        out, errors = process.communicate(timeout=600)
        return Ended(process.returncode, out, errors)

    def done(self, *arguments: object) -> "Import":
        """Run it; it must not fail."""
        ended = self.run(*arguments)
        assert ended.code == 0, ended.errors
        return self

    @property
    def folder(self) -> Path:
        return self.root / "chains" / SUFFIX

    @property
    def counts(self) -> dict:
        """Return the counts of the report, those of odd lines by field."""
        report = json.loads((self.folder / "_import.json").read_text())
        report = report.get("counts", report)
        counts = {name: report.get(name, 0) for name in plainimport.COUNTS}
        return counts | {"odd": report.get("odd") or {}}

    @property
    def parts(self) -> dict[str, bytes]:
        """Return the files of chains by their names below the folder."""
        found = sorted(self.folder.glob("[!._]*/*"))
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in found}

    @property
    def rows(self) -> dict[str, list[list[dict]]]:
        """Return the rows of each file of each subreddit, in their order."""
        folders = sorted(self.folder.glob("[!._]*"))
        return {f.name: [rows(p) for p in sorted(f.iterdir())] for f in folders}

    def check(self, dumps: list[Path], **options: object) -> dict:
        """Compare all files with those that the plain program makes; return the counts."""
        counts, wanted = plainimport.imported(dumps, **options)
        assert self.counts == counts
        assert sum(v for k, v in counts.items() if k != "odd") + sum(counts["odd"].values()) == sum(
            len(plainimport.lines(dump)) for dump in dumps
        )
        got = self.rows
        assert got.keys() == wanted.keys()
        for name, all_rows in wanted.items():
            assert [p.name for p in sorted((self.folder / name).iterdir())] == [
                f"part-{n:05d}.parquet" for n in range(len(got[name]))
            ]
            for have, want in zip(got[name], plainimport.files(all_rows), strict=True):
                for a, b in zip(have, want, strict=True):
                    assert a == b
        return counts


def rows(path: Path) -> list[dict]:
    """Return a file's rows, with times in seconds, after checking the types."""
    metadata = pq.read_metadata(path)
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        names = [group.column(i).path_in_schema for i in range(metadata.num_columns)]
        assert names == metadata.schema.names, f"{path}: a row group has the columns {names}"
    table = pq.read_table(path)
    for name in table.column_names:
        kind = table.schema.field(name).type
        if name in TIMES:
            assert pa.types.is_timestamp(kind), f"{path}: {name} is {kind}"
            assert kind.tz == "UTC", f"{path}: {name} is of {kind.tz}"
            seconds = table[name].cast(pa.timestamp("s", "UTC")).cast(pa.int64())
            table = table.set_column(table.column_names.index(name), name, seconds)
        else:
            assert kind == TYPES[name], f"{path}: {name} is {kind}"
        assert name in NULLABLE or table[name].null_count == 0, f"{path}: {name} has nulls"
    return table.to_pylist()
