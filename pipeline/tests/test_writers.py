"""Files of other programs than pyarrow are read as each program meant them."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / "build" / "writers"
# The script of each writer. Spark 3.5 only reads, in test_readers.py.
SCRIPTS = {
    "duckdb_1_1": "duckdb", "duckdb_1_3": "duckdb", "duckdb_1_4": "duckdb", "duckdb": "duckdb",
    "fastparquet": "fastparquet", "polars": "polars", "arro3": "arro3", "chdb": "chdb",
    "dask": "dask", "spark_4": "spark",
}  # fmt: skip
OURS = ("duckdb", "polars")  # in the environment of the tests


def python(writer: str) -> Path | None:
    """Return the Python of a writer's environment, None if it is not installed."""
    if writer in OURS:
        return Path(sys.executable)
    folder = ENVIRONMENTS / writer
    return folder / "bin" / "python" if (folder / "ready").exists() else None


def written(writer: str, folder: Path) -> None:
    """Have a writer write its files into a folder."""
    folder.mkdir()
    script = HERE / "writers" / f"{SCRIPTS[writer]}_files.py"
    done = subprocess.run(
        [python(writer), script, folder], capture_output=True, text=True,
        env=os.environ | {"TZ": "UTC"}, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{writer}: {done.stderr}"


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """Return the folders of files by each writer that is installed here."""
    folder = tmp_path_factory.mktemp("written")
    # The slowest first.
    here = [writer for writer in sorted(SCRIPTS, reverse=True) if python(writer)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda writer: written(writer, folder / writer), here))
    return {writer: folder / writer for writer in here}


@pytest.fixture(scope="module")
def expected(folders) -> dict[str, dict[str, list]]:
    """Return each file's values, by the name of its output."""
    return {
        f"{writer}-{path.stem}": json.loads(path.read_text())
        for writer, folder in folders.items()
        for path in sorted(folder.glob("*.json"))
    }


@pytest.fixture(scope="module")
def root(folders, expected, neighbour, program, new_root, tmp_path_factory):
    """Return a root with all files and one of all their texts, embedded."""
    root = new_root(tmp_path_factory.mktemp("writers"))
    for writer, folder in folders.items():
        for path in folder.glob("*.parquet"):
            path.rename(root.chains / f"{writer}-{path.name}")
    matrix = neighbour("matrix")
    texts = {text or "" for columns in expected.values() for text in columns["text"]}
    matrix.write_reference(root.chains, sorted(texts))
    root.ended = program.run(*root.flags)
    return root


@pytest.fixture(scope="module")
def known(root, neighbour) -> dict:
    """Return each text's vector."""
    judges, name = neighbour("judges"), neighbour("matrix").REFERENCE
    texts = judges.texts(root.chains / f"{name}.parquet")
    return dict(zip(texts, judges.vectors(root.outputs[name]), strict=True))


@pytest.fixture(params=list(SCRIPTS))
def files(request, root, expected) -> dict[str, dict[str, list]]:
    """Return the values of one writer's files, by the name of the output."""
    if python(request.param) is None:
        reason = f"{request.param} could not be installed: make writers"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return {n: c for n, c in expected.items() if n.partition("-")[0] == request.param}


def meaning(column: pa.ChunkedArray, plain) -> list:
    """Return a column as the scripts write what they expect."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_time(column.type):
        column = column.cast(pa.time64("us"), safe=False)
    return [plain(v) for v in column.to_pylist()]


def test_every_file_is_embedded(files, root):
    missing = {name: root.letters.get(name) for name in files if name not in root.outputs}
    assert missing == {}
    assert len(files) >= 8


def test_kept_columns_hold_what_was_written(files, root, neighbour):
    plain, wrong = neighbour("writers.rows").plain, []
    for name in files.keys() & root.outputs.keys():
        made = pq.read_table(root.outputs[name])
        for column, want in files[name].items():
            if column == "text":
                continue
            if column not in made.column_names:
                wrong.append(f"{name}: {column} is missing")
            elif (got := meaning(made[column], plain)) != want:
                pairs = zip(want, got, strict=False)
                first = next(((i, a, b) for i, (a, b) in enumerate(pairs) if a != b), len(got))
                wrong.append(f"{name}: {column} ({made[column].type}): {first}")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:20])


def test_each_text_has_its_own_vector(files, root, known, neighbour):
    judges, wrong = neighbour("judges"), []
    for name in files.keys() & root.outputs.keys():
        texts = [text or "" for text in files[name]["text"]]
        if rows := judges.other_vectors(known, texts, judges.vectors(root.outputs[name])):
            wrong.append(f"{name}: rows {rows[:5]} have another text's vector")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("reader", ["DuckDB", "polars"])
def test_outputs_are_read_without_options(files, root, neighbour, reader):
    judges, wrong = neighbour("judges"), []
    for name in files.keys() & root.outputs.keys():
        made = judges.try_to_read(reader, root.outputs[name])
        if isinstance(made, str):
            wrong.append(made)
        elif made.num_rows != len(files[name]["text"]):
            wrong.append(f"{name}: {reader} reads {made.num_rows} rows")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:5])
