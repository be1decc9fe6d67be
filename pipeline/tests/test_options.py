"""Precision, long texts, prompts: what the flags do to the vectors, on invented chains."""

import json
import platform
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

REPOSITORY = Path(__file__).parents[2]
ALIKE = 0.9999  # least cosine of bf16 to fp32


@pytest.fixture(scope="module")
def texts(sample_rows) -> list[str]:
    """The sample's texts, some twice, and long ones made of them."""
    texts = [row["text"] for row in sample_rows]
    return [*texts, *texts[:20], *(" ".join(texts[i : i + 30]) for i in range(0, 300, 60)), ""]


@pytest.fixture(scope="module")
def embed(program, lay_out, texts, tmp_path_factory):
    """Return a function that runs the pipeline: embed(flag, …) gives the run, table, vectors."""
    root = tmp_path_factory.mktemp("options")
    lay_out(root, texts)

    def embed(*flags: str):
        outputs = tmp_path_factory.mktemp("embeddings")
        ended = program.run(
            *("--root", root, "--suffix", "test", "--cluster=false"),
            *("--embeddings_dir", outputs, *flags),
        )
        assert ended.code == 0, ended.errors
        table = pq.read_table(outputs / "test" / "mixed" / "all.parquet")
        return ended, table, np.array(table["embedding"].to_pylist(), np.float32)

    return embed


@pytest.fixture(scope="module")
def exact(embed):
    """Return what the defaults give."""
    return embed()


def mark(table: pa.Table) -> dict:
    return json.loads(table.schema.metadata[b"threadloom.fingerprint"])


def has_bf16() -> bool:
    flags = Path("/proc/cpuinfo").read_text()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def check_alike(ended, table: pa.Table, got: np.ndarray, want: np.ndarray) -> None:
    """Check vectors against those of fp32, and that the file says what ran."""
    assert (got * want).sum(axis=1).min() >= ALIKE
    assert np.abs(np.linalg.norm(got, axis=1) - 1).max() < 1e-3
    assert mark(table)["precision"] == ended.summary["precision"]
    assert mark(table)["backend"] == ended.summary["backend"]


def test_auto_is_true_to_fp32(embed, exact):
    check_alike(*embed("--precision=auto"), exact[2])


def test_bf16_is_true_to_fp32_or_refused(embed, exact, program, sample):
    if not has_bf16():
        ended = program.run("--root", sample, "--suffix=sample", "--precision=bf16")
        assert ended.code == 2
        assert "AVX512-BF16" in ended.errors
        return
    ended, table, got = embed("--precision=bf16")
    check_alike(ended, table, got, exact[2])
    assert (mark(table)["precision"], mark(table)["backend"]) == ("bf16", "onnxruntime-openvino")


def test_fp32_is_exact_whatever_runs_it(embed, exact):
    library = REPOSITORY / "build" / "lib" / "libonnxruntime.so"
    _, table, got = embed(f"--onnxruntime_lib={library}")
    ended, _, want = exact
    assert mark(table)["backend"] == "onnxruntime-cpu"
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        assert ended.summary["backend"] == "onnxruntime-openvino"
    assert np.abs(got - want).max() < 1e-5


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_refused(program, sample):
    ended = program.run("--root", sample, "--suffix=sample", "--accelerator=cuda")
    assert ended.code == 2
    assert ended.errors.startswith("error: ")
    assert "no NVIDIA driver" in ended.errors


def test_a_mixed_suffix_is_told(program, lay_out, texts, tmp_path):
    lay_out(tmp_path, texts[:4])
    flags = ("--root", tmp_path, "--suffix", "test", "--cluster=false")
    assert "mixture" not in program.run(*flags).summary
    output = tmp_path / "embeddings" / "test" / "mixed" / "all.parquet"
    table = pq.read_table(output)
    other = json.dumps(mark(table) | {"precision": "bf16"})
    pq.write_table(
        table.replace_schema_metadata(
            {**table.schema.metadata, b"threadloom.fingerprint": other.encode()}
        ),
        output,
    )
    more = tmp_path / "chains" / "test" / "mixed" / "more.parquet"
    pq.write_table(pa.table({"text": ["one more"]}), more)
    ended = program.run(*flags)
    assert ended.code == 0
    assert "1 in bf16; the others are of " in ended.summary["mixture"]
    assert "the suffix is mixed" in ended.errors


def test_auto_takes_the_cpu_where_there_is_nothing_else(embed, exact):
    _, _, got = embed("--accelerator=auto")
    assert np.abs(got - exact[2]).max() <= 1e-5


def test_the_summary_says_how_it_was_embedded(exact, texts):
    summary = exact[0].summary
    said = mark(exact[1])
    assert (summary["precision"], summary["backend"]) == ("fp32", said["backend"])
    assert summary["token_budget"] in (256, 512, 1024)
    assert 0 <= summary["padding_share"] < 0.2
    assert summary["tokens_truncated_share"] > 0.1  # the five long texts
    assert summary["tokens_reused_share"] > 20 / len(texts) / 2  # the twenty that are there twice


def test_chunks_are_read_to_the_end(embed, exact, texts):
    ended, table, got = embed("--long_text=chunk")
    assert table.column_names == ["n_tokens", "truncated", "n_chunks", "embedding"]
    chunks = table["n_chunks"].to_pylist()
    long = np.array(exact[1]["truncated"].to_pylist())
    assert ((np.array(chunks) > 1) == long).all()
    assert not any(table["truncated"].to_pylist())
    assert ended.summary["rows_truncated"] == 0
    assert mark(table)["long_text"] == "chunk"
    # A text of one chunk has the same vector. That of a longer one differs, and has length 1.
    assert np.abs(got[~long] - exact[2][~long]).max() <= 1e-5
    assert np.abs(got[long] - exact[2][long]).max() > 0.01
    assert np.abs(np.linalg.norm(got, axis=1) - 1).max() < 1e-5


def test_a_prompt_changes_the_vectors_and_is_in_the_fingerprint(embed, exact):
    _, table, got = embed("--prompt=query: ")
    assert mark(table)["prompt"] == "query: "
    assert table["n_tokens"][0].as_py() == exact[1]["n_tokens"][0].as_py() + 2
    assert np.abs(got - exact[2]).max() > 0.01
