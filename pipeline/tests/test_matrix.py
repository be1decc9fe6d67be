"""Every column type, encoding, page version and codec, embedded by the pipeline and by a worker."""

import datetime
import decimal
import shutil

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest


@pytest.fixture(scope="module")
def matrix(neighbour):
    return neighbour("matrix")


@pytest.fixture(scope="module")
def kinds(neighbour):
    return neighbour("kinds").KINDS


@pytest.fixture(scope="module")
def judges(neighbour):
    return neighbour("judges")


@pytest.fixture(scope="module")
def here(matrix, program, new_root, tmp_path_factory):
    """Return a root with all files, embedded by the pipeline, and how that ended."""
    root = new_root(tmp_path_factory.mktemp("pipeline"))
    matrix.write(root.chains)
    return root, program.run(*root.flags)


@pytest.fixture(scope="module")
def there(matrix, here, work, new_root, tmp_path_factory):
    """Return a root with a quarter of the files, embedded by a worker, and how that ended."""
    root = new_root(tmp_path_factory.mktemp("worker"))
    for case in matrix.quarter():
        shutil.copy(here[0].chains / f"{case.name}.parquet", root.chains)
    return root, work(root)


@pytest.fixture(scope="module", params=["here", "there"], ids=["pipeline", "worker"])
def embedded(request):
    """Return each of the two."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def sources(matrix, judges, here) -> dict[str, pa.Table]:
    """Return the inputs' kept columns, by the file's name, as pyarrow reads them."""
    return {c.name: judges.by_pyarrow(here[0].chains / f"{c.name}.parquet") for c in matrix.cases()}


@pytest.fixture(scope="module")
def known(here, matrix, judges) -> dict[str, np.ndarray]:
    """Return each text's vector, from the file in which no other can be read."""
    reference = here[0].chains / f"{matrix.REFERENCE}.parquet"
    vectors = judges.vectors(here[0].outputs[matrix.REFERENCE])
    return dict(zip(judges.texts(reference), vectors, strict=True))


def none(wrong: list[str]) -> None:
    """Fail if anything is wrong, and say how much and what."""
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:12])


def test_every_file_is_embedded(embedded, sources):
    root, ended = embedded
    assert root.letters == {}
    assert ended.code == 0, ended.errors
    files = {path.stem for path in root.chains.iterdir()}
    none([f"{name}: no output" for name in sources.keys() & files if name not in root.outputs])


@pytest.mark.parametrize("reader", ["pyarrow", "DuckDB", "polars"])
def test_kept_values_are_the_inputs(embedded, sources, judges, reader):
    outputs, wrong = embedded[0].outputs, []
    for name in sources.keys() & outputs.keys():
        made = judges.try_to_read(reader, outputs[name])
        if isinstance(made, str):
            wrong.append(made)
            continue
        for column in sources[name].column_names:
            if column not in made.column_names:
                wrong.append(f"{name}: {column} is missing")
            elif what := judges.differs(sources[name][column], made[column]):
                wrong.append(f"{name}: {column}: {what}")
    assert outputs
    none(wrong)


def test_kept_columns_follow_from_their_meaning_alone(embedded, sources, kinds, judges):
    root, wrong = embedded[0], []
    for name in sources.keys() & root.outputs.keys():
        inputs = judges.shape(root.chains / f"{name}.parquet")
        made = judges.shape(root.outputs[name])
        for (_, _, _, meaning, *levels, _, _), new in zip(inputs, made, strict=False):
            kind = kinds.get(new[0])
            if (
                kind
                and (
                    want := (
                        new[0],
                        kind.physical,
                        kind.length,
                        meaning,
                        *levels,
                        ["PLAIN"],
                        "ZSTD",
                    )
                )
                != new
            ):
                wrong.append(f"{name}: {new}, want {want}")
        if [c[0] for c in made[: len(kinds)]] != list(kinds):
            wrong.append(f"{name}: other columns than the input's")
    assert root.outputs
    none(wrong)


def test_a_worker_writes_the_same_columns(here, there, sources, judges):
    wrong, both = [], there[0].outputs.keys() & here[0].outputs.keys()
    for name in sources.keys() & both:
        mine, theirs = (judges.shape(root.outputs[name]) for root in (here[0], there[0]))
        for a, b in zip(mine, theirs, strict=True):
            wrong += [f"{name}: {b} of a worker, {a} here"] if a != b else []
    assert both
    none(wrong)


def test_each_text_has_its_own_vector(embedded, known, matrix, judges):
    outputs, wrong = embedded[0].outputs, []
    for case in matrix.cases():
        if case.name in outputs:
            texts = [t or "" for t in case.texts()]
            rows = judges.other_vectors(known, texts, judges.vectors(outputs[case.name]))
            wrong += [f"{case.name}: rows {rows[:5]} have another text's vector"] if rows else []
    assert outputs
    none(wrong)


def literal(value: object, kind: pa.DataType) -> str:
    """Return a value as DuckDB's SQL."""
    if isinstance(value, bool | int | float | decimal.Decimal):
        name = {"float": "FLOAT", "double": "DOUBLE", "halffloat": "FLOAT"}.get(str(kind))
        return f"'{value!r}'::{name}" if name else str(value)
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{b:02x}" for b in value) + "'::BLOB"
    name = {datetime.date: "DATE", datetime.time: "TIME"}.get(type(value))
    if isinstance(value, datetime.datetime):
        name = "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMP"
    return f"{name} '{value}'" if name else "'" + str(value).replace("'", "''") + "'"


def counted(sources: dict[str, pa.Table], column: str, value: object) -> dict[str, int]:
    """Return how many rows of each file have this value or a greater one; NaN is the greatest."""
    counts = {}
    for name, table in sources.items():
        array = table[column]
        if pa.types.is_float16(array.type):
            array = array.cast(pa.float32())
        kept = pc.greater_equal(array, pa.scalar(value, array.type))
        if pa.types.is_floating(array.type):
            kept = pc.or_(kept, pc.is_nan(array))
        counts[name] = pc.sum(kept).as_py() or 0
    return {name: count for name, count in counts.items() if count}


def bounds(sources: dict[str, pa.Table], column: str) -> list:
    """Return some of the values that are there, from small to great, to search for."""
    some = next(iter(sources.values()))[column]
    if isinstance(some.type, pa.BaseExtensionType):
        return []
    if pa.types.is_timestamp(some.type):
        some = some.cast(pa.timestamp("us", some.type.tz), safe=False)
    values = sorted({v for v in some.to_pylist() if v is not None and v == v})
    return values[:: max(1, len(values) // 3)]


def test_duckdb_finds_the_same_rows(embedded, sources, kinds):
    root, wrong = embedded[0], []
    sources = {name: table for name, table in sources.items() if name in root.outputs}
    files = [str(root.outputs[name]) for name in sources]
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        for column in kinds:
            for value in bounds(sources, column):
                kind = next(iter(sources.values()))[column].type
                query = (
                    f"SELECT parse_filename(filename, true), count(*) FROM read_parquet(?,"
                    f' filename = true) WHERE "{column}" >= {literal(value, kind)} GROUP BY 1'
                )
                got = dict(connection.execute(query, [files]).fetchall())
                if got != counted(sources, column, value):
                    wrong.append(f"{column} >= {value!r}: other rows than in the inputs")
    none(wrong)


def test_polars_finds_the_same_rows(embedded, sources, kinds):
    root, wrong = embedded[0], []
    sources = {name: table for name, table in sources.items() if name in root.outputs}
    files = [root.outputs[name] for name in sources]
    for column in kinds:
        for value in bounds(sources, column):
            scan = pl.scan_parquet(files, include_file_paths="file").select("file", column)
            bound = pl.lit(value, dtype=scan.collect_schema()[column])
            found = scan.filter(pl.col(column) >= bound).group_by("file").len().collect()
            got = {file.rsplit("/", 1)[1].removesuffix(".parquet"): n for file, n in found.rows()}
            if got != counted(sources, column, value):
                wrong.append(f"{column} >= {value!r}: other rows than in the inputs")
    none(wrong)
