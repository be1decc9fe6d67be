"""What `pipeline verify` finds in outputs of files of every codec and of every type.

Verify reads with another Parquet library than the run. Here pyarrow writes what the run
would have written if it had read, moved or written something wrongly.
"""

import datetime
import decimal
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 24
CODECS = ("none", "snappy", "gzip", "zstd", "brotli", "lz4")


@dataclass
class Embedded:
    """What a run made of a file."""

    source: pa.Table
    output: pa.Table


def chains(which: str) -> pa.Table:
    topics = ["bread", "a bicycle", "the garden", "an old radio", "rain", "chess"]
    texts = [
        f"{which} {i}: what I learned about {topics[i % 6]}, part {i * i}" for i in range(ROWS)
    ]
    if which == "a":  # in no row do the two have the same text
        texts[5], texts[6] = None, ""
    return pa.table(
        {
            "chain_id": [f"{which}_{i}" for i in range(ROWS)],
            "text": texts,
            "score": pa.array([None if i % 5 == 0 else i * len(which) for i in range(ROWS)]),
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory, new_root, program) -> dict[str, Embedded]:
    """Embed two files, "a" and "other"."""
    root = new_root(tmp_path_factory.mktemp("run"))
    sources = {name: chains(name) for name in ("a", "other")}
    for name, source in sources.items():
        pq.write_table(source, root.chains / f"{name}.parquet")
    assert program.run(*root.flags).code == 0
    return {n: Embedded(sources[n], pq.read_table(root.outputs[n])) for n in sources}


@dataclass
class Claim:
    """An output, and what it says of the texts and vectors that it was made of."""

    output: pa.Table
    texts: list | None
    vectors: np.ndarray | None


def claims(made, a: Embedded, other: Embedded) -> dict[str, tuple[Claim, str]]:
    """Return outputs of the input a by what is wrong with them, and the reason given for it."""
    texts, vectors = a.source["text"].to_pylist(), made.vectors_of(a.output)
    foreign_texts, foreign = other.source["text"].to_pylist(), made.vectors_of(other.output)
    swapped = a.output.take([0, 2, 1, *range(3, ROWS)])
    scores = a.output["score"].to_pylist()
    of_row = np.concatenate([vectors[:7], vectors[8:9], vectors[8:]])
    one_text, one_vector = texts.copy(), vectors.copy()
    one_text[9], one_vector[9] = foreign_texts[9], foreign[9]
    other_vectors = made.with_vectors(a.output, foreign)
    return {
        "right": (Claim(a.output, texts, vectors), ""),
        "right_without_hashes": (Claim(a.output, None, None), ""),
        "rows_swapped": (
            Claim(swapped, texts, vectors),
            'row 1: the column "chain_id" is not the input\'s',
        ),
        "kept_value": (
            Claim(made.with_column(a.output, "score", [*scores[:-1], 7]), texts, vectors),
            f'row {ROWS - 1}: the column "score" is not the input\'s',
        ),
        "kept_null": (
            Claim(made.with_column(a.output, "score", [0, *scores[1:]]), texts, vectors),
            'row 0: the column "score" is not the input\'s',
        ),
        "kept_missing": (
            Claim(a.output.drop_columns("score"), texts, vectors),
            'the input\'s column "score" is missing',
        ),
        "vector_of_another_row": (
            Claim(made.with_vectors(a.output, of_row), texts, vectors),
            "the vectors are not those that were written",
        ),
        "vectors_of_another_file": (
            Claim(other_vectors, texts, vectors),
            "the vectors are not those that were written",
        ),
        # The run read, embedded and wrote without noticing that it had other texts.
        "one_text_of_another_file": (
            Claim(made.with_vectors(a.output, one_vector), one_text, one_vector),
            "the texts that were embedded are not those of the input",
        ),
        "texts_of_another_file": (
            Claim(other_vectors, foreign_texts, foreign),
            "the texts that were embedded are not those of the input",
        ),
        "pages_of_another_file": (
            Claim(other.output, foreign_texts, foreign),
            'row 0: the column "chain_id" is not the input\'s',
        ),
        "vectors_of_another_file_without_hashes": (Claim(other_vectors, None, None), "now"),
    }


def found(program, root) -> tuple[int, dict, dict[str, str]]:
    """Return verify's exit code, its verdict and its reasons by the output's name."""
    code, verdict = program.verify(*root.flags)
    return code, verdict, {Path(p["output"]).stem: p["reason"] for p in verdict["problems"]}


def test_in_files_of_every_codec_each_wrong_output_is_found(program, new_root, tmp_path, run, made):
    root = new_root(tmp_path / "root")
    wanted = {}
    for codec in CODECS:
        for how, (claim, reason) in claims(made, run["a"], run["other"]).items():
            source = root.chains / f"{codec}_{how}.parquet"
            output = root.path / "embeddings" / "test" / "all" / source.name
            pq.write_table(run["a"].source, source, compression=codec, use_dictionary=False)
            made.write_output(
                output, claim.output, source, claim.texts, claim.vectors, compression=codec
            )
            wanted[source.stem] = reason
    code, verdict, reasons = found(program, root)
    assert code == 3
    assert set(reasons) == {name for name, reason in wanted.items() if reason}
    assert (verdict["files"], verdict["wrong"]) == (len(wanted), len(reasons))
    assert (verdict["not_audited"], verdict["rows_embedded_again"]) == (0, 3 * len(CODECS))
    for name, reason in reasons.items():
        assert wanted[name] in reason, name


def typed() -> dict[str, tuple[pa.Array, object]]:
    """Return a column of each type, and another value for its first row."""
    at = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
    utc = at.replace(tzinfo=datetime.UTC)
    small, great = decimal.Decimal("12.34"), decimal.Decimal("-98765432109876543210.123")
    nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    types = {
        "boolean": (pa.bool_(), True, False),
        "int8": (pa.int8(), -128, 127),
        "uint32": (pa.uint32(), 2**32 - 1, 2**31 - 1),
        "uint64": (pa.uint64(), 2**64 - 1, 2**63 - 1),
        "half": (pa.float16(), np.float16(0.5), np.float16(0.25)),
        "zero": (pa.float32(), 0.0, -0.0),
        "date": (pa.date32(), at.date(), at.date() + datetime.timedelta(days=1)),
        "time": (pa.time64("us"), at.time(), at.time().replace(microsecond=1)),
        "local": (pa.timestamp("ns"), at, at + datetime.timedelta(microseconds=1)),
        "utc": (pa.timestamp("ms", "UTC"), utc, utc + datetime.timedelta(seconds=1)),
        "money": (pa.decimal128(9, 2), small, -small),
        "great": (pa.decimal128(38, 3), great, great.copy_negate()),
        "fixed": (pa.binary(3), b"abc", b"abd"),
        "bytes": (pa.binary(), b"\xff\x00", b"\xff"),
        "uuid": (pa.uuid(), uuid.UUID(int=2**120).bytes, uuid.UUID(int=2**119).bytes),
    }
    columns = {n: (pa.array([x, None, x], t), y) for n, (t, x, y) in types.items()}
    columns["nan"] = (pa.array(np.concatenate([np.array([np.nan]), nan, nan])), nan[0])
    columns["nothing"] = (pa.nulls(3), None)
    return columns


def changed(column: pa.Array, value: object) -> pa.Array:
    """Return a column with another first value, bit for bit."""
    first = pa.array(np.array([value])) if column.type == pa.float64() else None
    first = pa.array([value], column.type) if first is None else first
    return pa.concat_arrays([first, column[1:]])


def test_kept_values_are_compared_by_what_they_mean(program, new_root, tmp_path, run, made):
    root = new_root(tmp_path / "root")
    columns = {name: column for name, (column, _) in typed().items()}
    texts = run["a"].source["text"].to_pylist()[:3]
    own = run["a"].output.slice(0, 3).select(["n_tokens", "truncated", "embedding"])
    vectors = made.vectors_of(own)

    def place(name: str, kept: dict[str, pa.Array]) -> None:
        source = root.chains / f"{name}.parquet"
        pq.write_table(
            pa.table(columns | {"text": texts}), source, use_deprecated_int96_timestamps=True
        )
        output = pa.table(
            [*kept.values(), *own.columns],
            pa.schema(
                [*(pa.field(n, c.type) for n, c in kept.items()), *own.schema], own.schema.metadata
            ),
        )
        place_at = root.path / "embeddings" / "test" / "all" / source.name
        made.write_output(place_at, output, source, texts, vectors, store_decimal_as_integer=True)

    # INT96 has neither unit nor zone.
    right = columns | {"local": columns["local"], "utc": columns["utc"].cast(pa.timestamp("ns"))}
    place("right", right)
    for name, (_, value) in typed().items():
        if name != "nothing":
            place(
                f"value_{name}", right | {name: changed(right[name], value_of(right[name], value))}
            )
    others = {
        "half": pa.array([b"\x00\x38", None, b"\x00\x38"], pa.binary(2)),
        "uint32": columns["uint32"].cast(pa.int64()),
        "local": columns["local"].cast(pa.timestamp("us")),
        "utc": columns["utc"],
        "money": columns["money"].cast(pa.decimal128(10, 2)),
        "uuid": columns["uuid"].storage,
        "nothing": pa.nulls(3, pa.int32()),
    }
    for name, column in others.items():
        place(f"type_{name}", right | {name: column})
    code, _, reasons = found(program, root)
    assert code == 3
    wanted = {f"value_{n}" for n in columns if n != "nothing"} | {f"type_{n}" for n in others}
    assert set(reasons) == wanted
    for file, reason in reasons.items():
        kind, name = file.split("_")
        rest = "is not the input's" if kind == "value" else ", the input's is "
        assert f'the column "{name}" is' in reason, file
        assert rest in reason, file


def value_of(column: pa.Array, value: object) -> object:
    """Return a value without its zone if the column has none."""
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        return value.replace(tzinfo=None)
    return value


def test_what_verify_cannot_read_is_told_and_not_called_wrong(
    program, new_root, tmp_path, run, made, spoil
):
    root = new_root(tmp_path / "root")
    lzo = 3  # a codec that no reader has
    texts = spoil.TEXTS[:ROWS]
    source = root.chains / "unreadable.parquet"
    good = spoil.good()
    source.write_bytes(spoil.spoiled(spoil.chunk(4, lzo)))
    assert good != source.read_bytes()
    rows = pa.concat_tables([run["a"].output, run["other"].output]).slice(0, len(spoil.TEXTS))
    output = rows.select(["n_tokens", "truncated", "embedding"])
    place = root.path / "embeddings" / "test" / "all" / source.name
    made.write_output(place, output, source, texts, made.vectors_of(output))
    code, verdict, reasons = found(program, root)
    assert (code, verdict["wrong"], reasons, verdict["not_audited"]) == (3, 0, {}, 1)
    (problem,) = verdict["not_audited_files"]
    assert problem["output"] == str(place)
    assert 'its input: reading the column "text"' in problem["reason"]
    assert "LZO" in problem["reason"]
    # What can be read is compared all the same.
    made.write_output(place, output, source, texts, made.vectors_of(output)[::-1])
    code, verdict, reasons = found(program, root)
    assert (code, verdict["wrong"], verdict["not_audited"]) == (3, 1, 0)
    assert reasons == {"unreadable": "the vectors are not those that were written"}
    assert json.dumps(verdict).count("unreadable") == 1
