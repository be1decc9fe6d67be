"""What `pipeline verify` finds in outputs of files of every codec and of every type.

Verify reads with another Parquet library than the run. Here pyarrow writes what the run
would have written if it had read, moved or written something wrongly.
"""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ("none", "snappy", "gzip", "zstd", "brotli", "lz4")


@dataclass
class Claim:
    """An output, and what it says of the texts and vectors that it was made of."""

    output: pa.Table
    texts: list | None
    vectors: np.ndarray | None


def claims(made, a, other) -> dict[str, tuple[Claim, str]]:
    """Return outputs of the input a by what is wrong with them, and the reason given for it."""
    texts, vectors = a.source["text"].to_pylist(), made.vectors_of(a.output)
    foreign_texts, foreign = other.source["text"].to_pylist(), made.vectors_of(other.output)
    swapped = a.output.take([0, 2, 1, *range(3, made.ROWS)])
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
            f'row {made.ROWS - 1}: the column "score" is not the input\'s',
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
    code, verdict, reasons = program.found(root)
    assert code == 3
    assert set(reasons) == {name for name, reason in wanted.items() if reason}
    assert (verdict["files"], verdict["wrong"]) == (len(wanted), len(reasons))
    assert (verdict["not_audited"], verdict["rows_embedded_again"]) == (0, 3 * len(CODECS))
    for name, reason in reasons.items():
        assert wanted[name] in reason, name


def test_what_verify_cannot_read_is_told_and_not_called_wrong(
    program, new_root, tmp_path, run, made, spoil
):
    root = new_root(tmp_path / "root")
    lzo = 3  # a codec that no reader has
    texts = spoil.TEXTS[: made.ROWS]
    source = root.chains / "unreadable.parquet"
    good = spoil.good()
    source.write_bytes(spoil.spoiled(spoil.chunk(4, lzo)))
    assert good != source.read_bytes()
    rows = pa.concat_tables([run["a"].output, run["other"].output]).slice(0, len(spoil.TEXTS))
    output = rows.select(["n_tokens", "truncated", "embedding"])
    place = root.path / "embeddings" / "test" / "all" / source.name
    made.write_output(place, output, source, texts, made.vectors_of(output))
    code, verdict, reasons = program.found(root)
    assert (code, verdict["wrong"], reasons, verdict["not_audited"]) == (3, 0, {}, 1)
    (problem,) = verdict["not_audited_files"]
    assert problem["output"] == str(place)
    assert 'its input: reading the column "text"' in problem["reason"]
    assert "LZO" in problem["reason"]
    # The columns that can be read are compared all the same.
    made.write_output(place, output, source, texts, made.vectors_of(output)[::-1])
    code, verdict, reasons = program.found(root)
    assert (code, verdict["wrong"], verdict["not_audited"]) == (3, 1, 0)
    assert reasons == {"unreadable": "the vectors are not those that were written"}
    assert json.dumps(verdict).count("unreadable") == 1
